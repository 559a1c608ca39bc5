"""The Trainer takes the steps that the reference takes, in float32, whatever the network, the batch and the lanes."""

import numpy as np
import pytest
from networks import NETWORKS, named
from reference_training import ADAM, SGD, ReferenceTrainer, assert_same_loss, assert_same_weights, follow

from nbcnn import build, data, load_spec
from nbcnn.kernels.cpu.language.lanes import using
from nbcnn.kernels.cpu.program.program import Program
from nbcnn.model import Model
from nbcnn.training.trainer import Trainer


@pytest.mark.parametrize("optimizer", [SGD, ADAM], ids=["sgd", "adam"])
@pytest.mark.parametrize("name", NETWORKS)
def test_every_network(name: str, optimizer: dict) -> None:
    follow(named(name), optimizer)


@pytest.mark.parametrize("lanes", [4, 8, 16])
@pytest.mark.parametrize("name", ["padding, two pools", "dropout"])
def test_every_lane_count(name: str, lanes: int) -> None:
    with using(lanes):
        follow(named(name), SGD)


@pytest.mark.parametrize(
    "optimizer",
    [
        {"type": "sgd", "lr": 0.1, "momentum": 0.0, "nesterov": False, "weight_decay": 0.0},
        {"type": "sgd", "lr": 0.1, "momentum": 0.9, "nesterov": False, "weight_decay": 0.1},
        {"type": "sgd", "lr": 0.1, "momentum": 0.9, "dampening": 0.5},
        {"type": "adam", "lr": 0.01, "betas": (0.9, 0.999), "eps": 1e-3, "weight_decay": 0.0},
        {"type": "adamw", "lr": 0.01, "eps": 1e-3, "weight_decay": 0.1},
        {"type": "rmsprop", "lr": 0.01, "alpha": 0.9, "eps": 1e-2, "weight_decay": 0.1},
        {"type": "rmsprop", "lr": 0.01, "alpha": 0.9, "eps": 1e-2, "momentum": 0.5, "centered": True},
        {"type": "adagrad", "lr": 0.01, "lr_decay": 0.1, "initial_accumulator_value": 0.1, "weight_decay": 0.1},
        # A step is lr times a sign: where two of its terms cancel, it may be the other one here.
        {"type": "lion", "lr": 0.01, "weight_decay": 0.1},
    ],
    ids=[
        "plain sgd", "momentum", "dampening", "adam", "adamw", "rmsprop", "rmsprop, all settings", "adagrad", "lion"
    ],
)  # fmt: skip
def test_every_optimiser(optimizer: dict) -> None:
    follow(named("linear alone"), optimizer)


@pytest.mark.parametrize("samples", [1, 3, 4, 5, 15, 16, 17, 32, 33])
def test_batches_around_the_lane_count(samples: int) -> None:
    follow(named("linear alone"), SGD, (samples, samples))


def test_a_larger_batch_after_smaller_ones_and_back() -> None:
    """The plan is made anew; the optimiser's state and the weights go on."""
    follow(named("padding, two pools"), ADAM, (5, 40, 5), batch_size=5)


def test_several_blocks_share_a_partial_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    """So it is with networks of many parameters; 25 blocks and, in a short batch, 7."""
    monkeypatch.setattr(Program, "PARTIAL_BYTES", 0)
    with using(4):
        trainer = follow(named("padding, two pools"), SGD, (99, 26, 99))
    assert trainer._plan is not None
    assert trainer._plan.program.blocks_per_partition == 4


def test_ten_steps_on_digits() -> None:
    """The whole walk: a shipped spec with dropout, real images and their normalisation, ten losses known in advance."""
    spec = load_spec("specs/digits.toml")
    network = build(spec)
    digits = data.load("digits").train
    mean, std = data.statistics(digits)
    model = Model(network, seed=spec.train.seed)
    model.normalization = {"mean": list(mean), "std": list(std)}
    # PyTorch's default eps is 1e-8; see ADAM.
    optimizer = spec.train.optimizer.model_dump() | {"eps": 1e-3}
    reference = ReferenceTrainer(network, model.parameters, optimizer, seed=7)
    trainer = Trainer(model, optimizer=optimizer, batch_size=32, seed=7)
    losses = []
    for number in range(10):
        indices = np.arange(32 * number, 32 * (number + 1))
        sample = digits.take(indices)
        expected = reference.step((sample.inputs - mean.reshape(-1, 1, 1)) / std.reshape(-1, 1, 1), sample.targets)
        loss_sum, correct, answers = trainer.step_batch(digits.inputs, digits.targets, indices)
        assert_same_loss(loss_sum / 32, expected)
        assert 0 <= correct <= answers == 32
        losses.append(expected)
    assert_same_weights(model.parameters, reference.parameters)
    assert losses[-1] < 0.9 * losses[0], "it learns"
