"""The words and numbers that a user writes for padding mean what they mean in PyTorch's modules."""

import numpy as np
import pytest
from tolerances import assert_close
from torch_operations import torch

from nbcnn import functional

MODULES = {1: torch.nn.Conv1d, 2: torch.nn.Conv2d, 3: torch.nn.Conv3d}
TRANSPOSED = {1: torch.nn.ConvTranspose1d, 2: torch.nn.ConvTranspose2d, 3: torch.nn.ConvTranspose3d}


def compare(module, function, x: np.ndarray, products: int, **arguments) -> None:
    expected = module(torch.from_numpy(x)).detach().numpy()
    weight, bias = module.weight.detach().numpy(), module.bias.detach().numpy()
    assert_close(function(x, weight, bias, **arguments), expected, "float32", "forward", products)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
@pytest.mark.parametrize("padding", ["same", "valid", 2])
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("kernel, dilation", [(4, 1), (3, 1), (2, 3)])
def test_conv(rank: int, mode: str, padding: str | int, kernel: int, dilation: int) -> None:
    torch.manual_seed(0)
    module = MODULES[rank](2, 3, kernel, padding=padding, padding_mode=mode, dilation=dilation)
    x = np.random.default_rng(0).standard_normal((2, 2, *(7, 6, 5)[:rank])).astype("float32")
    arguments = {"padding": padding, "padding_mode": mode, "dilation": dilation}
    compare(module, functional.conv, x, 2 * kernel**rank, **arguments)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_conv_transpose(rank: int) -> None:
    torch.manual_seed(0)
    module = TRANSPOSED[rank](4, 6, 3, stride=2, padding=1, output_padding=1, groups=2)
    x = np.random.default_rng(0).standard_normal((3, 4, *(4, 3, 2)[:rank])).astype("float32")
    compare(module, functional.conv_transpose, x, 2 * 3**rank, stride=2, padding=1, output_padding=1, groups=2)


@pytest.mark.parametrize("factor", [2, 3, 4, 5, 8])
@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_upsample_by_a_factor(factor: int, mode: str) -> None:
    x = np.random.default_rng(0).standard_normal((2, 3, 5, 4)).astype("float32")
    expected = torch.nn.Upsample(scale_factor=factor, mode=mode)(torch.from_numpy(x)).numpy()
    assert_close(functional.upsample(x, scale_factor=factor, mode=mode), expected, "float32", "forward", 4)
