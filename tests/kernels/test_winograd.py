"""Winograd's method against the float64 reference, on sizes that fit neither tiles nor lanes."""

import math
from typing import Any

import numba
import numpy as np
import pytest
from reference_training import batch
from tolerances import assert_close

from nbcnn.api import build
from nbcnn.kernels.cpu.conv import conv, conv_gradient
from nbcnn.kernels.cpu.families.transfer import add_emit
from nbcnn.kernels.cpu.language.lanes import using
from nbcnn.kernels.cpu.products import winograd, winograd_cost
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.program import Program
from nbcnn.kernels.cpu.relu import relu, relu_gradient
from nbcnn.kernels.reference.conv import conv as reference
from nbcnn.kernels.reference.conv import conv_gradient as reference_gradient
from nbcnn.model import Model
from nbcnn.plan.lowering import add_input, lower_inference
from nbcnn.plan.plan import Plan, array_view
from nbcnn.plan.updating import total_of
from nbcnn.spec import parse
from nbcnn.training.threads import threads

Arrays = dict[str, np.ndarray]
RULE = winograd_cost.pays


@pytest.fixture(autouse=True)
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Winograd's method also where the direct one is faster."""
    monkeypatch.setattr(winograd_cost, "pays", lambda *_: True)


@pytest.fixture
def by_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule as it is."""
    monkeypatch.setattr(winograd_cost, "pays", RULE)


class Convolution:
    """A convolution, between two relus if told, forwards and back: the plan and the reference's numbers.

    Its kernels are of `kernel` x `kernel`, unless `taps` gives the taps along each axis.
    """

    def __init__(
        self,
        samples: int,
        channels: int,
        filters: int,
        space: tuple[int, ...],
        padding: tuple[tuple[int, int], ...],
        *,
        kernel: int = 3,
        taps: tuple[int, ...] = (),
        planned: int | None = None,
        flip: bool = False,
        bias: bool = True,
        relus: bool = False,
        lanes: int = 16,
    ) -> None:
        self.samples, self.relus = samples, relus
        taps = taps or (kernel,) * len(space)
        self.attributes: dict[str, Any] = {
            "stride": (1,) * len(space),
            "padding": padding,
            "padding_mode": "zeros",
            "dilation": (1,) * len(space),
            "groups": 1,
            "flip": flip,
        }
        outputs = [
            size + before + after - reach + 1 for size, (before, after), reach in zip(space, padding, taps, strict=True)
        ]
        products = math.prod(taps)
        self.terms = {
            "y": products * channels,
            "dx": products * filters,
            "dweight": samples * math.prod(outputs),
        }
        random = np.random.default_rng(0)
        shapes = {
            "x": (samples, channels, *space),
            "dy": (samples, filters, *outputs),
            "weight": (filters, channels, *taps),
            "bias": (filters,),
        }
        self.given = {key: random.standard_normal(shape, dtype=np.float32) for key, shape in shapes.items()}
        if not bias:
            del self.given["bias"]
        with using(lanes):
            self.plan, self.gradients = self._planned(planned or samples)

    def _planned(self, samples: int) -> tuple[Plan, dict[str, Array]]:
        program = Program(samples, winograd=True)
        given = self.given
        weight = Array("weight", given["weight"].shape, external=given["weight"])
        bias = Array("bias", given["bias"].shape, external=given["bias"]) if "bias" in given else None
        x = _input(program, "x", given["x"])
        x.shared = True
        inner = relu(program, x) if self.relus else x
        y = conv(program, inner, weight, bias, **self.attributes)
        outer = relu(program, y) if self.relus else y
        outer.kept = True
        add_emit(program, program.port("y"), outer)
        dy = _input(program, "dy", given["dy"])
        dy.shared = True
        masked = relu_gradient(program, dy, y, outer)[0] if self.relus else dy
        dx, dweight, dbias = conv_gradient(program, masked, inner, y, weight, bias, **self.attributes)
        assert dx is not None and dweight is not None
        if self.relus:
            (dx,) = relu_gradient(program, dx, x, inner)
            # Both are fused: they have no call of their own.
            assert outer is y and dx.producer is not None and dx.producer.arguments["masked"] == 1
        add_emit(program, program.port("dx"), dx)
        gradients = {"dweight": total_of(program, dweight)}
        if dbias is not None:
            gradients["dbias"] = total_of(program, dbias)
        return Plan(program), gradients

    def computed(self) -> Arrays:
        """What the kernels say; the plan runs twice, the second time in memory that was used."""
        x, dy = self.given["x"], self.given["dy"]
        found = {"y": np.full_like(dy, np.nan), "dx": np.full_like(x, np.nan)}
        for _ in range(2):
            ports = {"x": x, "dy": dy, "indices": np.arange(self.samples, dtype=np.int64)} | found
            self.plan.run(self.samples, ports)
        return found | {key: array_view(self.plan.arena, each).copy() for key, each in self.gradients.items()}

    def expected(self) -> Arrays:
        x, dy, weight = (self.given[key].astype(np.float64) for key in ("x", "dy", "weight"))
        bias = self.given["bias"].astype(np.float64) if "bias" in self.given else None
        inner = np.maximum(x, 0) if self.relus else x
        y = reference(inner, weight, bias, **self.attributes)
        if self.relus:
            dy = dy * (y > 0)
        dx, dweight, dbias = reference_gradient(dy, inner, y, weight, bias, **self.attributes)
        if self.relus:
            y, dx = np.maximum(y, 0), dx * (x > 0)
        return {"y": y, "dx": dx, "dweight": dweight} | ({} if bias is None else {"dbias": dbias})


def _input(program: Program, name: str, values: np.ndarray) -> Any:
    unit = np.tile(np.array([1.0, 0.0], dtype=np.float32), (values.shape[1], 1))
    return add_input(program, name, values.shape[1:], unit)


def assert_right(convolution: Convolution) -> None:
    computed, expected = convolution.computed(), convolution.expected()
    kinds = {"y": "forward", "dx": "input_gradient", "dweight": "weight_gradient"}
    for key, kind in kinds.items():
        assert_close(computed[key], expected[key], "float32", kind, convolution.terms[key])


SAME, NONE, FULL = ((1, 1), (1, 1)), ((0, 0), (0, 0)), ((2, 2), (2, 2))


@pytest.mark.parametrize("lanes", [4, 8, 16])
@pytest.mark.parametrize("relus", [False, True])
@pytest.mark.parametrize(
    ("samples", "channels", "filters", "space", "padding"),
    [
        (1, 3, 5, (5, 7), NONE),
        (17, 35, 33, (5, 7), SAME),
        (40, 32, 67, (5, 7), FULL),
        (40, 70, 13, (4, 4), SAME),
        (17, 6, 9, (3, 9), ((2, 0), (0, 1))),
        (1, 1, 1, (3, 3), NONE),
        (17, 260, 130, (2, 1), SAME),
    ],
)
def test_follows_the_reference(
    samples: int, channels: int, filters: int, space: tuple[int, int], padding: Any, relus: bool, lanes: int
) -> None:
    assert_right(Convolution(samples, channels, filters, space, padding, relus=relus, lanes=lanes))


@pytest.mark.parametrize("lanes", [4, 8, 16])
@pytest.mark.parametrize(
    ("samples", "channels", "filters", "space", "padding"),
    [
        (1, 16, 17, (9, 12), NONE),
        (17, 35, 33, (9, 6), FULL),
        (40, 20, 50, (14, 14), FULL),
        (17, 18, 100, (3, 9), ((4, 0), (1, 3))),
        (17, 130, 40, (2, 1), FULL),
    ],
)
def test_kernels_of_five_follow_the_reference(
    samples: int, channels: int, filters: int, space: tuple[int, int], padding: Any, lanes: int
) -> None:
    relus = filters % 2 == 0
    assert_right(Convolution(samples, channels, filters, space, padding, kernel=5, relus=relus, lanes=lanes))


@pytest.mark.parametrize("lanes", [4, 8, 16])
@pytest.mark.parametrize(
    ("samples", "channels", "filters", "space", "taps", "padding"),
    [
        (3, 17, 18, (5, 4, 7), (3, 3, 3), ((1, 1),) * 3),
        (17, 5, 33, (2, 3, 5), (3, 3, 3), ((1, 1),) * 3),
        (5, 16, 9, (10, 5, 4), (2, 3, 3), ((0, 1), (1, 1), (0, 2))),
        (2, 1, 1, (3, 3, 3), (3, 3, 3), ((0, 0),) * 3),
        (17, 35, 40, (1, 6, 6), (5, 3, 3), ((2, 2), (1, 1), (1, 1))),
        (33, 6, 130, (4, 4, 4), (1, 3, 3), ((0, 0), (1, 1), (1, 1))),
        (3, 17, 18, (3, 5, 6), (3, 5, 5), ((1, 1), (2, 2), (2, 2))),
        (3, 17, 18, (5, 3, 6), (3, 1, 3), ((1, 1), (0, 0), (1, 1))),
    ],
)
def test_taps_along_the_depth_are_further_channels(
    samples: int,
    channels: int,
    filters: int,
    space: tuple[int, int, int],
    taps: tuple[int, int, int],
    padding: Any,
    lanes: int,
) -> None:
    assert_right(Convolution(samples, channels, filters, space, padding, taps=taps, relus=True, lanes=lanes))


@pytest.mark.parametrize("lanes", [4, 8, 16])
@pytest.mark.parametrize(
    ("samples", "channels", "filters", "space", "taps", "padding"),
    [
        (17, 16, 19, (23,), (5,), ((2, 2),)),
        (40, 35, 70, (46,), (5,), ((2, 2),)),
        (5, 17, 18, (12,), (5,), ((4, 0),)),
        (17, 7, 5, (14,), (3,), ((1, 1),)),
        (2, 130, 16, (2,), (3,), ((1, 1),)),
        (33, 17, 9, (6, 7), (1, 3), ((0, 0), (0, 1))),
    ],
)
def test_kernels_of_one_row_follow_the_reference(
    samples: int,
    channels: int,
    filters: int,
    space: tuple[int, ...],
    taps: tuple[int, ...],
    padding: Any,
    lanes: int,
) -> None:
    relus = filters % 2 == 0
    assert_right(Convolution(samples, channels, filters, space, padding, taps=taps, relus=relus, lanes=lanes))


@pytest.mark.parametrize(
    ("space", "taps"), [((6, 6), (3, 3)), ((6, 6), (5, 5)), ((3, 6, 6), (3, 3, 3)), ((9,), (5,)), ((9,), (3,))]
)
def test_mirrored_kernels(space: tuple[int, ...], taps: tuple[int, ...]) -> None:
    assert_right(Convolution(17, 20, 17, space, ((1, 1),) * len(space), taps=taps, flip=True))


def test_without_bias() -> None:
    assert_right(Convolution(17, 8, 5, (6, 6), SAME, bias=False))


@pytest.mark.parametrize("samples", [1, 16, 33])
def test_fewer_samples_than_planned(samples: int) -> None:
    assert_right(Convolution(samples, 9, 7, (5, 6), SAME, planned=70))


def test_numbers_that_are_none_stay_in_their_sample_and_are_seen() -> None:
    convolution = Convolution(20, 4, 4, (8, 8), SAME)
    convolution.given["x"][3, 1, 4, 4] = np.nan
    y = convolution.computed()["y"]
    assert np.isnan(y[3, :, 3:6, 3:6]).all()
    assert not np.isnan(np.delete(y, 3, axis=0)).any()


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="there is one thread here")
def test_the_same_bits_on_any_number_of_threads() -> None:
    convolution = Convolution(40, 70, 130, (4, 5), SAME, relus=True)
    with threads(1):
        alone = convolution.computed()
    with threads(2):
        together = convolution.computed()
    assert all(np.array_equal(alone[key], together[key]) for key in alone)


@pytest.mark.parametrize(("kernel", "channels", "times"), [(3, 128, 4), (5, 32, 7)])
def test_errors_beside_those_of_the_direct_method(kernel: int, channels: int, times: float) -> None:
    """docs/engine.md states them."""
    side = kernel // 2
    convolution = Convolution(16, channels, 32, (16, 16), ((side, side), (side, side)), kernel=kernel)
    expected = convolution.expected()["y"]
    weight, x = (
        convolution.given["weight"],
        np.pad(convolution.given["x"], ((0, 0), (0, 0), (side, side), (side, side))),
    )
    direct = np.zeros(expected.shape, np.float32)
    for channel in range(channels):
        for row in range(kernel):
            for column in range(kernel):
                patch = x[:, None, channel, row : row + 16, column : column + 16]
                direct += weight[None, :, channel, row, column, None, None] * patch
    errors = [np.sqrt(np.mean((each - expected) ** 2)) for each in (convolution.computed()["y"], direct)]
    assert errors[0] < times * errors[1]


@pytest.mark.parametrize("winograd_on", [True, False])
def test_a_network_passes_the_switch_on(winograd_on: bool) -> None:
    layers = [{"type": "conv", "out_channels": 4, "kernel_size": 3, "padding": 1}]
    network = build(parse({"input": {"shape": [3, 8, 8]}, "layers": layers, "engine": {"winograd": winograd_on}}))
    program = lower_inference(network, 5, Model(network).parameters, {}, np.tile(np.float32([1.0, 0.0]), (3, 1)))
    assert any(call.kernel.factory is winograd.winograd for call in program.calls()) == winograd_on


def test_a_spec_can_do_without() -> None:
    layers = [{"type": "conv", "out_channels": 4, "kernel_size": 3, "padding": 1}]
    outputs = []
    for engine in ({}, {"winograd": True}, {"winograd": False}):
        network = build(parse({"input": {"shape": [3, 8, 8]}, "layers": layers, "engine": engine}))
        model = Model(network)
        outputs.append(model(batch(network, 5)[0]))
    assert np.array_equal(outputs[0], outputs[1]) and not np.array_equal(outputs[1], outputs[2])
    np.testing.assert_allclose(outputs[1], outputs[2], atol=1e-5)


@pytest.mark.usefixtures("by_rule")
@pytest.mark.parametrize(
    ("kernel", "channels", "filters", "space", "worthwhile"),
    [
        (3, 64, 64, (32, 32), True),
        (3, 512, 512, (4, 4), True),
        (3, 3, 64, (32, 32), False),
        (3, 64, 64, (5, 5), False),
        (5, 20, 50, (14, 14), True),
        (5, 20, 15, (14, 14), False),
        (7, 64, 64, (32, 32), False),
    ],
)
def test_the_rule_takes_wide_layers_alone(
    kernel: int, channels: int, filters: int, space: tuple[int, int], worthwhile: bool
) -> None:
    program = Program(128, winograd=True)
    x = program.activation("x", channels, (1, *space))
    weight = Array("weight", (filters, channels, kernel, kernel))
    side = (kernel // 2, kernel // 2)
    conv(
        program, x, weight, None,
        stride=(1, 1), padding=(side, side), padding_mode="zeros", dilation=(1, 1), groups=1, flip=False,
    )  # fmt: skip
    assert any(call.kernel.factory is winograd.winograd for call in program.calls()) == worthwhile
