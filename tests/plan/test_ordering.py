"""Pools of extremes go before functions that never fall, and nothing else changes places."""

from typing import Any

import pytest
from networks import FLATTEN, conv, linear, network, pool

from nbcnn.plan.ordering import ordered


def operations(*layers: dict[str, Any]) -> list[str]:
    return [node.operation for node in ordered(network((1, 8, 8), *layers, FLATTEN, linear(2)).layers)]


@pytest.mark.parametrize("function", ["sigmoid", "tanh", "hard_sigmoid", "selu", "relu6"])
def test_a_pool_goes_before_a_rising_function(function: str) -> None:
    assert operations({"type": function}, pool("max", 2))[:2] == ["max_pool", function]
    assert operations({"type": function}, pool("min", 2))[:2] == ["min_pool", function]


@pytest.mark.parametrize(
    "layers",
    [
        ({"type": "silu"}, pool("max", 2)),
        ({"type": "sigmoid"}, pool("avg", 2)),
        (pool("max", 2), {"type": "sigmoid"}),
        ({"type": "sigmoid"}, conv(2, 1), pool("max", 2)),
        (
            {"type": "sigmoid", "name": "read"},
            pool("max", 3, stride=1, padding=1, name="pooled"),
            {"type": "add", "from": ["read", "pooled"]},
        ),
    ],
)
def test_nothing_else_changes_places(layers: tuple[dict[str, Any], ...]) -> None:
    found = network((1, 8, 8), *layers, FLATTEN, linear(2))
    assert ordered(found.layers) == list(found.layers)


def test_readers_follow_the_numbers() -> None:
    layers = ({"type": "tanh", "name": "act"}, pool("max", 2, name="pooled"), conv(1, 1, name="a", from_="pooled"))
    join = {"type": "add", "name": "sum", "from": ["a", "pooled"]}
    found = {node.name: node.inputs for node in ordered(network((1, 8, 8), *layers, join, FLATTEN, linear(2)).layers)}
    assert found["pooled"] == ("input",) and found["act"] == ("pooled",)
    assert found["a"] == ("act",) and found["sum"] == ("a", "act")
