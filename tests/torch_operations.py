"""Operations of the table and of networks in PyTorch, with `pad` before them where its own padding cannot say it."""

from collections.abc import Mapping
from typing import Any

import pytest

from examples import FAMILIES

# A test file that imports this one is skipped where PyTorch is not installed.
torch = pytest.importorskip("torch")

_FUNCTIONS = {operation: function for family in FAMILIES for operation, function in family.TORCH.items()}


def run_torch(operation: str, attributes: Mapping[str, Any], tensors: list) -> Any:
    """Apply an operation, named and with attributes as everywhere here, to tensors: x, then parameters."""
    return _FUNCTIONS[operation](attributes, *tensors)
