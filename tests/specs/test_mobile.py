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


# Of each layer: receptive field, effective stride, effective padding.
MOBILENET_V1_FIELDS = {
    "conv1": (3, 2, 0),
    "conv2.depthwise": (7, 2, 2),
    "conv3.depthwise": (11, 4, 2),
    "conv4.depthwise": (19, 4, 6),
    "conv5.depthwise": (27, 8, 6),
    "conv6.depthwise": (43, 8, 14),
    "conv7.depthwise": (59, 16, 14),
    "conv8.4.depthwise": (219, 16, 94),
    "conv9.depthwise": (251, 32, 94),
    "conv10.pointwise": (315, 32, 126),
}


def test_receptive_fields_of_mobilenet_v1():
    """For 224 x 224; the table ends with (315, 32, 126)."""
    built = network("mobilenet_v1")
    for layer, (size, stride, padding) in MOBILENET_V1_FIELDS.items():
        node = built[layer]
        assert (layer, node.receptive_field, node.jump) == (layer, (size, size), (stride, stride))
        assert (layer, node.rf_start) == (layer, (-padding, -padding))


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
    assert [built[f"layer{number}.pool"].output_shape for number in (1, 2, 3, 4)] == [(32, 106), (32, 26), (64, 6), (64, 1)]
    assert built.output_shape == (10,)


def test_r3d_18():
    built = network("r3d_18")
    assert (built.params, round(macs(built) / 1e9, 3)) == (33_371_472, 40.697)


def test_the_network_for_volumes():
    built = network("medmnist3d")
    sizes = [built[name].output_shape for name in ("conv1", "layer1.sum", "layer2.sum", "layer3.sum")]
    assert sizes == [(16, 14, 14, 14), (16, 14, 14, 14), (32, 7, 7, 7), (64, 4, 4, 4)]
    assert built.output_shape == (2,)
