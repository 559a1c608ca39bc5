"""Winograd's method along the rows against the float64 reference, on sizes that fit neither tiles nor lanes."""

from collections.abc import Iterator
from functools import partial

import numpy as np
import pytest
from families.convolutions import conv
from families.example import Example
from operations import arrays, assert_gradients_close, functional_vjp, run_functional, run_reference, terms, upstream
from tolerances import assert_close

from nbcnn.kernels.cpu.language.lanes import using
from nbcnn.kernels.cpu.products import winograd_cost, winograd_rows
from nbcnn.kernels.cpu.products.winograd_axis import POINTS, matrices, values_of
from nbcnn.kernels.cpu.program.program import Program
from nbcnn.plan import single

EXAMPLES = [
    conv("five columns", (17, 16, 23), 19, (5,), padding=((2, 2),)),
    conv("five columns, no padding, no bias", (3, 21, 9), 16, (5,), bias=False),
    conv("five columns, mirrored, uneven padding", (5, 17, 12), 18, (5,), padding=((4, 0),), flip=True),
    conv("three columns", (17, 16, 14), 17, (3,), padding=((1, 1),)),
    conv("fewer columns than a tile", (2, 16, 2), 16, (3,), padding=((1, 1),)),
    conv("three axes", (17, 16, 3, 4, 7), 18, (3, 3, 3), padding=((1, 1),) * 3),
    conv(
        "three axes, mirrored, uneven padding",
        (3, 18, 4, 3, 6),
        16,
        (2, 3, 5),
        padding=((1, 0), (0, 2), (3, 1)),
        flip=True,
    ),
]


@pytest.fixture(autouse=True)
def along_rows(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Winograd's method also where the direct one is faster; the list tells how often it was taken."""
    taken: list[int] = []

    def pays(*_: object) -> bool:
        taken.append(1)
        return True

    monkeypatch.setattr(winograd_rows, "pays", pays)
    monkeypatch.setattr(winograd_cost, "pays", lambda *_: False)
    monkeypatch.setattr(single, "Program", partial(Program, winograd=True))
    single._planned.cache_clear()
    yield taken
    single._planned.cache_clear()


@pytest.mark.parametrize("lanes", [4, 8, 16])
@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_agrees_with_the_reference(example: Example, lanes: int, along_rows: list[int]) -> None:
    values = arrays(example, "float32")
    expected, _ = run_reference(example, values)
    dy = upstream(example, expected.shape, "float32")
    _, expected_gradients = run_reference(example, values, dy)
    with using(lanes):
        y, gradients = functional_vjp(example, values, dy)
        assert len(along_rows) >= 2, "forwards and data gradient"
        again = run_functional(example, values)
    assert_close(y, expected, "float32", "forward", terms(example, "forward", expected))
    assert_gradients_close(example, gradients, expected_gradients, expected, "float32")
    assert np.array_equal(again, y)


@pytest.mark.parametrize("columns", POINTS)
def test_the_matrices_give_a_convolution_and_its_gradients(columns: int) -> None:
    """y = A ((G g) * (B d)), and by transposition the gradient of g, in float64."""
    random = np.random.default_rng(columns)
    each = matrices(columns)
    d, g, dy = random.standard_normal(values_of(columns)), random.standard_normal(columns), random.standard_normal(4)
    y = each.outputs @ ((each.kernels @ g) * (each.inputs @ d))
    assert np.allclose(y, np.correlate(d, g), rtol=0, atol=1e-12)
    dg = each.kernels.T @ ((each.outputs.T @ dy) * (each.inputs @ d))
    assert np.allclose(dg, np.correlate(d, dy), rtol=0, atol=1e-12)


@pytest.mark.parametrize("columns", POINTS)
def test_rounding_errors_are_as_stated(columns: int) -> None:
    """Over 64 channels, at most four times those of the direct sum in float32, in the largest of 800 outputs."""
    random = np.random.default_rng(columns)
    each, single_ = matrices(columns), np.float32
    d = random.standard_normal((200, 64, values_of(columns))).astype(single_)
    g = random.standard_normal((64, columns)).astype(single_)
    windows = np.lib.stride_tricks.sliding_window_view(d, columns, axis=2)
    exact = np.einsum("nctk,ck->nt", windows.astype(float), g.astype(float))
    direct, products = np.zeros((200, 4), single_), np.zeros((200, values_of(columns)), single_)
    values = d @ each.inputs.T.astype(single_), g @ each.kernels.T.astype(single_)
    for channel in range(64):
        products += values[0][:, channel] * values[1][channel]
        for tap in range(columns):
            direct += windows[:, channel, :, tap] * g[channel, tap]
    error = np.abs(products @ each.outputs.T.astype(single_) - exact).max()
    assert error < 4 * np.abs(direct - exact).max()
