"""Running statistics of batch norm beside PyTorch's: moved in training, used in inference, by function and by model."""

import numpy as np
import pytest
from networks import FLATTEN, conv, layer, linear, network
from torch_operations import torch

from nbcnn import functional as F
from nbcnn.kernels.cpu.language.lanes import using
from nbcnn.model import Model
from nbcnn.training.trainer import Trainer

UNIT = 2.0**-24
SHAPES = [(4, 3, 5, 2), (19, 3, 5, 2), (2, 3, 5, 2), (33, 3, 5, 2)]


def close(actual, expected) -> bool:
    """Agree to a few roundings of the largest number."""
    expected = np.asarray(expected)
    return np.abs(actual - expected).max() <= 8 * UNIT * max(1.0, np.abs(expected).max())


@pytest.mark.parametrize("lanes", [4, 8, 16])
@pytest.mark.parametrize("momentum", [0.1, 1.0])
def test_several_batches_of_different_sizes(momentum: float, lanes: int) -> None:
    ours = [np.zeros(3, np.float32), np.ones(3, np.float32)]
    theirs = [torch.zeros(3, dtype=torch.float64), torch.ones(3, dtype=torch.float64)]
    with using(lanes):
        for number, shape in enumerate(SHAPES):
            x = (2.0 * np.random.default_rng(number).standard_normal(shape) + number).astype(np.float32)
            y = F.batch_norm(x, *ours, training=True, momentum=momentum)
            expected = torch.nn.functional.batch_norm(torch.tensor(x).double(), *theirs, None, None, True, momentum)
            assert close(y, expected)
            assert close(ours[0], theirs[0]) and close(ours[1], theirs[1])
        assert close(F.batch_norm(x, *ours), torch.nn.functional.batch_norm(torch.tensor(x).double(), *theirs))


def test_arrays_of_another_type_are_moved_too_and_vjp_moves_them_once() -> None:
    x = np.arange(12.0).reshape(4, 3)
    mean, var = np.zeros(3), np.ones(3)
    y, pullback = F.vjp(F.batch_norm, x, mean, var, training=True, momentum=0.5)
    assert np.allclose(mean, 0.5 * x.mean(axis=0)) and np.allclose(var, 0.5 + 0.5 * x.var(axis=0, ddof=1))
    moved = mean.copy(), var.copy()
    gradients = pullback(np.ones_like(y))
    assert gradients[1:] == (None, None)
    assert np.array_equal(mean, moved[0]) and np.array_equal(var, moved[1])


def test_inference_leaves_them_alone() -> None:
    mean, var = np.ones(3, np.float32), np.full(3, 4.0, np.float32)
    y = F.batch_norm(np.full((2, 3), 5.0), mean, var, eps=1e-12)
    assert np.array_equal(y, np.full((2, 3), 2.0))
    assert (mean == 1.0).all() and (var == 4.0).all()


def model_and_torch():
    net = network((2, 6, 6), conv(5, 3), layer("batch_norm", momentum=0.2, activation="relu"), FLATTEN, linear(3))
    model = Model(net, seed=1)
    theirs = torch.nn.Sequential(
        torch.nn.Conv2d(2, 5, 3),
        torch.nn.BatchNorm2d(5, momentum=0.2),
        torch.nn.ReLU(),
        torch.nn.Flatten(),
        torch.nn.Linear(80, 3),
    ).double()
    keys = {"conv1": "0", "batch_norm1": "1", "linear1": "4"}
    state = theirs.state_dict()
    for key, value in model.parameters.items():
        name, which = key.split(".")
        state[f"{keys[name]}.{which}"].copy_(torch.tensor(value))
    return model, theirs


def test_a_model_in_training_and_in_inference() -> None:
    model, theirs = model_and_torch()
    random = np.random.default_rng(0)
    trainer = Trainer(model, optimizer={"type": "sgd", "lr": 0.1})
    optimizer = torch.optim.SGD(theirs.parameters(), lr=0.1)
    for samples in (21, 8, 21):
        x, y = random.standard_normal((samples, 2, 6, 6), dtype=np.float32), random.integers(0, 3, samples)
        loss = torch.nn.functional.cross_entropy(theirs(torch.tensor(x).double()), torch.tensor(y))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        assert abs(trainer.step(x, y) - float(loss.detach())) <= 1e-5
    mean, var = theirs[1].running_mean, theirs[1].running_var
    assert close(model.buffers["batch_norm1.running_mean"], mean)
    assert close(model.buffers["batch_norm1.running_var"], var)
    with torch.no_grad():
        theirs.eval()
        assert np.abs(model(x) - theirs(torch.tensor(x).double()).numpy()).max() <= 1e-5
        theirs.train()
        assert np.abs(model(x, training=True) - theirs(torch.tensor(x).double()).numpy()).max() <= 1e-5
    assert close(model.buffers["batch_norm1.running_mean"], mean)
    assert close(model.buffers["batch_norm1.running_var"], var)
