"""Winograd's method with channels as lanes against the float64 reference, on sizes that fit neither tiles nor lanes."""

from typing import Any

import numpy as np
import pytest
from networks import FLATTEN, conv, layer, linear, network
from reference_training import activations, batch
from tolerances import UNIT

from nbcnn import spec
from nbcnn.kernels.cpu.by_channel import winograd
from nbcnn.kernels.cpu.language.lanes import using
from nbcnn.model import Model
from nbcnn.network import Network, build
from nbcnn.plan import one_sample
from nbcnn.plan.one_sample import OneSamplePlan
from nbcnn.training.threads import threads

# A layer before, since the input lies otherwise; sizes of maps, channels and paddings that leave tiles unfinished.
NETWORKS: dict[str, tuple[Any, ...]] = {
    "one tile": ((2, 4, 4), conv(3, 1), conv(5, 3, padding=1)),
    "one output": ((2, 3, 3), conv(3, 1), conv(5, 3)),
    "one channel": ((1, 9, 6), conv(1, 1), conv(1, 3, padding=1, bias=False)),
    "uneven": ((2, 11, 14), conv(17, 1), conv(35, 3, padding=[2, 0]), layer("relu"), conv(40, 3)),
    "more padding than map": ((2, 2, 1), conv(18, 1), conv(20, 3, padding=2)),
    "more channels than tiles": ((3, 7, 5), conv(70, 1), conv(90, 3, padding=1, activation="relu"), conv(34, 3)),
    "mirrored": ((2, 6, 9), conv(19, 1), conv(18, 3, padding=1, flip=True)),
    "three axes": ((2, 5, 6, 9), conv(17, 1), conv(33, 3, padding=1), layer("relu"), conv(18, 3)),
    "two planes": ((2, 4, 7, 6), conv(20, 1), conv(37, [2, 3, 3], padding=[1, 1, 0])),
    "added and clamped": (
        (2, 10, 9),
        conv(36, 1, name="start"),
        conv(36, 3, padding=1, name="branch"),
        layer("add", from_=["start", "branch"], activation="relu"),
        conv(20, 3, padding=1, activation="tanh"),
    ),
}


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Winograd's method also where the direct one is faster."""
    monkeypatch.setattr(winograd, "pays", lambda *_: True)


def named(name: str) -> Network:
    shape, *layers = NETWORKS[name]
    return network(shape, *layers)


def uses_winograd(model: Model) -> bool:
    run = model.compile(1)._run
    assert isinstance(run, OneSamplePlan)
    return any(call.kernel.factory is winograd.winograd for call in run.calls)


def check(model: Model) -> np.ndarray:
    x, _ = batch(model.network, 1)
    y: np.ndarray = model.compile(1)(x)
    expected = activations(model.network, model.parameters, x)[model.network.layers[-1].name]
    # As for all compiled models; Winograd's rounding errors are some times larger than those of direct sums.
    assert np.abs(y - expected).max() <= 200 * UNIT["float32"] * max(1, np.abs(expected).max())
    return y


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("lanes", [4, 8, 16])
@pytest.mark.parametrize("name", NETWORKS)
def test_agrees_with_the_reference(name: str, lanes: int) -> None:
    with using(lanes):
        model = Model(named(name), seed=1)
        assert uses_winograd(model)
        check(model)


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("name", ["uneven", "more channels than tiles", "three axes", "added and clamped"])
def test_few_tiles_at_once_and_any_number_of_threads(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model(named(name), seed=1)
    results = [check(model)]
    monkeypatch.setattr(winograd, "_SCRATCH_BYTES", 1)
    results.append(check(model))
    monkeypatch.setattr(one_sample, "WORTH_A_TEAM", 1)
    monkeypatch.setattr(one_sample, "WORTH_A_MEETING", 1)
    for count in (1, 2):
        with threads(count):
            results.append(check(model))
    for result in results[1:]:
        assert np.array_equal(result, results[0])


WIDE = ((3, 16, 16), conv(32, 1), conv(64, 3, padding=1))


def test_the_rule() -> None:
    assert uses_winograd(Model(network(*WIDE, FLATTEN, linear(2))))
    few_channels, one_tile = ((3, 16, 16), conv(32, 3, padding=1)), ((3, 4, 4), conv(512, 1), conv(512, 3, padding=1))
    for layers in (few_channels, one_tile):
        assert not uses_winograd(Model(network(*layers, FLATTEN, linear(2))))
    shape, *layers = WIDE
    switched_off = {"input": {"shape": shape}, "layers": layers, "engine": {"winograd": False}}
    assert not uses_winograd(Model(build(spec.parse(switched_off))))
