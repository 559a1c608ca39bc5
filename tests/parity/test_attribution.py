"""Saliency and Grad-CAM beside PyTorch's own gradients of the same network."""

import numpy as np
import pytest
from torch_operations import torch
from torchvision_networks import copy_weights, models, prepare

import nbcnn


@pytest.fixture(scope="module")
def both() -> tuple[nbcnn.Model, torch.nn.Module, np.ndarray]:
    x = np.random.default_rng(0).standard_normal((4, 3, 64, 64), dtype=np.float32)
    model = nbcnn.Model(nbcnn.build(nbcnn.load_spec("specs/resnet18.toml", {"input.shape": [3, 64, 64]})))
    theirs = prepare(models.resnet18(num_classes=1000), x, seed=1)
    copy_weights(theirs, model)
    return model, theirs, x


def test_saliency(both) -> None:
    model, theirs, x = both
    inputs = torch.from_numpy(x).double().requires_grad_()
    scores = theirs(inputs)
    target = scores.argmax(1)
    scores.gather(1, target[:, None]).sum().backward()
    expected = inputs.grad.abs().amax(1).numpy()
    found = model.saliency(x)
    assert found.shape == expected.shape == (4, 64, 64)
    # A relu whose input is next to nothing may be open in the one and closed in the other.
    assert np.abs(found - expected).max() < 1e-3 * expected.max()


def test_grad_cam(both) -> None:
    model, theirs, x = both
    kept = []
    hook = theirs.layer3.register_forward_hook(lambda module, read, given: kept.append(given))
    scores = theirs(torch.from_numpy(x).double())
    hook.remove()
    (gradient,) = torch.autograd.grad(scores[:, 7].sum(), kept[0])
    expected = torch.relu((gradient.mean((2, 3), keepdim=True) * kept[0]).sum(1)).detach().numpy()
    layer = "layer3.1.sum_relu"
    found = model.grad_cam(x, layer, 7)
    assert found.shape == expected.shape == (4, 4, 4)
    assert np.abs(found - expected).max() < 1e-3 * expected.max()
    np.testing.assert_allclose(model.activations(x, layer), kept[0].detach().numpy(), rtol=1e-3, atol=1e-3)
