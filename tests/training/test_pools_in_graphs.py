"""Pools within networks: what a relu's gradient leaves to the pool behind it, in chains and where branches meet."""

import pytest
from networks import FLATTEN, conv, layer, linear, network, pool
from reference_training import SGD, follow

from nbcnn.kernels.cpu.language.lanes import using

RELU = {"type": "relu"}
END = (FLATTEN, linear(3))
SHAPE = (2, 8, 6)

NETWORKS = {
    "a relu read by a max pool alone": (conv(3, 3), RELU, pool("max", 2), *END),
    "a relu read by a min pool alone": (conv(3, 3), RELU, pool("min", 2), *END),
    "a relu read by an overlapping min pool": (conv(3, 3), RELU, pool("min", 3, stride=1), *END),
    "a relu read by an adaptive max pool": (conv(3, 3), RELU, layer("adaptive_max_pool", output_size=[4, 3]), *END),
    "a relu read by a global max pool": (conv(4, 3), RELU, layer("global_max_pool"), *END),
    "a max pool under a relu": (conv(3, 3), pool("max", 2), RELU, *END),
    "averages of relus": (conv(3, 3), RELU, layer("adaptive_avg_pool", output_size=3), *END),
    "a global average": (conv(5, 3), RELU, layer("global_avg_pool"), *END),
    "norms": (conv(3, 3), pool("lp", 2, norm_type=2.0), RELU, conv(3, 1), pool("lp", 2, norm_type=3.0), *END),
    "the two largest of a row": (conv(3, 3), RELU, layer("kmax_pool", k=2), *END),
    "a relu read by a max pool and a convolution": (
        conv(3, 3, name="a"),
        layer("relu", name="b"),
        pool("max", 2, name="c"),
        conv(2, 2, stride=2, from_="b", name="d"),
        layer("concat", from_=["c", "d"]),
        *END,
    ),
    "a relu read by two pools": (
        conv(3, 3, name="a"),
        layer("relu", name="b"),
        pool("max", 2, name="c"),
        pool("min", 2, from_="b", name="d"),
        layer("add", from_=["c", "d"]),
        *END,
    ),
    "a convolution read by a max pool and a relu": (
        conv(3, 3, name="a"),
        pool("max", 2, name="b"),
        layer("relu", from_="a", name="c"),
        pool("avg", 2, name="d"),
        layer("add", from_=["b", "d"]),
        *END,
    ),
    # The pool's gradient reaches the relu unchanged, but what won the pool is a sum and tells nothing about the relu.
    "a max pool of a relu plus the input": (
        conv(2, 3, padding=1, name="a"),
        layer("relu", name="b"),
        layer("add", from_=["b", "input"]),
        pool("max", 2),
        *END,
    ),
    "a min pool of the input plus a relu": (
        conv(2, 3, padding=1, name="a"),
        layer("relu", name="b"),
        layer("add", from_=["input", "b"]),
        pool("min", 2),
        *END,
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_trains_as_the_reference_does(name: str) -> None:
    follow(network(SHAPE, *NETWORKS[name]), SGD)


@pytest.mark.parametrize("kind", ["max", "min"])
def test_the_gradient_of_a_relu_is_left_to_the_pool_behind_it(kind: str) -> None:
    """One call less than with the pool before the relu, where the relu's gradient has a call of its own."""
    with using(8):
        behind = follow(network(SHAPE, conv(3, 3), RELU, pool(kind, 2), *END), SGD)
        before = follow(network(SHAPE, conv(3, 3), pool(kind, 2), RELU, *END), SGD)
    assert relu_gradients(behind) == 0
    assert relu_gradients(before) == 1


def relu_gradients(trainer) -> int:
    return sum("relu_gradient" in call.kernel.constants for call in trainer._plan.program.calls())
