"""The same seed gives the same bits on any number of threads, and the same data may come in several forms."""

import numba
import numpy as np
import pytest
from networks import FLATTEN, conv, dropout, linear, named, network, pool
from reference_training import batch

from nbcnn.kernels.cpu.language.lanes import using
from nbcnn.kernels.cpu.program.program import Program
from nbcnn.model import Model
from nbcnn.network import Network
from nbcnn.training.threads import threads
from nbcnn.training.trainer import Trainer

OPTIMIZER = {"type": "adam", "lr": 0.01}
# Between them everything that sums over samples, draws random numbers or waits for all blocks.
NAMES = [
    "dropout",
    "channels and samples dropped",
    "encoder and decoder",
    "activations",
    "batch norm under relu, on branches and on features",
    "batch and instance norm over three axes",
]


def trained(net: Network, samples: int, steps: int = 4, **settings) -> tuple[list[float], Model]:
    model = Model(net, seed=2)
    trainer = Trainer(model, optimizer=OPTIMIZER, seed=2, **settings)
    x, y = batch(net, samples)
    return [trainer.step(x, y) for _ in range(steps)], model


def assert_identical(one: tuple[list[float], Model], other: tuple[list[float], Model]) -> None:
    assert one[0] == other[0]
    for key, value in one[1].parameters.items():
        assert np.array_equal(value, other[1].parameters[key]), key
    for key, value in one[1].buffers.items():
        assert np.array_equal(value, other[1].buffers[key]), key


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="there is one thread here")
@pytest.mark.parametrize("samples", [5, 100, 257])
@pytest.mark.parametrize("name", NAMES)
def test_threads_change_no_bit(name: str, samples: int) -> None:
    net = named(name)
    with threads(1):
        alone = trained(net, samples)
    with threads(2):
        together = trained(net, samples)
    assert_identical(alone, together)


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="there is one thread here")
def test_threads_change_no_bit_where_blocks_share_partial_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Program, "PARTIAL_BYTES", 0)
    with using(4):
        with threads(1):
            alone = trained(named("padding, two pools"), 150)
        with threads(2):
            together = trained(named("padding, two pools"), 150)
    assert_identical(alone, together)


def test_two_runs_are_identical_and_two_seeds_are_not() -> None:
    net = named("dropout")
    first = trained(net, 40)
    assert_identical(first, trained(net, 40))
    model = Model(net, seed=2)
    other = Trainer(model, optimizer=OPTIMIZER, seed=3)
    x, y = batch(net, 40)
    assert [other.step(x, y) for _ in range(4)] != first[0]


def test_room_for_a_larger_batch_changes_no_bit() -> None:
    assert_identical(trained(named("dropout"), 21), trained(named("dropout"), 21, batch_size=64))


@pytest.mark.parametrize("name", NAMES)
def test_going_on_from_a_saved_state_changes_no_bit(name: str) -> None:
    """Weights, running statistics, optimiser state and the count of steps are all that a run is."""
    net = named(name)
    losses, whole = trained(net, 24, steps=6)
    x, y = batch(net, 24)
    first = Trainer(Model(net, seed=2), optimizer=OPTIMIZER, seed=2)
    begun = [first.step(x, y) for _ in range(3)]
    second = Trainer(Model(net, seed=9), optimizer=OPTIMIZER, seed=2)
    for key, value in first.model.parameters.items():
        second.model.parameters[key][...] = value
    for key, value in first.model.buffers.items():
        second.model.buffers[key][...] = value
    second.load_state(first.state(), first.steps)
    assert_identical((losses, whole), (begun + [second.step(x, y) for _ in range(3)], second.model))


def test_samples_by_number_are_the_samples() -> None:
    """`step_batch` reads a whole data set by indices, in any order and more than once."""
    net = named("padding, two pools")
    x, y = batch(net, 50)
    indices = np.array([49, 3, 3, 0, 17, 20, 8, 1, 30, 31, 32], dtype=np.int64)
    by_number, directly = (Trainer(Model(net), optimizer=OPTIMIZER) for _ in range(2))
    for _ in range(3):
        loss_sum, correct, answers = by_number.step_batch(x, y, indices)
        right = int((directly.model(x[indices]).argmax(axis=1) == y[indices]).sum())
        assert loss_sum / len(indices) == directly.step(x[indices], y[indices])
        assert (correct, answers) == (right, len(indices))
    assert_identical(([], by_number.model), ([], directly.model))


PLAIN = network((2, 8, 8), conv(5, 3, activation="relu"), pool("max", 2), FLATTEN, dropout(0.0), linear(4))


def test_bytes_are_floats_divided_by_255() -> None:
    images = np.random.default_rng(0).integers(0, 256, (30, 2, 8, 8), dtype=np.uint8)
    labels = np.arange(30) % 4
    losses = []
    for inputs in (images, images.astype(np.float32) / np.float32(255)):
        model = Model(PLAIN)
        model.normalization = {"mean": [0.25, 0.5], "std": [0.5, 0.2]}
        trainer = Trainer(model, optimizer=OPTIMIZER)
        losses.append([trainer.step(inputs, labels) for _ in range(5)])
    # Factor and shift are applied in one rounding more or less: a few units of 2**-24 after five steps.
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)


def test_normalisation_subtracts_the_mean_and_divides_by_the_deviation() -> None:
    x, y = batch(PLAIN, 30)
    mean, std = np.array([0.5, -2.0], np.float32), np.array([2.0, 0.25], np.float32)
    by_model, by_hand = (Trainer(Model(PLAIN), optimizer=OPTIMIZER) for _ in range(2))
    by_model.model.normalization = {"mean": mean.tolist(), "std": std.tolist()}
    normalized = (x - mean.reshape(-1, 1, 1)) / std.reshape(-1, 1, 1)
    losses = [(by_model.step(x, y), by_hand.step(normalized, y)) for _ in range(5)]
    np.testing.assert_allclose([ours for ours, _ in losses], [expected for _, expected in losses], rtol=1e-5)
