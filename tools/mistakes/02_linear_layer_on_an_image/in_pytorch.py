import torch
from torch import nn

model = nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.Linear(24, 10))
print(model(torch.zeros(1, 1, 28, 28)).shape)
