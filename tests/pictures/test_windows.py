"""The windows of all units in one pass are those that `rf` finds from each unit."""

import numpy as np
import pytest
from networks import FLATTEN, NETWORKS, conv, layer, linear, network, pool

from nbcnn.network import Network
from nbcnn.network.seen import seen
from nbcnn.pictures.windows import windows

HOLES = (
    (1, 9, 12),
    conv(2, 3, padding=1, name="a"),
    conv(2, 3, dilation=(3, 2), padding=(3, 2), name="b", from_="input"),
    layer("add", name="sum", from_=["a", "b"]),
    pool("max", 2, stride=2),
    layer("upsample", scale_factor=2),
    layer("conv_transpose", out_channels=2, kernel_size=3, stride=2),
    layer("adaptive_avg_pool", output_size=(4, 3)),
    FLATTEN,
    linear(3),
)
SQUEEZED = (
    (4, 6, 6),
    conv(4, 3, padding=1, name="a"),
    layer("global_avg_pool", name="mean"),
    conv(4, 1, name="gate", activation="sigmoid"),
    layer("multiply", from_=["a", "gate_sigmoid"]),
    conv(2, 3, groups=2),
)


def expanded(axis: dict, position: int, size: int) -> list[list[int]]:
    """What the page's script makes of an axis."""
    if "runs" in axis:
        return [list(run) for run in axis["runs"][position]]
    start = axis["start"] + axis["jump"] * position
    first, last = max(start, 0), min(start + axis["size"], size) - 1
    return [[first, last]] if first <= last else []


@pytest.mark.parametrize(
    "net",
    [network(*HOLES), network(*SQUEEZED), *(network(*each) for each in NETWORKS.values())],
    ids=["holes", "squeezed", *NETWORKS],
)
def test_every_unit_sees_what_rf_says(net: Network) -> None:
    found = windows(net)
    for node in net.layers:
        space = node.output_shape[1:]
        if not space or found[node.name] is None:
            continue
        described = found[node.name].as_dict(node)
        units = {tuple(0 for _ in space), tuple(size - 1 for size in space), tuple(size // 2 for size in space)}
        for unit in units:
            expected = seen(net, node.name, unit)
            assert len(described["axes"]) == expected.pixels.ndim
            for number, axis in enumerate(expected.axes):
                runs = expanded(described["axes"][number], unit[number], axis["pixels"])
                assert runs == axis["runs"], (node.name, unit, number)
            assert expected.has_product or not described["product"], (node.name, unit)


def test_arithmetic_is_enough_where_it_is_exact() -> None:
    net = network(*HOLES)
    found = windows(net)
    assert found["a"].as_dict(net["a"])["axes"][0] == {"start": -1, "jump": 1, "size": 3}
    assert "runs" in found["b"].as_dict(net["b"])["axes"][0]
    assert found["sum"].as_dict(net["sum"])["product"] is False


def test_numbers_dealt_out_anew_have_no_window() -> None:
    net = network(
        (1, 4, 6), conv(2, 3, padding=1), layer("reshape", name="dealt", shape=[4, 3, 4]), conv(1, 1, name="after")
    )
    found = windows(net)
    assert found["dealt"] is None and found["after"] is None and found["conv1"] is not None


def test_the_features_of_a_flat_layer_see_together_what_the_layer_before_sees() -> None:
    net = network((1, 5, 5), conv(1, 2, stride=2, name="a"), FLATTEN, linear(2))
    found = windows(net)["linear1"]
    assert [rows.shape for rows in found.axes] == [(1, 5), (1, 5)]
    assert np.flatnonzero(~found.axes[0][0]).tolist() == [4]
