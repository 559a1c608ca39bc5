"""What may cure an error of shapes: changes of the spec, the likeliest first, each still to be tried."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count, islice
from math import prod
from typing import Any

from nbcnn.layers.base import Layer
from nbcnn.layers.fields import MOST_NAME
from nbcnn.layers.problems import Code
from nbcnn.network.trail import Step, Trail, shared, sizes_text
from nbcnn.spec import Diagnostic
from nbcnn.spec.diagnostics import Change, Remark
from nbcnn.spec.edits import delete, insert, put
from nbcnn.spec.references import INPUT

LARGEST_PADDING = 8
LEAST_PIXELS = 5
"""A last axis of fewer pixels, and as many channels or more, are channels that were written last."""
MOST_GROUPS = 512
"""Groups from which fewer are looked for one by one."""


def changes(diagnostic: Diagnostic, step: Step, trail: Trail) -> Iterable[Change]:
    """Changes that may cure an error of the layer of a step."""
    match diagnostic.code:
        case Code.DECLARED_SIZE:
            return _declared(diagnostic, step, trail)
        case Code.NOT_FLAT:
            return _flattened(step, trail)
        case Code.WINDOW_TOO_LARGE:
            return _smaller_windows(diagnostic, step, trail)
        case Code.BAD_GROUPS:
            return _other_groups(diagnostic, step, trail)
        case Code.BAD_PADDING:
            return (_set(step, "padding", value) for value in _downwards(getattr(step.layer, "padding", 0)))
        case Code.WRONG_AXES:
            return _other_axes(diagnostic, step, trail)
        case Code.SHAPES_DIFFER:
            return _joined(step, trail)
        case Code.UNUSED_OUTPUT:
            return _without(step, f'name it in a later layer, from = "{step.layer.name}", or delete it')
        case Code.NOTHING_TO_NORMALISE:
            return chain(
                [_set(step, "num_groups", 1)] if step.layer.type == "group_norm" else [],
                _without(step, f"delete `{step.place.name}`"),
            )
        case Code.BAD_NAME:
            return _renamed(step, trail)
        case Code.WRONG_VALUE if step.layer.type == "kmax_pool" and isinstance(getattr(step.layer, "k", 0.5), int):
            length = getattr(step.layer, "kernel_size", None) or (trail.shape(step.sources[0]) or (1,))[-1]
            return (_set(step, "k", length),)
        case Code.WRONG_VALUE if step.layer.type == "reshape":
            shape = [*getattr(step.layer, "shape", ())]
            return (_set(step, "shape", [*shape[:at], -1, *shape[at + 1 :]]) for at in range(len(shape)))
        case _:
            return ()


def _without(step: Step, words: str) -> Iterator[Change]:
    """The spec less the layer, unless a block brings it."""
    if not step.place.uses:
        yield Change(words, (delete(step.place.path),))


def _renamed(step: Step, trail: Trail) -> Iterator[Change]:
    """A name that is free: the old one and a number."""
    name = str(step.layer.name)
    if not step.place.uses and len(name) < MOST_NAME - 4:
        free = next(f"{name}_{number}" for number in count(2) if f"{name}_{number}" not in trail.steps)
        yield Change(f'choose another name, such as name = "{free}"', (put((*step.place.path, "name"), free),))


def _declared(diagnostic: Diagnostic, step: Step, trail: Trail) -> Iterator[Change]:
    """Leave the size out, or make the layers before give it."""
    path = diagnostic.path or ()
    declared = getattr(step.layer, str(path[-1]))
    if path[-1] not in ("in_features", "in_channels"):
        return
    yield Change("delete this line; the value is inferred", (delete(path),), safe=True)
    way = trail.before(step.sources[0])
    before = trail.image(way)
    if before is None:
        yield from _other_channels(way, declared, trail)
        return
    wanted, rest = divmod(declared, before[0])
    padded = list(islice(_paddings(way, before[0], wanted, trail), 1)) if not rest else []
    yield from padded
    if not padded and not declared % prod(before[1:]):
        yield from _other_channels(way, declared // prod(before[1:]), trail)


def _paddings(way: Sequence[str], channels: int, positions: int, trail: Trail) -> Iterator[Change]:
    """Padding of one layer by which the way ends with so many positions in each channel."""
    start, shown = trail.shape(way[0]), trail.resizing(way)
    for step in trail.written_once(way[1:]):
        if getattr(step.layer, "padding", None) != 0 or step.layer.type == "pad":
            continue
        for padding in range(1, LARGEST_PADDING + 1):
            shapes = trail.run(way, start, trail.with_key(step, "padding", padding)) if start else None
            if shapes and shapes[-1] == (channels * positions,):
                sizes = [shape for each, shape in zip(way, shapes, strict=True) if each == way[0] or each in shown]
                images = " -> ".join(sizes_text(shape) for shape in sizes if len(shape) > 1)
                yield _set_on(step, "padding", padding, f": {images}")
                break


def _other_channels(way: Sequence[str], wanted: int, trail: Trail) -> Iterator[Change]:
    """Let the last layer of a way that chooses its channels, or the input, have so many."""
    for name in reversed(way[1:]):
        layer = trail.steps[name].layer
        for key in ("out_channels", "out_features"):
            if hasattr(layer, key):
                yield _set_on(trail.steps[name], key, wanted)
                return
    if way[0] == INPUT:
        shape = [wanted, *trail.input[1:]]
        yield Change(Remark(f"set shape = {shape} in [input]", ("input", "shape")), (put(("input", "shape"), shape),))


def _flattened(step: Step, trail: Trail) -> Iterator[Change]:
    shape = trail.shape(step.sources[0]) or ()
    table: dict[str, Any] = {"type": "flatten"}
    edits = [insert(step.place.path, table)]
    if step.layer.from_ is not None:
        table |= {"name": f"{step.layer.name}_flatten".rpartition(".")[2], "from": step.layer.from_}
        edits.insert(0, delete((*step.place.path, "from")))
    words = f'insert a layer of type = "flatten" before it: {" x ".join(map(str, shape))} = {prod(shape)} features'
    if getattr(step.layer, "in_features", None) not in (None, prod(shape)):
        edits.insert(0, delete((*step.place.path, "in_features")))
        words += ", and delete in_features; the value is inferred"
    yield Change(words, tuple(edits), safe=True)


def _smaller_windows(diagnostic: Diagnostic, step: Step, trail: Trail) -> Iterator[Change]:
    """The largest kernel that fits, padding that lets it fit, or one layer before less."""
    kernel, padding = getattr(step.layer, "kernel_size", None), getattr(step.layer, "padding", 0)
    shape, name = trail.shape(step.sources[0]) or (), step.place.name or ""
    last = diagnostic.path[-1] if diagnostic.path else 0
    axis = last if isinstance(last, int) else 0
    largest = kernel[axis] if isinstance(kernel, tuple) else kernel or 0
    if axis == len(trail.input) - 2 and trail.input[-1] < LEAST_PIXELS <= trail.input[0]:
        channels_first = [trail.input[-1], *trail.input[:-1]]
        words = Remark(f"set shape = {channels_first} in [input]", ("input", "shape"), "; channels come first")
        yield Change(words, (put(("input", "shape"), channels_first),))
    for size in range(min(largest, max(shape[1:], default=1) + 2 * LARGEST_PADDING + 1) - 1, 0, -1):
        smaller = (*kernel[:axis], size, *kernel[axis + 1 :]) if isinstance(kernel, tuple) else size
        if trail.run(["", name], shape, {name: step.layer.model_copy(update={"kernel_size": smaller})}):
            yield _set(step, "kernel_size", _plain(smaller))
            break
    if isinstance(padding, int):
        for more in range(padding + 1, padding + LARGEST_PADDING + 1):
            layer = step.layer.model_copy(update={"padding": more})
            if trail.run(["", name], shape, {name: layer}):
                yield _set(step, "padding", more)
                break
    way = trail.before(step.sources[0])
    for each in reversed(trail.written_once(trail.resizing(way))):
        if each.layer.type.endswith("_pool"):
            path = each.place.path
            yield Change(Remark(f"delete `{each.place.name}`", path), (delete(path),))
            break


def _other_groups(diagnostic: Diagnostic, step: Step, trail: Trail) -> Iterator[Change]:
    """Fewer groups, or as many channels as the groups share out."""
    key = str((diagnostic.path or ("",))[-1])
    groups = getattr(step.layer, key, 1)
    for fewer in range(min(groups, MOST_GROUPS) - 1, 0, -1):
        change = _set(step, key, fewer)
        channels = ((trail.shape(step.sources[0]) or (1,))[0], getattr(step.layer, "out_channels", fewer))
        if not any(each % fewer for each in channels):
            yield change
            break
    out = getattr(step.layer, "out_channels", None)
    if out is not None:
        yield _set(step, "out_channels", -(-out // groups) * groups)


def _other_axes(diagnostic: Diagnostic, step: Step, trail: Trail) -> Iterator[Change]:
    """As many entries as there are axes, or no flatten before a layer that reads images."""
    key = str((diagnostic.path or ("",))[-1])
    value = getattr(step.layer, key, None)
    rank = len(trail.shape(step.sources[0]) or ()) - 1
    if isinstance(value, tuple) and rank > 0:
        entries = [*value[:rank], *(value[-1:] * (rank - len(value)))]
        yield _set(step, key, entries[0] if len({*map(str, entries)}) == 1 else [*map(_plain, entries)])
    before = trail.steps.get(step.sources[0])
    if before is not None and before.layer.type == "flatten":
        path = before.place.path
        yield Change(Remark(f"delete `{step.sources[0]}`", path), (delete(path),))


def _joined(step: Step, trail: Trail) -> Iterator[Change]:
    """Make the inputs of one shape: by padding, by strides, by channels, or by a convolution on one of them."""
    ways = [trail.before(name) for name in step.sources]
    begin = shared(ways)
    channels = (trail.shape(step.sources[0]) or (1,))[0]
    steps = trail.written_once(name for way in ways for name in way[max(begin, 1) :])
    channels_matter = step.layer.type != "concat"
    if step.layer.type == "multiply" and len(step.sources) == 2:
        larger_first = [*reversed(step.sources)] if not step.place.uses else []  # in a block, names have a prefix
        yield Change("name the larger input first", (put((*step.place.path, "from"), larger_first),), safe=True)
    for each in steps:
        if getattr(each.layer, "padding", None) == 0 and isinstance(
            kernel := getattr(each.layer, "kernel_size", 0), int
        ):
            for padding in range(1, min(kernel, LARGEST_PADDING + 1)):
                if _goes_together(ways, trail.with_key(each, "padding", padding), trail, channels_matter):
                    yield _set_on(each, "padding", padding)
    for each in steps:
        for key, value in (("stride", 1), ("stride", 2), ("out_channels", channels), ("out_features", channels)):
            if getattr(each.layer, key, value) != value:
                changed = trail.with_key(each, key, value)
                if step.layer.type == "multiply" or _goes_together(ways, changed, trail, channels_matter):
                    yield _set_on(each, key, value)
    if step.layer.type == "add":
        yield from _shortcuts(step, trail)


def _goes_together(ways: Sequence[Sequence[str]], changed: dict[str, Layer], trail: Trail, channels: bool) -> bool:
    """Whether the ways would end with one shape; `channels` says whether these count."""
    ends = set()
    for way in ways:
        start = trail.shape(way[0])
        shapes = trail.run(way, start, changed) if start else None
        if not shapes:
            return False
        ends.add(shapes[-1] if channels else shapes[-1][1:])
    return len(ends) == 1


def _shortcuts(step: Step, trail: Trail) -> Iterator[Change]:
    """A convolution of single pixels on the larger input."""
    shapes = [trail.shape(name) or () for name in step.sources]
    if len(shapes) != 2 or min(map(len, shapes)) < 2 or len(shapes[0]) != len(shapes[1]):
        return
    larger = int(prod(shapes[1][1:]) >= prod(shapes[0][1:]))
    smaller = shapes[1 - larger]
    strides = {-(-size // other) for size, other in zip(shapes[larger][1:], smaller[1:], strict=True)}
    if len(strides) > 1:
        return
    name, source = f"{step.layer.name}_shortcut", step.sources[larger]
    local = name.rpartition(".")[2]
    written = [*step.sources]
    if step.place.uses:  # names within a block are told from there
        return
    written[larger] = local
    stride = strides.pop()
    conv = {"type": "conv", "name": local, "from": source, "out_channels": smaller[0], "kernel_size": 1}
    said = f"kernel_size = 1, out_channels = {smaller[0]}"
    if stride > 1:
        conv["stride"] = stride
        said += f", stride = {stride}"
    path = step.place.path
    edits = put((*path, "from"), written), insert(path, conv)
    yield Change(f'add a conv from = "{source}" with {said}, and name it here', edits)


def _set(step: Step, key: str, value: Any) -> Change:
    """Set a key of the layer with the error."""
    return Change(f"set {key} = {value}", (put((*step.place.path, key), value),))


def _set_on(step: Step, key: str, value: Any, after: str = "") -> Change:
    """Set a key of another layer, and of all that a block lays out in its place."""
    name = f"`{step.place.name}`"
    if step.place.uses:
        local = str(step.place.name).removeprefix(f"{step.place.uses[-1].name}.")
        name = f'`{local}` of block "{step.place.uses[-1].block}"'
    remark = Remark(f"set {key} = {value} on {name}", step.place.path, after)
    return Change(remark, (put((*step.place.path, key), value),))


def _downwards(value: Any) -> Iterator[int]:
    """Half of a number, half of that, and so on."""
    while isinstance(value, int) and value > 0:
        value //= 2
        yield value


def _plain(value: Any) -> Any:
    return [*value] if isinstance(value, tuple) else value
