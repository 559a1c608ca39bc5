from torch import nn

nn.Linear(64, 1_000_000_000_000)
