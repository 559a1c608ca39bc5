"""Operations of the table and of networks in PyTorch, with `pad` before them where its own padding cannot say it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

# A test file that imports this one is skipped where PyTorch is not installed.
torch = pytest.importorskip("torch")


def symmetric(padding: tuple[tuple[int, int], ...]) -> bool:
    return all(before == after for before, after in padding)


def run_torch(operation: str, attributes: Mapping[str, Any], tensors: list) -> Any:
    """Apply an operation, named and with attributes as everywhere here, to tensors: x, then parameters."""
    attributes, functional = dict(attributes), torch.nn.functional
    x, *rest = tensors
    rank = x.ndim - 2
    if operation == "linear":
        return functional.linear(x, *rest)
    if operation == "cross_entropy":
        return functional.cross_entropy(x, *rest)
    if operation == "flatten":
        return x.flatten(1)
    if operation in ("relu", "sigmoid", "tanh"):
        return getattr(torch, operation)(x)
    padding = attributes.pop("padding")
    if symmetric(padding):
        padding = tuple(before for before, _ in padding)
    else:
        outside = -np.inf if operation == "max_pool" else 0.0
        x = functional.pad(x, [amount for pair in reversed(padding) for amount in pair], value=outside)
        padding = (0,) * rank
    if operation == "conv":
        weight, bias = rest
        if attributes.pop("flip"):
            weight = weight.flip(tuple(range(2, weight.ndim)))
        function = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}[rank]
        return function(x, weight, bias, padding=padding, **attributes)
    function = getattr(functional, f"{operation}{rank}d")
    return function(x, padding=padding, **attributes)
