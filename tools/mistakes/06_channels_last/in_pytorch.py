import torch
from torch import nn

nn.Conv2d(1, 6, 5)(torch.zeros(100, 28, 28, 1))
