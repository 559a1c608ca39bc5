"""Every spec that is shipped builds, and the classics have their published figures."""

from pathlib import Path

import pytest

import nbcnn
from nbcnn.errors import SpecError
from nbcnn.spec import parse

SPECS = Path(__file__).parents[2] / "specs"
PATHS = sorted(SPECS.glob("*.toml"))


def network(name):
    return nbcnn.build(nbcnn.load_spec(SPECS / f"{name}.toml"))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_it_builds_and_says_where_it_comes_from(path):
    spec = nbcnn.load_spec(path)
    nbcnn.build(spec)
    assert spec.name == path.stem
    assert {"name", "train"} <= spec.model_fields_set
    comment = path.read_text(encoding="utf-8").partition("name =")[0]
    assert "Source: " in comment or "Data: " in comment
    assert parse(spec.resolved()) == spec


def test_there_are_specs():
    assert {path.stem for path in PATHS} >= {
        "digits", "fashion", "fashion_tuned", "lenet5", "lenet_relu", "lenet_sigmoid", "lenet_wide",
        "alexnet", "nin", "vgg11", "vgg13", "vgg16", "vgg19", "vgg11_bn", "vgg13_bn", "vgg16_bn", "vgg19_bn",
        "googlenet", "inception_v3", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "resnext50",
        "cifar_resnet20", "cifar_resnet32", "cifar_resnet44", "cifar_resnet56", "cifar_resnet110",
        "preact_resnet164", "preact_resnet1001", "wide_resnet28_10", "densenet121", "squeezenet1_0", "squeezenet1_1",
    }  # fmt: skip


@pytest.mark.parametrize(
    "name", ["digits", "fashion", "fashion_tuned", "lenet5", "lenet_relu", "lenet_sigmoid", "lenet_wide"]
)
def test_small_networks_come_with_their_data(name):
    assert network(name).output_shape == (10,)
    assert network(name).spec.data is not None


def test_lenet5_has_the_sizes_of_the_paper():
    lenet = network("lenet5")
    sizes = {name: lenet[name].output_shape for name in ("C1", "S2", "C3", "S4", "C5", "F6", "output")}
    assert sizes == {
        "C1": (6, 28, 28),
        "S2": (6, 14, 14),
        "C3": (16, 10, 10),
        "S4": (16, 5, 5),
        "C5": (120, 1, 1),
        "F6": (84,),
        "output": (10,),
    }
    assert lenet["C1"].params == 156
    assert lenet["C5"].params == 48_120
    assert lenet["F6"].params == 10_164
    assert lenet["C5"].receptive_field == (32, 32)
    assert lenet["C5"].rf_start == (-2, -2)


def test_document_000():
    lenet = network("lenet_relu")
    assert lenet.params == 61_706
    spec = nbcnn.load_spec(SPECS / "lenet_relu.toml", {"layers.conv1.padding": 0})
    with pytest.raises(SpecError, match="43:15: `fc1` declares 400 inputs but receives 256"):
        nbcnn.build(spec)


def test_document_002():
    documented, tuned = network("fashion"), network("fashion_tuned")
    assert documented["fc1"].input_shapes == ((192,),)
    assert documented.spec.layers == tuned.spec.layers
    train = documented.spec.train
    assert (train.epochs, train.batch_size, train.shuffle, train.optimizer.lr) == (5, 100, False, 0.01)


def test_document_003():
    lenet = network("lenet_wide")
    shapes = {name: lenet[name].output_shape for name in ("conv1", "pool1", "conv2", "pool2", "flatten1", "fc1", "fc2")}
    assert shapes == {
        "conv1": (20, 28, 28),
        "pool1": (20, 14, 14),
        "conv2": (50, 14, 14),
        "pool2": (50, 7, 7),
        "flatten1": (2450,),
        "fc1": (500,),
        "fc2": (10,),
    }
    rows = {row["name"]: row["parameters"] for row in lenet.report()["layers"]}
    assert rows["conv2"] == {"weight": [50, 20, 5, 5], "bias": [50]}
    assert rows["fc1"] == {"weight": [500, 2450], "bias": [500]}


def test_document_004():
    lenet = network("lenet_sigmoid")
    assert lenet["flatten1"].output_shape == (256,)
    assert lenet["fc2_sigmoid"].type == "sigmoid"
