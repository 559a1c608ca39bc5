"""The order in which layers are computed, where another than the spec's gives the same numbers for less work."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from nbcnn.network import Node

# Functions of single numbers that never fall: the largest of their values is the value of the largest. Where several
# numbers have one value because the function has levelled off, its gradient is nothing whichever of them gets it.
RISING = frozenset({"sigmoid", "tanh", "hard_sigmoid", "selu", "relu6"})
POOLS = frozenset({"max_pool", "min_pool", "adaptive_max_pool", "global_max_pool"})


def ordered(layers: Sequence[Node]) -> list[Node]:
    """The layers, with pools of extremes before rising functions that only they read: these have fewer numbers then."""
    readers = Counter(name for node in layers for name in node.inputs)
    found = list(layers)
    for number, (function, pool) in enumerate(zip(layers, layers[1:], strict=False)):
        if (
            function.operation in RISING
            and pool.operation in POOLS
            and pool.inputs == (function.name,)
            and readers[function.name] == 1
        ):
            found[number] = replace(pool, inputs=found[number].inputs)
            found[number + 1] = replace(function, inputs=(pool.name,))
            found[number + 2 :] = [_reading(node, pool.name, function.name) for node in found[number + 2 :]]
    return found


def _reading(node: Node, old: str, new: str) -> Node:
    return replace(node, inputs=tuple(new if name == old else name for name in node.inputs))
