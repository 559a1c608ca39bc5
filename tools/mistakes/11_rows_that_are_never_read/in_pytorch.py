import torch
from torch import nn

print(nn.MaxPool2d(2)(torch.zeros(1, 1, 7, 7)).shape)
