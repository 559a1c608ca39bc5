"""The reference and the CPU kernels against PyTorch: forward and gradients over the table and random configurations."""

import configurations
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from operations import (
    arrays,
    assert_gradients_close,
    each,
    functional_vjp,
    parts,
    run_reference,
    terms,
    upstream,
    widened,
)
from tolerances import assert_close
from torch_operations import run_torch, torch

from examples import EXAMPLES, Example

COMPARED = [example for example in EXAMPLES if example.in_torch]


@pytest.mark.parametrize("example", COMPARED, ids=str)
def test_reference(example: Example) -> None:
    check_reference(example)


@settings(max_examples=configurations.COUNT or 150)
@given(configurations.all_operations())
def test_reference_for_random_configurations(example: Example) -> None:
    assume(example.in_torch)
    check_reference(example)


@pytest.mark.parametrize("example", [example for example in COMPARED if example.has_function], ids=str)
def test_kernels(example: Example) -> None:
    check_kernels(example)


# Derandomised for the kernel cache's sake: see tests/kernels/test_functional_agrees.py.
@settings(
    max_examples=configurations.COUNT or 80,
    derandomize=True,
    suppress_health_check=[HealthCheck.filter_too_much],
)
@given(configurations.all_operations())
def test_kernels_for_random_configurations(example: Example) -> None:
    assume(example.in_torch)
    check_kernels(example)


def check_reference(example: Example) -> None:
    values = arrays(example)
    y, gradients = run_reference(example, values)
    # As vjp does: no entry for an array that is absent.
    gradients = tuple(own for own, value in zip(gradients, values, strict=False) if value is not None)
    compare(example, values, upstream(example, y.shape), y, gradients, "float64")


def check_kernels(example: Example) -> None:
    values = arrays(example, "float32")
    dy = upstream(example, run_reference(example, values)[0].shape, "float32")
    y, gradients = functional_vjp(example, values, dy)
    compare(example, values, dy, np.asarray(y), gradients, "float32")


def compare(example: Example, values: list, dy: np.ndarray, y: np.ndarray, gradients: tuple, dtype: str) -> None:
    """PyTorch computes in float64, so that in float32 the difference is that of our kernels and none of its own."""
    tensors = [each(torch.from_numpy, each(np.copy, widened(value))) for value in values]
    present = [tensor for tensor in tensors if tensor is not None]
    with_gradient = [tensor for tensor, own in zip(present, gradients, strict=False) if own is not None]
    leaves = [tensor.requires_grad_() for tensor in parts(with_gradient)]
    expected = run_torch(example.operation, example.attributes, tensors)
    expected_gradients = torch.autograd.grad(expected, leaves, torch.from_numpy(widened(dy)))
    expected = expected.detach().numpy()
    assert_close(y, expected, dtype, "forward", terms(example, "forward", expected))
    assert_gradients_close(example, gradients, tuple(g.numpy() for g in expected_gradients), expected, dtype)
