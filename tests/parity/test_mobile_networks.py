"""Networks of specs/ for small devices, and what came after them, beside torchvision's of the same weights.

In inference PyTorch computes in float64, so what is left between the two is this engine's rounding.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch_operations import torch
from torchvision_networks import arrays_of, counterparts, models, prepare

import nbcnn

SPECS = Path(__file__).parents[2] / "specs"

# Sizes of the input, and the name that torchvision has for the network.
NETWORKS = {
    "mobilenet_v2": ((64, 64), "mobilenet_v2"),
    "mobilenet_v3_large": ((64, 64), "mobilenet_v3_large"),
    "mobilenet_v3_small": ((64, 64), "mobilenet_v3_small"),
    "shufflenet_v2": ((64, 64), "shufflenet_v2_x1_0"),
    "efficientnet_b0": ((64, 64), "efficientnet_b0"),
    "convnext_tiny": ((64, 64), "convnext_tiny"),
    "r3d_18": ((4, 32, 32), "r3d_18"),
}
NAMED_OTHERWISE = ("r3d_18",)


def never_dropping(module: torch.nn.Module) -> torch.nn.Module:
    """The module without chance in training mode, in which `prepare` measures its statistics."""
    for each in module.modules():
        if hasattr(each, "p"):
            each.p = 0.0
    return module


@torch.no_grad()
def lively(module: torch.nn.Module) -> None:
    """Bring the weights of layer norms near 1: near 0, where `prepare` puts them, little is left of the input."""
    for each in module.modules():
        if isinstance(each, torch.nn.LayerNorm):
            each.weight += 1.0


@torch.no_grad()
def away_from_kinks(module: torch.nn.Module) -> None:
    """Let most numbers that reach a relu6 lie well between its kinks.

    A number that rounds to the other side of a kink changes the whole gradient: among millions some do, and PyTorch in
    float32 is then as far from itself in float64 after two steps (0.1 in the loss) as any two runs.
    """
    for each in module.modules():
        if isinstance(each, torch.nn.Sequential) and isinstance(each[-1], torch.nn.ReLU6):
            each[1].bias.fill_(3.0)
            each[1].weight *= 0.5


def both(
    name: str, samples: int, change: Callable[[torch.nn.Module], None] = lively, **overrides: Any
) -> tuple[nbcnn.Model, torch.nn.Module, np.ndarray]:
    """Our network and torchvision's with its weights, for 10 classes, and images whose statistics they have."""
    space, theirs = NETWORKS[name]
    x = np.random.default_rng(0).standard_normal((samples, 3, *space), dtype=np.float32)
    changes = {"input.shape": [3, *space], "vars.classes": 10} | overrides
    model = nbcnn.Model(nbcnn.build(nbcnn.load_spec(SPECS / f"{name}.toml", changes)))
    module = prepare(never_dropping(models.get_model(theirs, weights=None, num_classes=10)), x, seed=1)
    change(module)
    ours, state = arrays_of(model), as_ours(module)
    pairs = counterparts(state, ours)
    if name not in NAMED_OTHERWISE:
        assert all(key == other for key, other in pairs.items())
    for key, other in pairs.items():
        ours[key][...] = state[other].numpy()
    return model, module, x


def as_ours(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """The module's state, with ConvNeXt's linear layers as 1 x 1 convolutions and its factors by channel."""
    state = {}
    for key, tensor in module.state_dict().items():
        if key.endswith("layer_scale"):
            key, tensor = f"{key}.weight", tensor.flatten()
        elif ".block." in key and tensor.ndim == 2:
            tensor = tensor[:, :, None, None]
        state[key] = tensor
    return state


@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_agree(name: str) -> None:
    model, theirs, x = both(name, samples=3)
    with torch.no_grad():
        expected = theirs(torch.from_numpy(x).double()).numpy()
    scale = np.abs(expected).max()
    # A network that says the same whatever it sees, or 0, would agree with many others.
    assert np.abs(expected - expected[0]).max() > 0.05 * scale > 0
    assert np.abs(model(x) - expected).max() <= 1e-4 * scale


@pytest.mark.slow
def test_ten_steps_of_training_agree() -> None:
    """In float32, which takes PyTorch's depthwise convolutions a tenth of the time."""
    model, theirs, x = both("mobilenet_v2", samples=8, change=away_from_kinks, **{"vars.dropout": 0.0})
    y = np.arange(len(x)) % 4
    trainer = nbcnn.Trainer(model, optimizer={"type": "sgd", "lr": 0.001, "momentum": 0.9}, batch_size=len(x))
    optimizer = torch.optim.SGD(theirs.float().train().parameters(), lr=0.001, momentum=0.9)
    losses = []
    for _ in range(10):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(theirs(torch.from_numpy(x)), torch.from_numpy(y))
        loss.backward()
        optimizer.step()
        losses.append((trainer.step(x, y), float(loss.detach())))
    for ours, expected in losses:
        assert abs(ours - expected) <= 1e-3
    assert losses[-1][1] < 0.5 * losses[0][1]
