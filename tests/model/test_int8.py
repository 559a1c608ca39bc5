"""A model compiled to int8 computes what plain NumPy does in whole numbers, near to what the model itself does."""

from typing import Any

import numpy as np
import pytest
from networks import FLATTEN, conv, layer, linear, network, pool
from numpy.typing import NDArray
from whole_numbers import outputs

from nbcnn.errors import InputError
from nbcnn.kernels.cpu.language.lanes import using
from nbcnn.kernels.cpu.quantised import products
from nbcnn.kernels.cpu.quantised.numbers import Scale, quantise_weights
from nbcnn.kernels.cpu.quantised.tile import has_instruction
from nbcnn.model import Model
from nbcnn.network import Network
from nbcnn.plan.calibration import calibrate
from nbcnn.plan.folding import fold
from nbcnn.plan.whole_numbers import divide
from nbcnn.training.threads import threads

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
    "one channel, words of columns": (
        (1, 7, 21),
        conv(6, 5, padding=2, stride=(1, 2), flip=True, activation="relu"),
        conv(5, 3, padding=1),
    ),
    "one channel, one axis, fewer columns than a vector": ((1, 9), conv(5, 4, padding=((3, 1),)), FLATTEN, linear(3)),
    "one channel, three axes": ((1, 3, 4, 5), conv(3, (2, 1, 3), padding=(0, 0, 1)), FLATTEN, linear(2)),
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


# Layers that compute in float32 between others that do not, on samples that are planes: a wrong plane is far off.
MIXED = {
    "functions, means and sizes": (
        (2, 12, 9),
        conv(6, 3, padding=1, activation="tanh"),
        pool("max", 2),
        conv(6, 3, padding=1, groups=6),
        layer("batch_norm"),
        layer("upsample", scale_factor=2),
        conv(7, 3, activation="relu"),
        layer("adaptive_avg_pool", output_size=[3, 2]),
        conv(20, 2, activation="silu"),
        layer("global_avg_pool"),
        FLATTEN,
        linear(9, activation="relu"),
        linear(4),
    ),
    "one axis": (
        (3, 30),
        conv(5, 3, activation="relu"),
        layer("adaptive_max_pool", output_size=7),
        conv(6, 3),
        pool("avg", 2),
        layer("global_max_pool"),
        FLATTEN,
        linear(3),
    ),
    "the input in both kinds of numbers, sums of three, two clamps": (
        (3, 8, 8),
        conv(3, 1, name="a"),
        conv(3, 3, padding=1, name="b", from_="input"),
        layer("add", from_=["input", "a", "b"], activation="relu6"),
        conv(5, 3, name="c"),
        layer("relu", name="d"),
        layer("add", from_=["c", "d"], name="e", activation="relu"),
        pool("max", 2),
        FLATTEN,
        linear(4, activation="relu"),
    ),
    "a sum with the input, of more channels than a word has": (
        (5, 6, 6),
        conv(5, 3, padding=1, name="a"),
        layer("add", from_=["input", "a"]),
        conv(5, 3),
    ),
}


@pytest.mark.parametrize("batch_size", [1, 11])
@pytest.mark.parametrize("name", [*NETWORKS, *MIXED])
def test_near_to_the_model(name: str, batch_size: int) -> None:
    model = model_of(network(*{**NETWORKS, **MIXED}[name]))
    for key, value in model.buffers.items():
        value[...] = 0.5 if key.endswith("var") else 0.2
    x = batch(model.network, 40)
    compiled = model.compile(batch_size, dtype="int8", calibration=x)
    expected = model(x)
    found = np.concatenate([compiled(x[start : start + batch_size]) for start in range(0, len(x), batch_size)])
    # A byte is within 1 / 510 of a range; the errors of some layers add up.
    assert np.abs(found - expected).max() <= 0.04 * np.abs(expected).max()


def test_the_same_bits_on_any_number_of_threads_and_in_any_batch() -> None:
    model = model_of(network((3, 16, 16), conv(64, 3, padding=1), conv(128, 3), pool("max", 2), FLATTEN, linear(100)))
    x = batch(model.network, 24)
    results = []
    for count in (1, 2):
        for batch_size in (1, 5, 24):
            with threads(count):
                compiled = model.compile(batch_size, dtype="int8", calibration=x)
                found = [compiled(x[start : start + batch_size]) for start in range(0, len(x), batch_size)]
            results.append(np.concatenate(found))
    assert all(np.array_equal(each, results[0]) for each in results)


def test_a_later_change_of_the_model_does_not_reach_it() -> None:
    model = model_of(network(*NETWORKS["linear alone"]))
    x = batch(model.network, 2)
    compiled = model.compile(2, dtype=np.int8, calibration=x)
    before = compiled(x)
    for value in model.parameters.values():
        value[...] = 0
    model.normalization = None
    assert np.array_equal(compiled(x), before)


def test_nothing_but_zeros() -> None:
    model = model_of(network((1, 4, 4), conv(3, 3, activation="relu"), conv(2, 1), FLATTEN, linear(2)))
    for value in model.parameters.values():
        value[...] = 0
    model.parameters["linear1.bias"][:] = (1e6, -3)
    model.normalization = None
    x = np.zeros((2, 1, 4, 4), np.float32)
    assert model.compile(2, dtype="int8", calibration=x)(x) == pytest.approx(np.tile([1e6, -3.0], (2, 1)))


@pytest.mark.parametrize(
    ("calibration", "message"),
    [
        (None, "calibration: samples that are like those to come are expected.*received none; give some hundred"),
        (np.zeros((0, 1, 3, 3), np.float32), "calibration: at least one sample is expected, received none"),
        (
            np.zeros((2, 3, 3), np.float32),
            "calibration: samples of shape .N, 1, 3, 3. are expected, received .2, 3, 3.",
        ),
        (np.full((2, 1, 3, 3), np.nan, np.float32), "calibration: finite numbers are expected, some are not"),
        (np.full((2, 1, 3, 3), 1e38, np.float32), 'calibration: the values of "linear1" reach from .* to inf'),
    ],
)
def test_calibration_that_does_not_do(calibration: Any, message: str) -> None:
    model = Model(network(*NETWORKS["linear alone"]))
    model.parameters["linear1.weight"][...] = 100
    with pytest.raises(InputError, match=message):
        model.compile(1, dtype="int8", calibration=calibration)


@pytest.mark.parametrize("dtype", ["int4", "float64", "bytes please", object()])
def test_a_dtype_that_there_is_not(dtype: Any) -> None:
    with pytest.raises(InputError, match='dtype: "float32" or "int8" is expected'):
        Model(network(*NETWORKS["linear alone"])).compile(1, dtype=dtype, calibration=np.zeros((1, 1, 3, 3)))


def test_calibration_of_float32() -> None:
    with pytest.raises(InputError, match='samples are expected with dtype="int8" alone'):
        Model(network(*NETWORKS["linear alone"])).compile(1, calibration=np.zeros((1, 1, 3, 3)))


def test_weights_that_are_not_finite() -> None:
    model = Model(network(*NETWORKS["linear alone"]))
    model.parameters["linear2.weight"][0, 0] = np.nan
    with pytest.raises(InputError, match="linear2.weight: finite numbers are expected"):
        model.compile(1, dtype="int8", calibration=np.ones((1, 1, 3, 3)))


@pytest.mark.parametrize(
    "refused",
    [layer("local_response_norm", size=3, name="it"), conv(4, 3, padding=1, padding_mode="reflect", name="it")],
)
def test_a_layer_that_it_cannot_have_is_named(refused: dict[str, Any]) -> None:
    model = Model(network((1, 6, 6), conv(4, 3), refused, FLATTEN, linear(3)))
    with pytest.raises(InputError, match=f'int8 has no version of layer "it" .{refused["type"]}.'):
        model.compile(1, dtype="int8", calibration=np.ones((1, 1, 6, 6)))


@pytest.mark.parametrize("limits", [(0.0, 6.0), (-1.0, 3.0), (-7.0, -2.0), (0.1, 0.2), (0.0, 0.0), (-1e-30, 1e-30)])
def test_numbers_come_back_from_bytes(limits: tuple[float, float]) -> None:
    scale = Scale.of(*limits)
    assert 0 <= scale.zero <= 255
    numbers = np.linspace(*limits, 1001)
    found = scale.step * (np.clip(np.rint(numbers / scale.step) + scale.zero, 0, 255) - scale.zero)
    assert np.abs(found - numbers).max() <= 0.501 * scale.step + 1e-12
    assert scale.step * (scale.zero - scale.zero) == 0


def test_sums_of_any_weights_have_room() -> None:
    random = np.random.default_rng(0)
    weight = np.stack([np.full(400_000, 0.5), random.standard_normal(400_000), np.zeros(400_000)]).astype(np.float32)
    bias = np.array([1e9, -1e30, 3.0], np.float32)
    whole = quantise_weights(weight, bias, 0.01)
    most = 255 * np.abs(whole.weight.astype(np.int64)).sum(axis=1) + np.abs(whole.bias.astype(np.int64))
    assert most.max() < 2**31
    assert whole.bias * whole.step == pytest.approx(bias, rel=1e-6)


def test_weights_are_within_half_a_step() -> None:
    weight = np.random.default_rng(0).standard_normal((5, 3, 3, 3)).astype(np.float32)
    whole = quantise_weights(weight, None, 0.02)
    step = (whole.step / 0.02).reshape(-1, 1, 1, 1)
    assert np.abs(whole.weight).reshape(5, -1).max(axis=1).tolist() == [127] * 5
    assert (np.abs(whole.weight * step - weight) <= 0.5001 * step).all()
