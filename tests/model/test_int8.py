"""A model compiled to int8 computes what plain NumPy does in whole numbers, near to what the model itself does."""

from typing import Any

import numpy as np
import pytest
from networks import FLATTEN, conv, layer, linear, network, pool
from numpy.typing import NDArray
from whole_numbers import outputs

from nbcnn.kernels.cpu.lanes import using
from nbcnn.kernels.cpu.quantised import products
from nbcnn.kernels.cpu.quantised.tile import has_instruction
from nbcnn.model import Model
from nbcnn.network import Network
from nbcnn.plan.calibration import calibrate
from nbcnn.plan.folding import fold
from nbcnn.plan.whole_numbers import divide

# Between them: channels that fill no word, no block and no tile, values below 0, and every layer that takes bytes.
NETWORKS = {
    "padding on all sides, strides, dilation, pools": (
        (3, 13, 10),
        conv(5, 3, padding=1, activation="relu"),
        pool("max", 2, ceil_mode=True),
        conv(18, 3, stride=(2, 1), padding=((1, 0), (0, 2))),
        conv(35, 2, dilation=2, padding=1, bias=False, activation="relu6"),
        pool("max", 3, stride=2, padding=1),
        FLATTEN,
        linear(70, activation="relu"),
        {"type": "dropout", "p": 0.5},
        linear(10),
    ),
    "one axis, true convolution": (
        (6, 37),
        conv(17, 5, stride=2, padding=2, flip=True),
        pool("max", 3, padding=1),
        conv(4, 3),
        FLATTEN,
        linear(3),
    ),
    "three axes": ((2, 5, 4, 6), conv(3, (2, 3, 2), padding=(1, 0, 1)), pool("max", (2, 1, 2)), FLATTEN, linear(4)),
    "branches": (
        (2, 6, 6),
        conv(20, 3, padding=1, name="stem"),
        conv(20, 3, padding=1, activation="relu", name="branch"),
        layer("add", from_=["stem", "branch"], activation="relu", name="sum"),
        conv(20, 1, name="again"),
        layer("add", from_=["again", "sum"]),
        FLATTEN,
        linear(5),
    ),
    "many channels of input, an image at the end": ((21, 4, 3), conv(40, 3, padding=1), conv(6, 1)),
    "linear alone": ((1, 3, 3), FLATTEN, linear(17), linear(2)),
}


def model_of(net: Network) -> Model:
    model = Model(net, seed=1)
    random = np.random.default_rng(1)
    for key, value in model.parameters.items():
        if key.endswith("bias"):
            value[...] = random.uniform(-0.5, 0.5, value.shape)
    channels = net.input_shape[0]
    model.normalization = {"mean": random.random(channels).tolist(), "std": random.uniform(0.2, 1, channels).tolist()}
    return model


def batch(net: Network, samples: int, seed: int = 0) -> NDArray[Any]:
    return np.random.default_rng(seed).integers(0, 256, (samples, *net.input_shape), np.uint8)


@pytest.fixture(params=[(16, True), (16, False), (8, True), (4, False)], ids=lambda each: f"{each[0]} lanes, {each[1]}")
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    lanes, by_instruction = request.param
    if by_instruction and not has_instruction():
        pytest.skip("this processor has no AVX-512 VNNI")
    monkeypatch.setattr(products, "has_instruction", lambda: by_instruction)
    with using(lanes):
        yield


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("batch_size", [1, 11])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_bits_as_plain_whole_numbers(name: str, batch_size: int) -> None:
    model = model_of(network(*NETWORKS[name]))
    x = batch(model.network, batch_size)
    folded, arrays = fold(model.network, model.parameters, model.buffers)
    division = divide(folded)
    scales = calibrate(folded, arrays, model.input_scale, x, division.scaled, None)
    compiled = model.compile(batch_size, dtype="int8", calibration=x)
    # Beyond what was calibrated, everything saturates.
    for inputs in (x, x.astype(np.float32) / 255, 3 * batch(model.network, batch_size, 1).astype(np.float32) / 255):
        expected = outputs(folded, division, arrays, model.input_scale, scales, inputs)
        assert np.array_equal(compiled(inputs), expected)
        assert np.array_equal(compiled(inputs[:1]), expected[:1])
