"""Networks of torchvision, or any others of PyTorch, with weights that tell: and those weights in a Model of ours."""

import math
from collections.abc import Mapping

import numpy as np
import pytest
from torch_operations import torch

from nbcnn.model import Model


def _models():
    """`torchvision.models`; a test file that imports this one is skipped where torchvision is not installed."""
    try:
        return pytest.importorskip("torchvision.models")
    except RuntimeError:
        # A torchvision built for CUDA beside a PyTorch for the CPU lacks its compiled operations. No network here has
        # any, but importing it asks for these two.
        library = torch.library.Library("torchvision", "FRAGMENT")
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _KEPT.append(library)
        return pytest.importorskip("torchvision.models")


_KEPT: list[object] = []
"""Operations are taken back when their library is collected."""

models = _models()


def prepare(module: torch.nn.Module, x: np.ndarray, seed: int) -> torch.nn.Module:
    """The module in float64 with weights and running statistics drawn anew, in inference mode.

    He's weights and statistics near those of `x` keep numbers in bounds through all layers, and make what comes out
    depend on what goes in; statistics, factors and shifts that no two channels share show whether each is used.
    """
    draw = torch.Generator().manual_seed(seed)
    module = module.double()
    norms = [each for each in module.modules() if isinstance(each, torch.nn.modules.batchnorm._BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.ndim > 1:
                deviation = math.sqrt(2 / math.prod(parameter.shape[1:]))
                parameter.copy_(deviation * torch.randn(parameter.shape, generator=draw, dtype=torch.float64))
            else:
                parameter.copy_(0.1 * torch.randn(parameter.shape, generator=draw, dtype=torch.float64))
        for norm in norms:
            norm.momentum = 1.0
            norm.weight.copy_(0.5 + torch.rand(norm.weight.shape, generator=draw, dtype=torch.float64))
        module.train()(torch.from_numpy(x).double())
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
            spread = norm.running_var.sqrt()
            norm.running_mean += 0.1 * spread * torch.randn(spread.shape, generator=draw, dtype=torch.float64)
            norm.running_var *= 0.75 + 0.5 * torch.rand(spread.shape, generator=draw, dtype=torch.float64)
    return module.eval()


def arrays_of(model: Model) -> dict[str, np.ndarray]:
    """Parameters and running statistics of our model by key, layer by layer, as a state_dict has them."""
    known = {**model.parameters, **model.buffers}
    keys = [f"{node.name}.{name}" for node in model.network.layers for name in (*node.parameters, *node.buffers)]
    assert len(keys) == len(known)
    return {key: known[key] for key in keys}


def counterparts(state: Mapping[str, torch.Tensor], ours: Mapping[str, np.ndarray]) -> dict[str, str]:
    """For each of our keys that of the same array in a state_dict: of the same name, the others by their order.

    Those in order must agree in the last part of the name (weight, bias, running_mean) and in shape.
    """
    theirs = {key: tuple(tensor.shape) for key, tensor in state.items() if not key.endswith("num_batches_tracked")}
    left = [key for key in theirs if key not in ours]
    unnamed = [key for key in ours if key not in theirs]
    assert len(left) == len(unnamed), f"{len(left)} arrays in order where we have {len(unnamed)}"
    pairs = {key: key for key in ours if key in theirs} | dict(zip(unnamed, left, strict=True))
    for key, other in pairs.items():
        assert key.rpartition(".")[2] == other.rpartition(".")[2], f"{other} for {key}"
        assert ours[key].shape == theirs[other], f"{other} of shape {theirs[other]} for {key} of {ours[key].shape}"
    return pairs


def copy_weights(module: torch.nn.Module, model: Model) -> dict[str, str]:
    """Put the module's weights and running statistics into the model; returns which went where, ours to theirs."""
    state, ours = module.state_dict(), arrays_of(model)
    pairs = counterparts(state, ours)
    for key, other in pairs.items():
        ours[key][...] = state[other].numpy()
    return pairs
