"""The networks in specs/ have the figures that were published for them.

Sources. Parameters and operations of the networks for ImageNet: torchvision 0.28, `meta["num_params"]` and
`meta["_ops"]` of each model's weights; what is called GFLOPS there is multiply-adds, in billions, which are our MACs.
Parameters of the networks for CIFAR-10: the table of https://github.com/osmr/imgclsmob, the models of pytorchcv.
Receptive fields: https://github.com/google-research/receptive_field, RECEPTIVE_FIELD_TABLE.md, which belongs to Araujo,
Norris and Sim, Distill 2019.
"""

import json
from functools import cache
from pathlib import Path

import pytest

import nbcnn

SPECS = Path(__file__).parents[2] / "specs"

TORCHVISION = {
    "alexnet": (61_100_840, 0.714),
    "vgg11": (132_863_336, 7.609),
    "vgg13": (133_047_848, 11.308),
    "vgg16": (138_357_544, 15.470),
    "vgg19": (143_667_240, 19.632),
    "vgg11_bn": (132_868_840, 7.609),
    "vgg13_bn": (133_053_736, 11.308),
    "vgg16_bn": (138_365_992, 15.470),
    "vgg19_bn": (143_678_248, 19.632),
    "googlenet": (6_624_904, 1.498),
    # Published with the auxiliary classifier, which runs in training alone: its 3,326,696 parameters are taken out.
    "inception_v3": (27_161_264 - 3_326_696, 5.713),
    "resnet18": (11_689_512, 1.814),
    "resnet34": (21_797_672, 3.664),
    "resnet50": (25_557_032, 4.089),
    "resnet101": (44_549_160, 7.801),
    "resnet152": (60_192_808, 11.514),
    "resnext50": (25_028_904, 4.230),
    "densenet121": (7_978_856, 2.834),
    "squeezenet1_0": (1_248_424, 0.819),
    "squeezenet1_1": (1_235_496, 0.349),
}
PYTORCHCV = {
    "nin": 966_986,
    "cifar_resnet20": 272_474,
    "cifar_resnet56": 855_770,
    "cifar_resnet110": 1_730_714,
    "preact_resnet164": 1_703_258,
    "preact_resnet1001": 10_327_706,
    "wide_resnet28_10": 36_479_194,
}


def network(name, **overrides):
    return _network(name, json.dumps(overrides))


@cache
def _network(name, overrides):
    return nbcnn.build(nbcnn.load_spec(SPECS / f"{name}.toml", json.loads(overrides)))


def macs(built):
    return built.report()["totals"]["macs"]


@pytest.mark.parametrize("name", TORCHVISION)
def test_networks_for_imagenet(name):
    built = network(name)
    params, billions = TORCHVISION[name]
    assert built.params == params
    assert round(macs(built) / 1e9, 3) == billions
    assert built.output_shape == (1000,)


@pytest.mark.parametrize("name", PYTORCHCV)
def test_networks_for_cifar(name):
    built = network(name)
    assert built.params == PYTORCHCV[name]
    assert (built.input_shape, built.output_shape) == ((3, 32, 32), (10,))


@pytest.mark.parametrize(
    "depth, exact, millions",
    [(20, 269_722, 0.27), (32, 464_154, 0.46), (44, 658_586, 0.66), (56, 853_018, 0.85), (110, 1_727_962, 1.7)],
)
def test_the_papers_cifar_resnets_are_ours_less_their_projections(depth, exact, millions):
    """Table 6 of arXiv:1512.03385 counts shortcuts without parameters (option A)."""
    built = network(f"cifar_resnet{depth}")
    projections = sum(node.params for node in built.layers if ".downsample." in node.name)
    assert projections == 16 * 32 + 2 * 32 + 32 * 64 + 2 * 64
    assert built.params - projections == exact
    assert round(exact / 1e6, len(str(millions)) - 2) == millions
    weighted = [node for node in built.layers if node.type in ("conv", "linear") and ".downsample." not in node.name]
    assert len(weighted) == depth


def test_wide_resnets_as_their_paper_counts_them():
    assert round(network("wide_resnet28_10").params / 1e6, 1) == 36.5


def test_other_numbers_of_classes():
    assert network("resnet50", **{"vars.classes": 10}).output_shape == (10,)
    assert network("squeezenet1_1", **{"vars.classes": 10}).params == 1_235_496 - 990 * 513


def test_googlenet_as_in_the_paper():
    """With 5 x 5 kernels and biases for batch normalisation it is the 6,998,552 parameters of Caffe's definition."""
    built = network("googlenet", **{"vars.kernel": 5})
    normalisation = sum(node.params for node in built.layers if node.type == "batch_norm")
    assert built.params - normalisation // 2 == 6_998_552


def test_resnet_50_as_in_the_paper():
    """Table 1 of arXiv:1512.03385 has 3.8, 7.6 and 11.3 billion operations, with the stride in the first 1 x 1."""
    for name, billions in (("resnet50", 3.8), ("resnet101", 7.6), ("resnet152", 11.3)):
        built = network(name, **AS_IN_THE_PAPER)
        # 3.8 is truncated, the others are rounded.
        assert macs(built) / 1e9 == pytest.approx(billions, abs=0.06)
        assert built.params == TORCHVISION[name][0]


AS_IN_THE_PAPER = {"vars.stride_1x1": 2, "vars.stride_3x3": 1}
TF_SAME = {"layers.maxpool.padding": "same"}

# Of each layer: receptive field, effective stride, effective padding.
FIELDS = {
    # TF-Slim's alexnet_v2 is ours with padding = "VALID" in conv1.
    ("alexnet", "layers.conv1.padding", 0): {
        "conv1": (11, 4, 0),
        "pool1": (19, 8, 0),
        "conv2": (51, 8, 16),
        "conv3": (99, 16, 32),
        "conv4": (131, 16, 48),
        "conv5": (163, 16, 64),
        "pool5": (195, 32, 64),
    },
    ("vgg11",): {
        "stage1.0.conv": (3, 1, 1),
        "pool1": (4, 2, 1),
        "stage2.0.conv": (8, 2, 3),
        "pool2": (10, 4, 3),
        "stage3.0.conv": (18, 4, 7),
        "stage3.1.conv": (26, 4, 11),
        "pool3": (30, 8, 11),
        "stage4.0.conv": (46, 8, 19),
        "stage4.1.conv": (62, 8, 27),
        "pool4": (70, 16, 27),
        "stage5.0.conv": (102, 16, 43),
        "stage5.1.conv": (134, 16, 59),
        "pool5": (150, 32, 59),
    },
    ("vgg16",): {
        "stage1.0.conv": (3, 1, 1),
        "pool1": (6, 2, 2),
        "stage2.0.conv": (10, 2, 4),
        "pool2": (16, 4, 6),
        "stage3.0.conv": (24, 4, 10),
        "stage3.1.conv": (32, 4, 14),
        "pool3": (44, 8, 18),
        "stage4.0.conv": (60, 8, 26),
        "stage4.1.conv": (76, 8, 34),
        "pool4": (100, 16, 42),
        "stage5.0.conv": (132, 16, 58),
        "stage5.1.conv": (164, 16, 74),
        "pool5": (212, 32, 90),
    },
    ("inception_v3",): {
        "Conv2d_1a_3x3.conv": (3, 2, 0),
        "Conv2d_2a_3x3.conv": (7, 2, 0),
        "Conv2d_2b_3x3.conv": (11, 2, 2),
        "maxpool1": (15, 4, 2),
        "Conv2d_3b_1x1.conv": (15, 4, 2),
        "Conv2d_4a_3x3.conv": (23, 4, 2),
        "maxpool2": (31, 8, 2),
        "Mixed_5b.concat": (63, 8, 18),
        "Mixed_5c.concat": (95, 8, 34),
        "Mixed_5d.concat": (127, 8, 50),
        "Mixed_6a.concat": (159, 16, 58),
        "Mixed_6b.concat": (351, 16, 154),
        "Mixed_6c.concat": (543, 16, 250),
        "Mixed_6d.concat": (735, 16, 346),
        "Mixed_6e.concat": (927, 16, 442),
        "Mixed_7a.concat": (1055, 32, 490),
        "Mixed_7b.concat": (1183, 32, 554),
        "Mixed_7c.concat": (1311, 32, 618),
    },
}
# Of each of the four stages, for images of 224 x 224: receptive field, effective padding.
RESNETS = {
    "resnet50": [(35, 15), (99, 47), (291, 143), (483, 239)],
    "resnet101": [(35, 15), (99, 47), (835, 415), (1027, 511)],
    "resnet152": [(35, 15), (163, 79), (1315, 655), (1507, 751)],
}


@pytest.mark.parametrize("variant", FIELDS, ids=lambda variant: variant[0])
def test_receptive_fields(variant):
    name, *change = variant
    built = network(name, **dict([change] if change else []))
    for layer, (size, stride, padding) in FIELDS[variant].items():
        node = built[layer]
        assert (layer, node.receptive_field, node.jump) == (layer, (size, size), (stride, stride))
        assert (layer, node.rf_start) == (layer, (-padding, -padding))


def test_the_receptive_field_of_alexnet_does_not_depend_on_its_padding():
    pool = network("alexnet")["pool5"]
    assert (pool.receptive_field, pool.jump, pool.rf_start) == ((195, 195), (32, 32), (-66, -66))


@pytest.mark.parametrize("name", RESNETS)
def test_receptive_fields_of_resnets(name):
    """TF-Slim's networks take the strides in the last block of a stage, ours in the first of the next.

    Up to that stride units see the same, and at the end of the last stage they are as far apart. Its pool is padded as
    TensorFlow pads.
    """
    built = network(name, **AS_IN_THE_PAPER, **TF_SAME)
    for stage, (size, padding) in enumerate(RESNETS[name], 1):
        node = [node for node in built.layers if node.name.startswith(f"layer{stage}.")][-1]
        assert (node.receptive_field, node.rf_start) == ((size, size), (-padding, -padding))
    assert node.jump == (32, 32)


def test_a_stride_in_the_3_x_3_convolution_makes_the_receptive_field_smaller():
    """https://gist.github.com/samson-wang/a6073c18f2adf16e0ab5fb95b53db3e6 has these for torchvision's networks."""
    sizes = {"resnet18": 435, "resnet34": 899, "resnet50": 427, "resnet101": 971}
    for name, size in sizes.items():
        node = [node for node in network(name).layers if node.name.startswith("layer4.")][-1]
        assert node.receptive_field == (size, size)
