"""Which layers of two networks go together, and what tells them apart."""

from dataclasses import replace

from nbcnn.network import Network, build
from nbcnn.network.difference import difference, matched
from nbcnn.spec import load, parse

CONV = {"type": "conv", "out_channels": 4, "kernel_size": 3}


def net(*layers: dict, **more) -> Network:
    return build(parse({"input": {"shape": [1, 12, 12]}, "layers": list(layers)} | more))


def pairs(before: Network, after: Network) -> list[tuple[str | None, str | None]]:
    return [(old and old.name, new and new.name) for old, new in matched(before.layers, after.layers)]


def test_the_same_spec_is_the_same():
    found = difference(build(load("specs/resnet18.toml")), build(load("specs/resnet18.toml")))
    assert found.is_same and found.layers == () and found.settings == {}
    assert all(old == new for old, new in found.totals.values())


def test_layers_go_together_by_name_then_by_type_at_the_same_place():
    before = net(CONV | {"name": "a"}, {"type": "relu", "name": "r"}, CONV | {"name": "b"}, {"type": "flatten"})
    after = net(
        CONV | {"name": "first"},
        {"type": "batch_norm", "name": "n"},
        {"type": "relu", "name": "s"},
        CONV | {"name": "b"},
        {"type": "flatten"},
    )
    assert pairs(before, after) == [("a", "first"), (None, "n"), ("r", "s"), ("b", "b"), ("flatten1", "flatten1")]
    assert pairs(after, before) == [("first", "a"), ("n", None), ("s", "r"), ("b", "b"), ("flatten1", "flatten1")]


def test_one_layer_in_the_place_of_another_is_a_change_of_type():
    found = difference(
        net(CONV, {"type": "relu", "name": "r"}, CONV), net(CONV, {"type": "gelu", "name": "g"}, CONV)
    ).layers
    assert [each.kind for each in found] == ["changed"]
    assert found[0].fields["type"] == ("relu", "gelu") and found[0].fields["name"] == ("r", "g")


def test_a_changed_layer_and_those_that_it_affects():
    before = net(CONV, {"type": "relu"}, {"type": "flatten"}, {"type": "linear", "out_features": 3})
    after = net(CONV | {"stride": 2}, {"type": "relu"}, {"type": "flatten"}, {"type": "linear", "out_features": 3})
    found = difference(before, after)
    assert [(each.node.name, each.kind) for each in found.layers] == [
        ("conv1", "changed"),
        ("relu1", "affected"),
        ("flatten1", "affected"),
        ("linear1", "affected"),
    ]
    conv = found.layers[0]
    assert conv.fields == {"stride": (1, 2)}
    assert conv.results == {"output_shape": ((4, 10, 10), (4, 5, 5)), "macs": (3600, 900)}
    assert found.layers[3].results["params"] == (3 * 401, 3 * 101)
    assert found.totals["params"] == (before.params, after.params)


def test_a_removed_layer_stands_where_it_stood():
    before = net(CONV, {"type": "batch_norm", "name": "n"}, {"type": "relu"}, CONV)
    after = net(CONV, {"type": "relu"}, CONV)
    assert pairs(before, after) == [("conv1", "conv1"), ("n", None), ("relu1", "relu1"), ("conv2", "conv2")]
    found = difference(before, after)
    assert [(each.node.name, each.kind) for each in found.layers] == [("n", "removed"), ("relu1", "changed")]
    assert found.layers[1].fields == {"from": (["n"], ["conv1"])}


def test_a_renamed_layer_is_no_other_source():
    before = net(CONV | {"name": "a"}, {"type": "relu"})
    found = difference(before, net(CONV | {"name": "b"}, {"type": "relu"}))
    assert [each.node.name for each in found.layers] == ["b"]


def test_settings_outside_of_layers_have_dotted_keys():
    found = difference(net(CONV), net(CONV, train={"epochs": 3, "optimizer": {"type": "sgd", "lr": 0.5}}, name="x"))
    assert found.layers == () and not found.is_same
    assert found.settings["name"] == ("network", "x")
    assert found.settings["train.epochs"] == (10, 3)
    assert found.settings["train.optimizer.type"] == ("adam", "sgd")
    assert found.settings["train.optimizer.betas"][1] is None


def test_ten_thousand_layers_without_a_common_name_go_together_by_place():
    relu = net({"type": "relu", "name": "r"}).layers[0]
    before = [replace(relu, name=f"a{number}") for number in range(3000)]
    after = [replace(relu, name=f"b{number}") for number in range(3000)]
    found = matched(before, after)
    assert [(old.name, new.name) for old, new in found] == [(f"a{number}", f"b{number}") for number in range(3000)]
