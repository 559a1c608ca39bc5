"""The networks in specs/ for small devices, for pixels, for signals and for volumes have their published figures.

Sources. torchvision 0.28, `meta["num_params"]` and `meta["_ops"]` of each model's weights (billions of multiply-adds).
MobileNet v1: TF-Slim's mobilenet_v1.md and the table of https://github.com/osmr/imgclsmob for its widths; Keras's
`MobileNet` has 4,253,864, of which 21,888 are not trainable. U-Net: tf_unet's count for the network of figure 1, and
that of https://github.com/milesial/Pytorch-UNet for one class. M5: the tutorial "Speech Command Classification with
torchaudio". Receptive fields: https://github.com/google-research/receptive_field, RECEPTIVE_FIELD_TABLE.md.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import nbcnn

SPECS = Path(__file__).parents[2] / "specs"

TORCHVISION = {
    "mobilenet_v2": (3_504_872, 0.301),
    "mobilenet_v3_large": (5_483_032, 0.217),
    "mobilenet_v3_small": (2_542_856, 0.057),
    "shufflenet_v2": (2_278_604, 0.145),
    "efficientnet_b0": (5_288_548, 0.386),
    "convnext_tiny": (28_589_128, 4.456),
}
SHUFFLENETS = {  # stage channels, last: parameters, billions of multiply-adds
    (48, 96, 192, 1024): (1_366_792, 0.040),
    (176, 352, 704, 1024): (3_503_624, 0.296),
    (244, 488, 976, 2048): (7_393_996, 0.583),
}
MOBILENETS_V1 = {32: 4_231_976, 24: 2_585_560, 16: 1_331_592, 8: 470_072}


def network(name, **overrides):
    return _network(name, json.dumps(overrides))


@cache
def _network(name, overrides):
    return nbcnn.build(nbcnn.load_spec(SPECS / f"{name}.toml", json.loads(overrides)))


def macs(built):
    return built.report()["totals"]["macs"]


@pytest.mark.parametrize("name", TORCHVISION)
def test_networks_of_torchvision(name):
    built = network(name)
    params, billions = TORCHVISION[name]
    assert built.params == params
    assert round(macs(built) / 1e9, 3) == billions
    assert built.output_shape == (1000,)
    assert network(name, **{"vars.classes": 10}).output_shape == (10,)


@pytest.mark.parametrize("sizes", SHUFFLENETS)
def test_shufflenets_of_other_widths(sizes):
    names = ("vars.channels2", "vars.channels3", "vars.channels4", "vars.last")
    built = network("shufflenet_v2", **dict(zip(names, sizes, strict=True)))
    assert (built.params, round(macs(built) / 1e9, 3)) == SHUFFLENETS[sizes]


@pytest.mark.parametrize("width", MOBILENETS_V1)
def test_mobilenet_v1(width):
    built = network("mobilenet_v1", **{"vars.width": width})
    assert built.params == MOBILENETS_V1[width]
    assert built.output_shape == (1000,)


def test_mobilenet_v1_as_its_paper_counts_it():
    """Tables 6 and 8 of arXiv:1704.04861: 569, 325, 149 and 41 million multiply-adds; Keras's running statistics."""
    built = network("mobilenet_v1")
    assert built.params + built.report()["totals"]["buffers"] == 4_253_864
    for width, millions in ((32, 569), (24, 325), (16, 149), (8, 41)):
        assert macs(network("mobilenet_v1", **{"vars.width": width})) / 1e6 == pytest.approx(millions, abs=0.6)


# Of the first convolution and each block: receptive field, effective stride, effective padding for the size of image.
MOBILENET_V1_FIELDS = {
    224: [
        (3, 2, 0), (7, 2, 2), (11, 4, 2), (19, 4, 6), (27, 8, 6), (43, 8, 14), (59, 16, 14),
        (91, 16, 30), (123, 16, 46), (155, 16, 62), (187, 16, 78), (219, 16, 94), (251, 32, 94), (315, 32, 126),
    ],
    321: [
        (3, 2, 1), (7, 2, 3), (11, 4, 5), (19, 4, 9), (27, 8, 13), (43, 8, 21), (59, 16, 29),
        (91, 16, 45), (123, 16, 61), (155, 16, 77), (187, 16, 93), (219, 16, 109), (251, 32, 125), (315, 32, 157),
    ],
}  # fmt: skip


@pytest.mark.parametrize("size", MOBILENET_V1_FIELDS)
def test_receptive_fields_of_mobilenet_v1(size):
    built = network("mobilenet_v1", **{"input.shape": [3, size, size]})
    nodes = [node for node in built.layers if node.name == "conv1" or node.name.endswith(".pointwise")]
    assert MOBILENET_V1_FIELDS[size] == [(node.receptive_field[0], node.jump[0], -node.rf_start[0]) for node in nodes]


def test_the_halves_of_shufflenet_see_what_both_branches_see():
    built = network("shufflenet_v2")
    assert built["stage2.1.branch1"].receptive_field == built["stage2.0.both"].receptive_field
    assert built["stage2.1.both"].receptive_field == built["stage2.1.branch2.3"].receptive_field


def test_unet_has_the_sizes_of_figure_1():
    built = network("unet")
    assert built.params == 31_030_658
    shapes = [built[f"{name}.conv2"].output_shape for name in ("down1", "down2", "down3", "down4", "bottom")]
    assert shapes == [(64, 568, 568), (128, 280, 280), (256, 136, 136), (512, 64, 64), (1024, 28, 28)]
    shapes = [built[f"both{number}"].output_shape for number in (4, 3, 2, 1)]
    assert shapes == [(1024, 56, 56), (512, 104, 104), (256, 200, 200), (128, 392, 392)]
    assert built.output_shape == (2, 388, 388)


def test_the_padded_unet():
    assert network("unet_padded", **{"vars.classes": 1}).params == 31_037_633
    assert network("unet_padded").output_shape == (2, 256, 256)
    assert network("unet_padded", **{"input.shape": [3, 48, 32]}).output_shape == (2, 48, 32)


def test_m5():
    assert network("spoken_digits", **{"vars.classes": 35}).params == 26_915
    built = network("spoken_digits")
    assert [built[f"layer{number}.pool"].output_shape for number in (1, 2, 3, 4)] == [
        (32, 426),
        (32, 106),
        (64, 26),
        (64, 6),
    ]
    assert built.output_shape == (10,)


def test_the_fully_convolutional_network_for_time_series():
    built = network("gunpoint")
    assert built["layer3.bn_relu"].output_shape == (128, 150)
    # By layer, weights and two numbers for each channel of batch norm; then weights and biases of the classes.
    assert built.params == (8 * 1 * 128 + 256) + (5 * 128 * 256 + 512) + (3 * 256 * 128 + 256) + (128 * 2 + 2)


def test_r3d_18():
    built = network("r3d_18")
    assert (built.params, round(macs(built) / 1e9, 3)) == (33_371_472, 40.697)


def test_the_network_for_volumes():
    built = network("medmnist3d")
    sizes = [built[name].output_shape for name in ("conv1", "layer1.sum", "layer2.sum", "layer3.sum")]
    assert sizes == [(16, 14, 14, 14), (16, 14, 14, 14), (32, 7, 7, 7), (64, 4, 4, 4)]
    assert built.output_shape == (2,)


def drawn(shape, targets):
    """A small data set of noise, brighter where the class is 1, with the targets' shape."""
    random = np.random.default_rng(0)
    y = random.integers(0, 2, (24, *targets))
    x = random.standard_normal((24, *shape)).astype("float32")
    return x + 2.0 * y.reshape(24, 1, *(targets or (1,) * (len(shape) - 1))).astype("float32"), y


@pytest.mark.parametrize(
    "name, shape, targets, changes",
    [
        ("spoken_digits", (1, 6892), (), {}),
        ("gunpoint", (1, 150), (), {"train.epochs": 10}),
        ("medmnist3d", (1, 12, 12, 12), (), {}),
        pytest.param("unet_padded", (3, 16, 32), (16, 32), {"train.batch_size": 4}, marks=pytest.mark.slow),
    ],
)
def test_they_train_on_data_of_their_kind(tmp_path, name, shape, targets, changes):
    x, y = drawn(shape, targets)
    np.savez(tmp_path / "data.npz", x_train=x[:16], y_train=y[:16], x_test=x[16:], y_test=y[16:])
    sources = {"data.source": str(tmp_path / "data.npz"), "data.validation": 0.0, "input.shape": list(shape)}
    spec = nbcnn.load_spec(SPECS / f"{name}.toml", {"train.epochs": 8, "vars.classes": 2} | sources | changes)
    result = nbcnn.train(spec, out=tmp_path / "run")
    losses = [record.loss for record in result.history]
    assert losses[-1] < 0.7 * losses[0]
