from torch import nn

nn.Conv2d(1, 6, 5, strides=2)
