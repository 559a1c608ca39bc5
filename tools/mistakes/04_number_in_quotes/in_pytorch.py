from torch import nn

nn.Conv2d(1, 6, kernel_size="5")
