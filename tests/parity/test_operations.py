"""The reference and the CPU kernels against PyTorch: forward and gradients over the table and random configurations."""

import configurations
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from operations import (
    arrays,
    assert_gradients_close,
    functional_vjp,
    has_function,
    run_reference,
    terms,
    upstream,
)
from tolerances import assert_close

from examples import EXAMPLES, Example

torch = pytest.importorskip("torch")
functional = torch.nn.functional


def torch_has(example: Example) -> bool:
    """Tell whether PyTorch, with `pad` before it, can say the same.

    After `pad` the padding is input to the pool: it is then counted, and `ceil_mode` may start a window in it. Dropout
    has a mask of its own there.
    """
    if example.operation == "dropout":
        return False
    if not example.operation.endswith("_pool") or symmetric(example.attributes["padding"]):
        return True
    return not example.attributes["ceil_mode"] and example.attributes.get("count_include_pad", True)


def symmetric(padding: tuple[tuple[int, int], ...]) -> bool:
    return all(before == after for before, after in padding)


COMPARED = [example for example in EXAMPLES if torch_has(example)]


@pytest.mark.parametrize("example", COMPARED, ids=str)
def test_reference(example: Example) -> None:
    check_reference(example)


@settings(max_examples=150, deadline=None)
@given(configurations.all_operations())
def test_reference_for_random_configurations(example: Example) -> None:
    assume(torch_has(example))
    check_reference(example)


@pytest.mark.parametrize("example", [example for example in COMPARED if has_function(example)], ids=str)
def test_kernels(example: Example) -> None:
    check_kernels(example)


# Derandomised for the kernel cache's sake: see tests/kernels/test_functional_agrees.py.
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.filter_too_much])
@given(configurations.all_operations())
def test_kernels_for_random_configurations(example: Example) -> None:
    assume(torch_has(example))
    check_kernels(example)


def check_reference(example: Example) -> None:
    values = arrays(example)
    y, gradients = run_reference(example, values)
    compare(example, values, upstream(example, y.shape), y, gradients, "float64")


def check_kernels(example: Example) -> None:
    values = arrays(example, "float32")
    dy = upstream(example, run_reference(example, values)[0].shape, "float32")
    y, gradients = functional_vjp(example, values, dy)
    compare(example, values, dy, np.asarray(y), gradients, "float32")


def compare(example: Example, values: list, dy: np.ndarray, y: np.ndarray, gradients: tuple, dtype: str) -> None:
    tensors = [None if value is None else torch.from_numpy(value.copy()) for value in values]
    leaves = [tensor.requires_grad_() for tensor in tensors if tensor is not None and tensor.is_floating_point()]
    expected = run_torch(example, tensors)
    expected_gradients = torch.autograd.grad(expected, leaves, torch.from_numpy(dy))
    expected = expected.detach().numpy()
    assert_close(y, expected, dtype, "forward", terms(example, "forward", expected))
    assert_gradients_close(example, gradients, tuple(g.numpy() for g in expected_gradients), expected, dtype)


def run_torch(example: Example, tensors: list):
    operation, attributes = example.operation, dict(example.attributes)
    x, *rest = tensors
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
        padding = (0,) * example.rank
    if operation == "conv":
        weight, bias = rest
        if attributes.pop("flip"):
            weight = weight.flip(tuple(range(2, weight.ndim)))
        function = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}[example.rank]
        return function(x, weight, bias, padding=padding, **attributes)
    function = getattr(functional, f"{operation}{example.rank}d")
    return function(x, padding=padding, **attributes)
