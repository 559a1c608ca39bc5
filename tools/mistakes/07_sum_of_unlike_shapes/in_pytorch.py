import torch
from torch import nn

x = torch.zeros(1, 3, 16, 16)
y = nn.Conv2d(3, 1, 3, padding=1)(x)
print((x + y).shape)
