import torch
from torch import nn

model = nn.Sequential(nn.Conv2d(1, 6, 3), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5))
model(torch.zeros(1, 1, 8, 8))
