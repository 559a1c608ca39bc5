"""Boxes do not overlap, lines lead down, and large networks are drawn by their blocks."""

from itertools import combinations

import pytest
from networks import conv, layer, network
from work import counted_work

from nbcnn import api
from nbcnn.network import Network
from nbcnn.pictures.graph import BOX, GAP, MANY, graph


def shipped(name: str) -> Network:
    return api.build(api.load_spec(f"specs/{name}.toml"))


@pytest.mark.parametrize("name", ["lenet5", "googlenet", "resnet18", "unet", "densenet121", "preact_resnet1001"])
def test_boxes_lie_apart_and_lines_lead_down(name: str) -> None:
    net = shipped(name)
    drawn = graph(net)
    assert sorted(number for box in drawn["boxes"] for number in box["layers"]) == list(range(len(net.layers)))
    rows: dict[float, list[float]] = {}
    for box in drawn["boxes"]:
        assert 0 <= box["x"] <= drawn["width"] - BOX[0] + 0.2 and 0 <= box["y"] <= drawn["height"] - BOX[1]
        rows.setdefault(box["y"], []).append(box["x"])
    for lefts in rows.values():
        assert all(abs(one - other) >= BOX[0] + GAP - 0.2 for one, other in combinations(lefts, 2))
    for line in drawn["lines"]:
        assert all(upper[1] < lower[1] for upper, lower in zip(line, line[1:], strict=False))


def test_what_follows_a_convolution_stands_in_its_box() -> None:
    net = network((1, 6, 6), conv(2, 3, name="a"), layer("batch_norm", activation="relu"), conv(2, 3, name="b"))
    boxes = graph(net)["boxes"]
    assert [(box["title"], box["subtitle"]) for box in boxes] == [
        ("input", ""),
        ("a", "conv 3 × 3, batch_norm, relu"),
        ("b", "conv 3 × 3"),
    ]
    assert boxes[1]["shape"] == [2, 4, 4]


def test_a_large_network_is_drawn_by_blocks() -> None:
    boxes = graph(shipped("resnet152"))["boxes"]
    assert len(boxes) <= MANY
    assert any(box["subtitle"].endswith(" layers") for box in boxes)


def test_thousands_of_layers_do_not_hang() -> None:
    deep = network((1, 4, 4), *(conv(1, 1) for _ in range(3000)))
    with counted_work(most=500_000):
        assert graph(deep) is None
    # Every layer of the first half is joined with one far below: more lines than can be drawn.
    names = [f"a{number}" for number in range(200)]
    wide = [conv(1, 1, name=name) for name in names]
    wide += [
        layer("add", name=f"b{number}", from_=[f"b{number - 1}" if number else "a199", names[number]])
        for number in range(199)
    ]
    joined = network((1, 4, 4), *wide)
    with counted_work(most=1_000_000):
        assert graph(joined) is None
