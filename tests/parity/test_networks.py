"""Networks of specs/ beside torchvision's of the same weights: what they give, and how they train.

PyTorch computes in float64, so what is left between the two is this engine's rounding.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch_operations import torch
from torchvision_networks import copy_weights, models, prepare

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
}
# They have more than sixty million weights to draw and copy.
SLOW = ("alexnet", "vgg11_bn")
THEIR_NAMES = {"resnext50": "resnext50_32x4d"}
NAMED_ALIKE = ("googlenet", "inception_v3", "resnet18", "resnet50", "resnext50")
TRAINED = ("resnet18", "densenet121")


def both(name: str, size: int, samples: int, **overrides: Any) -> tuple[nbcnn.Model, torch.nn.Module, np.ndarray]:
    """Our network and torchvision's with its weights, and images whose statistics they have."""
    x = np.random.default_rng(0).standard_normal((samples, 3, size, size), dtype=np.float32)
    changes = {"input.shape": [3, size, size], "vars.classes": 10} | overrides
    model = nbcnn.Model(nbcnn.build(nbcnn.load_spec(SPECS / f"{name}.toml", changes)))
    theirs = models.get_model(THEIR_NAMES.get(name, name), weights=None, num_classes=10, **NETWORKS[name][1])
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


@pytest.mark.parametrize("name", TRAINED)
def test_ten_steps_of_training_agree(name: str) -> None:
    model, theirs, x = both(name, size=32, samples=8)
    y = np.arange(len(x)) % 4
    trainer = nbcnn.Trainer(model, optimizer={"type": "sgd", "lr": 0.01, "momentum": 0.9}, batch_size=len(x))
    optimizer = torch.optim.SGD(theirs.train().parameters(), lr=0.01, momentum=0.9)
    losses = []
    for _ in range(10):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(theirs(torch.from_numpy(x).double()), torch.from_numpy(y))
        loss.backward()
        optimizer.step()
        losses.append((trainer.step(x, y), float(loss.detach())))
    for ours, expected in losses:
        assert abs(ours - expected) <= 1e-3
    assert losses[-1][1] < 0.5 * losses[0][1]
