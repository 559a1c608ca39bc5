import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3)
        self.head = nn.Conv2d(8, 10, 1)

    def forward(self, x):
        x = self.conv1(x)
        y = self.conv2(x)
        return self.head(x)


net = Net()
net(torch.ones(2, 3, 16, 16)).sum().backward()
print([name for name, each in net.named_parameters() if each.grad is None])
