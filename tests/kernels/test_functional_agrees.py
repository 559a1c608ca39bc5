"""The CPU kernels, called through `nbcnn.functional`, agree with the reference in float32, at every lane count."""

from dataclasses import replace

import configurations
import numpy as np
import pytest
from hypothesis import given, settings
from operations import (
    arrays,
    assert_gradients_close,
    functional_vjp,
    parts,
    run_functional,
    run_reference,
    terms,
    upstream,
)
from tolerances import assert_close

from examples import EXAMPLES, Example
from nbcnn.kernels.cpu.language import lanes as lanes_of_the_machine
from nbcnn.kernels.cpu.products.products import choose_tile
from nbcnn.plan import single

LANES = [4, 8, 16]
FUNCTIONS = [example for example in EXAMPLES if example.has_function]
CONV, POOL, LOSS = (
    next(example for example in EXAMPLES if str(example) == name)
    for name in ("conv: same padding, sizes that no tile divides", "max_pool: two by two", "cross_entropy: ten classes")
)


@pytest.fixture(params=LANES, ids="{} lanes".format)
def lanes(request):
    from nbcnn.kernels.cpu.language.lanes import using

    with using(request.param):
        yield request.param


@pytest.mark.parametrize("example", FUNCTIONS, ids=str)
def test_agrees_with_the_reference(example: Example, lanes: int) -> None:
    check(example)


@pytest.mark.parametrize("example", [CONV, POOL, LOSS], ids=str)
def test_agrees_with_the_tiles_of_sixteen_registers(example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    """AVX2 has half the registers of AVX-512 and so a menu of smaller tiles."""
    monkeypatch.setattr(lanes_of_the_machine, "_machine", lambda: (8, 16))
    for memory in (choose_tile, single._planned):
        memory.cache_clear()
    check(example)
    check(replace(example, input_shape=(19, *example.input_shape[1:])))
    for memory in (choose_tile, single._planned):
        memory.cache_clear()


# The same configurations every time: each may need kernels that no other example has compiled, and those of a fixed
# list are in the cache from the second run on.
@settings(max_examples=configurations.COUNT or 80, derandomize=True)
@given(configurations.all_operations())
def test_agrees_for_random_configurations(example: Example) -> None:
    check(example)


def check(example: Example) -> None:
    values = arrays(example, "float32")
    expected, _ = run_reference(example, values)
    dy = upstream(example, expected.shape, "float32")
    _, expected_gradients = run_reference(example, values, dy)
    y, gradients = functional_vjp(example, values, dy)
    assert np.asarray(y).dtype == np.float32 or example.is_loss
    assert_close(y, expected, "float32", "forward", terms(example, "forward", expected))
    assert_gradients_close(example, gradients, expected_gradients, expected, "float32")
    assert np.array_equal(run_functional(example, values), y), "the function and its vjp differ"


@pytest.mark.parametrize("example", FUNCTIONS, ids=str)
def test_the_same_call_gives_the_same_bits(example: Example) -> None:
    values = arrays(example, "float32")
    y = run_functional(example, values)
    dy = upstream(example, np.shape(y), "float32")
    first, second = functional_vjp(example, values, dy), functional_vjp(example, values, dy)
    assert np.array_equal(first[0], second[0])
    assert all(np.array_equal(one, other) for one, other in zip(parts(first[1]), parts(second[1]), strict=True))


@pytest.mark.parametrize("beyond", [-1, 0, 1])
def test_lanes_beyond_the_batch_contribute_nothing(beyond: int, lanes: int) -> None:
    """A batch of one sample less than the lanes, of as many, of one more: sums over samples would show a stray lane."""
    for example in (CONV, POOL, LOSS):
        check(replace(example, input_shape=(lanes + beyond, *example.input_shape[1:])))


def test_inputs_are_left_as_they_were() -> None:
    for example in FUNCTIONS:
        values = arrays(example, "float32")
        run_functional(example, values)
        again = arrays(example, "float32")
        assert all(np.array_equal(one, other) for one, other in zip(parts(values), parts(again), strict=True))


def test_strided_and_wider_arrays_are_read_as_their_values() -> None:
    """A view with gaps, and float64 where float32 is computed: the result is that of a plain copy."""
    (x,) = arrays(POOL, "float32")
    wide = np.repeat(x, 2, axis=3).astype(np.float64)
    assert np.array_equal(run_functional(POOL, [wide[..., ::2]]), run_functional(POOL, [x]))


POOLS = ["max_pool", "min_pool", "avg_pool", "lp_pool", "kmax_pool", "adaptive_max_pool", "global_avg_pool"]


@pytest.mark.parametrize("operation", ["relu", "conv", "tanh", *POOLS])
def test_nan_is_seen(operation: str) -> None:
    """A diverged value reaches the loss: wherever the reference has NaN, the kernel has it too, and nowhere else."""
    example = next(example for example in EXAMPLES if example.operation == operation)
    values = arrays(example, "float32")
    values[0].flat[7] = np.nan
    expected, _ = run_reference(example, values)
    assert np.isnan(expected).any()
    assert np.array_equal(np.isnan(run_functional(example, values)), np.isnan(expected))
