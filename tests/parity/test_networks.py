"""Networks of specs/ beside torchvision's of the same weights: what they give, and how they train.

PyTorch computes in float64, so what is left between the two is this engine's rounding.
"""

from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch_operations import torch
from torchvision_networks import arrays_of, copy_weights, counterparts, models, prepare

import nbcnn

SPECS = Path(__file__).parents[2] / "specs"

# Images along each side, and what torchvision's function is told; 10 classes, to keep the last layer small.
NETWORKS: dict[str, tuple[int, dict[str, Any]]] = {
    "alexnet": (64, {}),
    "vgg11_bn": (32, {}),
    "googlenet": (64, {"aux_logits": False, "init_weights": False}),
    "inception_v3": (75, {"aux_logits": False, "init_weights": False}),
    "resnet18": (64, {}),
    "resnet50": (64, {}),
    "resnext50": (64, {}),
    "densenet121": (64, {}),
    "squeezenet1_0": (64, {}),
    "squeezenet1_1": (64, {}),
    "cifar_resnet20": (32, {}),
}
# They have more than sixty million weights to draw and copy.
SLOW = ("alexnet", "vgg11_bn")
THEIR_NAMES = {"resnext50": "resnext50_32x4d"}
NAMED_ALIKE = ("googlenet", "inception_v3", "resnet18", "resnet50", "resnext50", "cifar_resnet20")
# In deeper ones of random weights the statistics of eight images tell rounding from nothing: within a few steps PyTorch
# in float32 and in float64 are as far apart as each is from us.
TRAINED = ("resnet18", "cifar_resnet20")


def cifar_resnet20(num_classes: int) -> torch.nn.Module:
    """He et al. 2015, section 4.2, of torchvision's blocks."""
    block, conv, norm = models.resnet.BasicBlock, torch.nn.Conv2d, torch.nn.BatchNorm2d

    def stage(before: int, channels: int) -> torch.nn.Module:
        if before == channels:
            return torch.nn.Sequential(*(block(channels, channels) for _ in range(3)))
        shortcut = torch.nn.Sequential(conv(before, channels, 1, 2, bias=False), norm(channels))
        others = (block(channels, channels) for _ in range(2))
        return torch.nn.Sequential(block(before, channels, 2, shortcut), *others)

    layers = {
        "conv1": conv(3, 16, 3, padding=1, bias=False),
        "bn1": norm(16),
        "relu": torch.nn.ReLU(),
        "layer1": stage(16, 16),
        "layer2": stage(16, 32),
        "layer3": stage(32, 64),
        "avgpool": torch.nn.AdaptiveAvgPool2d(1),
        "flatten": torch.nn.Flatten(),
        "fc": torch.nn.Linear(64, num_classes),
    }
    return torch.nn.Sequential(OrderedDict(layers))


def both(name: str, size: int, samples: int, winograd: bool = True) -> tuple[nbcnn.Model, torch.nn.Module, np.ndarray]:
    """Our network and PyTorch's with the same weights, and images near whose statistics theirs are."""
    x = np.random.default_rng(0).standard_normal((samples, 3, size, size), dtype=np.float32)
    changes = {"input.shape": [3, size, size], "vars.classes": 10, "engine.winograd": winograd}
    model = nbcnn.Model(nbcnn.build(nbcnn.load_spec(SPECS / f"{name}.toml", changes)))
    settings = NETWORKS[name][1] | {"num_classes": 10}
    if name == "cifar_resnet20":
        theirs = cifar_resnet20(**settings)
    else:
        theirs = models.get_model(THEIR_NAMES.get(name, name), weights=None, **settings)
    pairs = copy_weights(prepare(theirs, x, seed=1), model)
    if name in NAMED_ALIKE:
        assert all(ours == other for ours, other in pairs.items())
    return model, theirs, x


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in NETWORKS]
)
def test_outputs_agree(name: str) -> None:
    model, theirs, x = both(name, NETWORKS[name][0], samples=3)
    with torch.no_grad():
        expected = theirs(torch.from_numpy(x).double()).numpy()
    scale = np.abs(expected).max()
    # A network that says the same whatever it sees, or 0, would agree with many others.
    assert np.abs(expected - expected[0]).max() > 0.01 * scale > 0
    assert np.abs(model(x) - expected).max() <= 1e-4 * scale


def loss_of(module: torch.nn.Module, x: np.ndarray, y: np.ndarray) -> torch.Tensor:
    return torch.nn.functional.cross_entropy(module(torch.from_numpy(x).double()), torch.from_numpy(y))


@pytest.mark.parametrize("name", TRAINED)
def test_gradients_agree(name: str) -> None:
    """A step of plain SGD with lr = 1 takes the gradient from each weight."""
    model, theirs, x = both(name, size=32, samples=8)
    y = np.arange(len(x)) % 4
    loss_of(theirs.train(), x, y).backward()
    gradients = {key: parameter.grad.numpy() for key, parameter in theirs.named_parameters()}
    before = {key: value.astype(np.float64) for key, value in model.parameters.items()}
    nbcnn.Trainer(model, optimizer={"type": "sgd", "lr": 1.0}, batch_size=len(x)).step(x, y)
    for key, value in model.parameters.items():
        difference = np.linalg.norm(before[key] - value - gradients[key])
        assert difference <= 1e-3 * np.linalg.norm(gradients[key]), key


@pytest.mark.parametrize("winograd", [True, False])
@pytest.mark.parametrize("name", TRAINED)
def test_ten_steps_of_training_agree(name: str, winograd: bool) -> None:
    """Losses with either method; statistics of the direct one, since a deep network on eight samples enlarges every
    rounding, and those of Winograd's method are ten times as large.
    """
    model, theirs, x = both(name, size=32, samples=8, winograd=winograd)
    y = np.arange(len(x)) % 4
    trainer = nbcnn.Trainer(model, optimizer={"type": "sgd", "lr": 0.003}, batch_size=len(x))
    optimizer = torch.optim.SGD(theirs.train().parameters(), lr=0.003)
    losses = []
    for _ in range(10):
        optimizer.zero_grad()
        loss = loss_of(theirs, x, y)
        loss.backward()
        optimizer.step()
        losses.append((trainer.step(x, y), float(loss.detach())))
    for ours, expected in losses:
        assert abs(ours - expected) <= 1e-3
    assert losses[-1][1] < 0.6 * losses[0][1]
    if winograd:
        return
    state = theirs.state_dict()
    for key, other in counterparts(state, arrays_of(model)).items():
        if key in model.buffers:
            statistics = state[other].numpy()
            assert np.abs(model.buffers[key] - statistics).max() <= 1e-3 * np.abs(statistics).max(), key
