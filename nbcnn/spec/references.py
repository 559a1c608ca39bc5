"""What a name in `from` may stand for."""

from collections.abc import Iterable, Mapping

from nbcnn.layers.problems import Code, Problem
from nbcnn.spec.names import nearest
from nbcnn.spec.places import quoted

INPUT = "input"
"""The name of the network's input; in a block, of what the block reads."""


def unknown(name: str, owner: str, earlier: Iterable[str], later: Mapping[str, str]) -> Problem:
    """Why the layer `owner` cannot read `name`, which is none of the names `earlier` in the file; `later` holds the
    places of the layers that are not."""
    if name == owner:
        return Problem(
            Code.CYCLE, f"reads itself: from names {quoted(name)}", "name a layer that stands before", "from"
        )
    if name in later:
        rule = f"reads {quoted(name)}, which stands later in the file: {later[name]}"
        return Problem(Code.CYCLE, rule, "move that layer before this one; a network has no cycles", "from")
    close = nearest(name, earlier)
    cure = f'the nearest is "{close}"' if close else 'name a layer that stands before, or "input"'
    return Problem(Code.UNKNOWN_LAYER, f"from names no layer: {quoted(name)}", cure, "from")
