"""What a Trainer refuses, it refuses before anything has changed; kernels themselves check nothing."""

from collections.abc import Callable

import numpy as np
import pytest
from networks import conv, named, network
from reference_training import batch

from nbcnn.errors import DivergenceError, InputError, WeightsError
from nbcnn.model import Model
from nbcnn.training.trainer import Trainer

NET = named("padding, two pools")
X, Y = batch(NET, 20)


def changed(array: np.ndarray, index: int, value: float) -> np.ndarray:
    array = array.copy()
    array[index] = value
    return array


WRONG_STEPS = {
    "a label too large": (X, changed(Y, 7, 10)),
    "a negative label": (X, changed(Y, 0, -1)),
    "a huge label": (X, changed(Y, 19, 2**62)),
    "fewer labels": (X, Y[:19]),
    "labels as a column": (X, Y[:, np.newaxis]),
    "labels with a fraction": (X, Y + 0.5),
    "labels that are no number": (X, np.full(20, np.nan)),
    "labels that are text": (X, np.array(["one"] * 20)),
    "no samples": (X[:0], Y[:0]),
    "no batch axis": (X[0], Y[:1]),
    "transposed images": (X.transpose(0, 1, 3, 2), Y),
    "images without channels": (X[:, 0], Y),
    "complex images": (X.astype(np.complex64), Y),
    "images of text": (np.full(X.shape, "1.5"), Y),
}
WRONG_BATCHES = {
    "an index beyond": (X, Y, np.array([0, 20])),
    "a negative index": (X, Y, np.array([0, -1])),
    "no index": (X, Y, np.arange(0)),
    "fewer labels than samples": (X, Y[:10], np.arange(20)),
    "labels of another type": (X, Y.astype(np.int32), np.arange(20)),
    "labels with gaps": (X[:10], Y[::2], np.arange(10)),
    "images of another type": (X.astype(np.float64), Y, np.arange(20)),
    "images with gaps": (X[::2], Y[:10], np.arange(10)),
    "images of another shape": (X[:, :, :8], Y, np.arange(20)),
}


def refuses(act: Callable[[Trainer], object]) -> None:
    """Take a good step, be refused, and take the next good step as if nothing had been."""
    trainers = [Trainer(Model(NET), optimizer={"type": "adam"}) for _ in range(2)]
    for trainer in trainers:
        trainer.step(X, Y)
    with pytest.raises(InputError) as refusal:
        act(trainers[0])
    assert "expected" in str(refusal.value)
    losses = [trainer.step(X, Y) for trainer in trainers]
    assert losses[0] == losses[1]
    assert trainers[0].steps == trainers[1].steps
    for key, value in trainers[0].state().items():
        assert np.array_equal(value, trainers[1].state()[key])
    for key, value in trainers[0].model.parameters.items():
        assert np.array_equal(value, trainers[1].model.parameters[key])


@pytest.mark.parametrize("why", WRONG_STEPS)
def test_step_refuses(why: str) -> None:
    refuses(lambda trainer: trainer.step(*WRONG_STEPS[why]))


@pytest.mark.parametrize("why", WRONG_BATCHES)
def test_step_batch_refuses(why: str) -> None:
    refuses(lambda trainer: trainer.step_batch(*WRONG_BATCHES[why]))


def test_a_label_that_nobody_checked_is_found() -> None:
    """`step_batch` reads labels by index and cannot check them all; memory beyond the logits is never read."""
    sgd = {"type": "sgd", "lr": 0.1}
    loss_sum, correct, answers = Trainer(Model(NET), optimizer=sgd, non_finite="skip").step_batch(
        X, changed(Y, 3, 2**40), np.arange(20)
    )
    assert np.isnan(loss_sum)
    assert 0 <= correct < answers == 20
    with pytest.raises(DivergenceError, match=f"class numbers from 0 to 9 are expected, received {2**40}; mend it"):
        Trainer(Model(NET), optimizer=sgd).step_batch(X, changed(Y, 3, 2**40), np.arange(20))


def test_indices_of_any_integer_type_and_stride() -> None:
    losses = []
    for indices in (np.arange(0, 20, 2), np.arange(20)[::2], np.arange(0, 20, 2, dtype=np.int32)):
        losses.append(Trainer(Model(NET), optimizer={"type": "adam"}).step_batch(X, Y, indices))
    assert losses[0] == losses[1] == losses[2]


def test_labels_of_any_integer_type() -> None:
    losses = {Trainer(Model(NET)).step(X, Y.astype(dtype)) for dtype in (np.int64, np.uint8, np.int16, np.uint64)}
    assert len(losses) == 1


def test_a_loss_that_does_not_exist() -> None:
    with pytest.raises(InputError, match="hinge"):
        Trainer(Model(NET), loss="hinge")


@pytest.mark.parametrize(
    "optimizer", [{"type": "newton"}, {"type": "sgd", "lr": -1.0}, {"type": "adam", "momentum": 0.9}, {"lr": 0.1}]
)
def test_an_optimiser_that_does_not_exist(optimizer: dict) -> None:
    with pytest.raises(InputError):
        Trainer(Model(NET), optimizer=optimizer)


def test_an_output_that_is_an_image_wants_a_label_a_pixel() -> None:
    trainer = Trainer(Model(network((1, 8, 8), conv(2, 3))))
    with pytest.raises(InputError, match="flatten"):
        trainer.step(np.zeros((3, 1, 8, 8), np.float32), np.zeros(3, int))
    assert trainer.step(np.zeros((3, 1, 8, 8), np.float32), np.zeros((3, 6, 6), int)) > 0


def test_state_of_another_network_or_optimiser() -> None:
    trainer = Trainer(Model(NET), optimizer={"type": "adam"})
    other = Trainer(Model(NET), optimizer={"type": "sgd", "lr": 0.1, "momentum": 0.9})
    with pytest.raises(WeightsError, match="optimiser"):
        trainer.load_state(other.state(), 3)
    state = trainer.state()
    name = list(state)[-1]
    state[next(iter(state))] += 1.0
    state[name] = state[name][..., np.newaxis]
    with pytest.raises(WeightsError, match="shape"):
        trainer.load_state(state, 3)
    assert trainer.steps == 0
    assert not any(array.any() for array in trainer.state().values())


def test_a_learning_rate_set_between_steps_counts() -> None:
    trainer = Trainer(Model(NET), optimizer={"type": "sgd", "lr": 0.1})
    before = {key: value.copy() for key, value in trainer.model.parameters.items()}
    trainer.learning_rate = 0.0
    trainer.step(X, Y)
    assert all(np.array_equal(value, before[key]) for key, value in trainer.model.parameters.items())
