"""What a name in `from` may stand for, and which names a layer may have."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from nbcnn.layers.problems import Code, Problem
from nbcnn.spec.diagnostics import Diagnostic, Remark
from nbcnn.spec.names import nearest
from nbcnn.spec.places import Path, Place, quoted

INPUT = "input"
"""The name of the network's input; in a block, of what the block reads."""


def unknown(
    place: Place, field: Path, name: str, owner: str, earlier: Iterable[str], later: Mapping[str, Place]
) -> Diagnostic:
    """Why the layer `owner` at a place cannot read `name`, which is none of the names `earlier` in the file and stands
    in `field`; `later` holds the places of the layers that are not."""
    if name == owner:
        rule = f"reads itself: from names {quoted(name)}"
        return Diagnostic.at(place, Problem(Code.CYCLE, rule, "name a layer that stands before", field))
    if name in later:
        rule = f"reads {quoted(name)}, which stands later in the file: {later[name]}"
        cure = "move that layer before this one; a network has no cycles"
        found = Diagnostic.at(place, Problem(Code.CYCLE, rule, cure, field))
        return replace(found, notes=(Remark(f"{quoted(name)} is there", later[name].path),))
    close = nearest(name, earlier)
    cure = f'the nearest is "{close}"' if close else 'name a layer that stands before, or "input"'
    rule = f"from names no layer: {quoted(name)}"
    return Diagnostic.at(place, Problem(Code.UNKNOWN_LAYER, rule, cure, field, meant=close))


def taken(place: Place, name: str, owner: Place) -> Diagnostic:
    """Why a layer cannot have a name that another has."""
    rule = f"the name {name} is taken by {owner}"
    found = Diagnostic.at(place, Problem(Code.BAD_NAME, rule, "choose another name", "name"))
    return replace(found, notes=(Remark("the other is there", owner.path),) if owner.name else ())
