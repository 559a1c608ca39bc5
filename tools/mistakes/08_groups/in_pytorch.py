from torch import nn

nn.Conv2d(6, 16, 3, groups=4)
