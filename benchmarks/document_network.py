"""Document 002's network in PyTorch: what `specs/fashion.toml` describes, written as a user of PyTorch would."""

from collections.abc import Iterable
from typing import Any

LEARNING_RATE = 0.01
BATCH_SIZE = 100


def network(torch: Any) -> Any:
    nn = torch.nn
    return nn.Sequential(
        nn.Conv2d(1, 6, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 12, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(192, 120),
        nn.ReLU(),
        nn.Linear(120, 60),
        nn.ReLU(),
        nn.Linear(60, 10),
    )


class Training:
    """PyTorch's side: eager mode with fused Adam, its fastest variants for this network on a CPU.

    Which memory format is the faster one depends on the processor, so both are measured.
    """

    def __init__(self, torch: Any, weights: Iterable[Any] | None = None, channels_last: bool = False) -> None:
        """`weights` are arrays in the order of the layers; PyTorch draws its own without them."""
        self._loss = torch.nn.functional.cross_entropy
        self._network = network(torch)
        self._format = torch.channels_last if channels_last else torch.contiguous_format
        if weights is not None:
            with torch.no_grad():
                for parameter, weight in zip(self._network.parameters(), weights, strict=True):
                    parameter.copy_(torch.from_numpy(weight))
        self._network.to(memory_format=self._format)
        self._optimizer = torch.optim.Adam(self._network.parameters(), lr=LEARNING_RATE, fused=True)

    def images(self, x: Any) -> Any:
        """Images in the memory format of this variant."""
        return x.contiguous(memory_format=self._format)

    def right(self, x: Any, y: Any) -> Any:
        """How many of these answers are right, as the weights are now."""
        return (self._network(x).argmax(1) == y).sum()

    def step(self, x: Any, y: Any) -> Any:
        """One update; the loss of the batch before it, as a tensor that nobody has waited for."""
        loss = self._loss(self._network(x), y)
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()
        return loss
