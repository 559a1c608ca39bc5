"""Between a gradient and a step: clipping, shared kernels, learning rates of layers, and layers that keep still."""

import numba
import numpy as np
import pytest
from networks import FLATTEN, conv, linear, network, pool
from reference_training import ADAM, SGD, batch, follow

from nbcnn.errors import DivergenceError, InputError
from nbcnn.kernels.cpu.families.sums import CHUNK
from nbcnn.kernels.cpu.language.lanes import using
from nbcnn.kernels.cpu.program.program import Program
from nbcnn.model import Model
from nbcnn.network import build
from nbcnn.spec import parse
from nbcnn.training.threads import threads
from nbcnn.training.trainer import Trainer


def layers(**changes):
    """A network of four layers with parameters; `changes` are further keys of them, by name."""
    return network(
        (2, 9, 8),
        conv(6, 3, name="first", activation="relu", **changes.get("first", {})),
        pool("max", 2),
        conv(5, 2, name="second", padding=1, stride=2, activation="tanh", **changes.get("second", {})),
        FLATTEN,
        linear(23, name="third", activation="sigmoid", **changes.get("third", {})),
        linear(4, name="last", **changes.get("last", {})),
    )


# The norms of this network's first gradients are 0.90, 0.55, 0.99 and 0.73, their components up to 0.3 in the last
# layer and 0.03 in the others.
@pytest.mark.parametrize("optimizer", [SGD, ADAM], ids=["sgd", "adam"])
@pytest.mark.parametrize(
    "settings",
    [
        {"clip_grad_value": 0.01},
        {"clip_grad_norm": 0.2},
        # Above two of them and below two.
        {"clip_grad_norm": 0.8},
        {"clip_grad_norm": 0.1, "clip_grad_value": 0.02},
        {"clip_grad_norm": 100.0, "clip_grad_value": 100.0},
        {"shared_gradients": "mean"},
        {"shared_gradients": "mean", "clip_grad_norm": 0.05, "clip_grad_value": 0.01},
    ],
    ids=str,
)
def test_clipping_and_sharing_follow_the_reference(settings: dict, optimizer: dict) -> None:
    follow(layers(), optimizer, **settings)


@pytest.mark.parametrize("settings", [{"clip_grad_value": 0.01}, {"clip_grad_norm": 0.2}, {"shared_gradients": "mean"}])
def test_each_setting_makes_a_difference(settings: dict) -> None:
    one, other = (follow(layers(), SGD, **each).model.parameters for each in ({}, settings))
    assert max(np.abs(one[key] - other[key]).max() for key in one) > 0.01


@pytest.mark.parametrize("lanes", [4, 8, 16])
def test_a_norm_over_several_chunks(lanes: int) -> None:
    """The first linear layer alone has more weights than one part of the update holds."""
    net = network((1, 10, 10), FLATTEN, linear(61, activation="tanh"), linear(3))
    assert net.layers[1].params > CHUNK
    with using(lanes):
        follow(net, SGD, clip_grad_norm=0.3)


def test_transposed_convolutions_share_their_weight_over_inputs_and_their_bias_over_outputs() -> None:
    up = {"type": "conv_transpose", "out_channels": 3, "kernel_size": 3, "stride": 2, "name": "up"}
    net = network((2, 5, 4), up, {"type": "tanh"}, FLATTEN, linear(3))
    assert [net["up"].sharing(name) for name in ("weight", "bias")] == [5 * 4, 11 * 9]
    follow(net, SGD, shared_gradients="mean")


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="there is one thread here")
def test_threads_change_no_bit_of_a_clipped_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Program, "PARTIAL_BYTES", 0)
    found = []
    for count in (1, 2):
        with threads(count):
            trainer = Trainer(Model(layers(), seed=1), optimizer=SGD, clip_grad_norm=0.1)
            x, y = batch(trainer.model.network, 150)
            found.append([trainer.step(x, y) for _ in range(4)])
    assert found[0] == found[1]


def test_a_gradient_that_is_no_number_is_seen() -> None:
    """Clipping hides nothing."""
    trainer = Trainer(Model(layers()), optimizer=SGD, clip_grad_norm=0.1, clip_grad_value=0.1)
    x, y = batch(trainer.model.network, 5)
    x[2] = np.nan
    with pytest.raises(DivergenceError, match="sample 2 of the inputs holds numbers that are not finite"):
        trainer.step(x, y)


@pytest.mark.parametrize("optimizer", [SGD, ADAM], ids=["sgd", "adam"])
def test_layers_with_a_learning_rate_of_their_own(optimizer: dict) -> None:
    net = layers(first={"lr": 0.03}, last={"lr": 0.002})
    follow(net, optimizer, scales=(0.5, 1.0, 0.25, 0.125))


def test_a_rate_of_zero_stops_a_layer_and_not_the_others() -> None:
    trainer = follow(layers(second={"lr": 0.0}), SGD)
    begun = Model(trainer.model.network, seed=3).parameters
    for key, value in trainer.model.parameters.items():
        assert np.array_equal(value, begun[key]) == key.startswith("second")


def test_a_schedule_that_reaches_zero_stops_every_layer() -> None:
    trainer = Trainer(Model(layers(first={"lr": 0.5}), seed=3), optimizer=SGD)
    trainer.learning_rate = 0.0
    trainer.step(*batch(trainer.model.network, 5))
    for key, value in Model(trainer.model.network, seed=3).parameters.items():
        assert np.array_equal(value, trainer.model.parameters[key])


def test_rates_of_layers_need_one_that_they_are_in_proportion_to() -> None:
    with pytest.raises(InputError, match="layer first: lr = 0.5 changes in proportion to the optimizer's, which is 0"):
        Trainer(Model(layers(first={"lr": 0.5})), optimizer={"type": "sgd", "lr": 0.0})
    Trainer(Model(layers(first={"lr": 0.5, "trainable": False})), optimizer={"type": "sgd", "lr": 0.0})


FROZEN = {"trainable": False}


@pytest.mark.parametrize(
    "names", [("first",), ("second",), ("first", "third"), ("last",), ("first", "second", "third")]
)
def test_frozen_layers_keep_their_weights(names: tuple[str, ...]) -> None:
    trainer = follow(layers(**dict.fromkeys(names, FROZEN)), ADAM, clip_grad_norm=0.1)
    begun = Model(trainer.model.network, seed=3).parameters
    for key, value in trainer.model.parameters.items():
        assert np.array_equal(value, begun[key]) == key.startswith(names)
    assert not any(key.split("/")[1].startswith(names) for key in trainer.state())


def test_a_network_of_frozen_layers_stands_still() -> None:
    net = layers(**dict.fromkeys(("first", "second", "third", "last"), FROZEN))
    trainer = follow(net, SGD, clip_grad_norm=0.1)
    assert trainer.state() == {}


def test_nothing_below_the_lowest_layer_that_learns_is_differentiated() -> None:
    def kernels(*names: str) -> list[str]:
        trainer = Trainer(Model(layers(**dict.fromkeys(names, FROZEN))), optimizer=SGD, batch_size=5)
        assert trainer._plan is not None
        return [call.kernel.factory.__name__ for call in trainer._plan.program.calls()]

    def count(name: str, *frozen: str) -> int:
        # The first layer's weight gradient is of the kernel that also spreads the gradient of the pool behind it.
        return sum(kernel in (name, f"{name}_pooled") for kernel in kernels(*frozen))

    # Two forwards each for convolutions and linear layers, and three data gradients: all but the first layer's.
    assert [count("convolve"), count("correlate"), count("descend")] == [7, 2, 8]
    assert [count("convolve", "first"), count("correlate", "first"), count("descend", "first")] == [6, 1, 6]
    # A frozen layer in the middle still hands its gradient on, and has none of its own.
    assert [count("convolve", "second"), count("correlate", "second"), count("descend", "second")] == [7, 1, 6]
    assert count("convolve", "first", "second", "third") == 4


def test_a_state_goes_on_without_what_is_frozen() -> None:
    net = layers(first=FROZEN)
    x, y = batch(net, 11)
    whole, begun = (Trainer(Model(net, seed=1), optimizer=ADAM) for _ in range(2))
    losses = [whole.step(x, y) for _ in range(4)]
    first = [begun.step(x, y) for _ in range(2)]
    resumed = Trainer(begun.model, optimizer=ADAM)
    resumed.load_state(begun.state(), begun.steps)
    assert losses == [*first, resumed.step(x, y), resumed.step(x, y)]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"clip_grad_norm": 0.0}, "clip_grad_norm = 0.0: a number above 0 is expected"),
        ({"clip_grad_value": float("nan")}, "clip_grad_value = nan: a number above 0"),
        ({"shared_gradients": "max"}, "shared_gradients = 'max': 'sum' or 'mean' is expected"),
    ],
)
def test_refusals(settings: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Trainer(Model(layers()), **settings)


def test_fit_takes_them_from_the_spec() -> None:
    """So strong a clip that the weights hardly move; without it they do."""
    tables = {"input": {"shape": [1, 4, 4]}, "layers": [FLATTEN, linear(3, name="classes")]}
    x, y = np.random.default_rng(0).standard_normal((40, 1, 4, 4), dtype=np.float32), np.arange(40) % 3
    moved = []
    for settings in ({}, {"clip_grad_norm": 1e-6}, {"clip_grad_value": 1e-6}):
        from nbcnn import Model as Fitted

        net = build(parse({**tables, "train": {"optimizer": {"type": "sgd", "lr": 0.1}, **settings}}))
        model = Fitted(net)
        begun = model.parameters["classes.weight"].copy()
        model.fit(x, y, epochs=2)
        moved.append(np.abs(model.parameters["classes.weight"] - begun).max())
    assert moved[0] > 1e-2
    assert 0 < moved[1] < 1e-5
    assert 0 < moved[2] < 1e-5
