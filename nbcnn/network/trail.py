"""How a shape came about: the layers from the input to one of them, and what each makes of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from nbcnn.layers.axes import Shape
from nbcnn.layers.base import Layer
from nbcnn.layers.problems import Problem
from nbcnn.spec import Spec
from nbcnn.spec.places import Path, Place
from nbcnn.spec.references import INPUT

MOST_SHOWN = 10
"""Layers in one note; of a longer way the middle is left out."""

MOST_RUN = 30_000
"""Layers whose shapes are looked at in all, so that a large spec is answered soon as well."""


@dataclass(frozen=True)
class Step:
    """A layer with the names that it reads, and the shape of its output, where that is known."""

    layer: Layer
    place: Place
    sources: tuple[str, ...]
    shape: Shape | None


class Trail:
    """The layers of a spec by their names, from the input on."""

    def __init__(self, spec: Spec, shapes: Mapping[str, Shape | None]):
        self.input = spec.input.shape
        self._left = MOST_RUN
        self.steps: dict[str, Step] = {}
        self.placed: dict[Place, Step] = {}
        self._written: dict[Path, list[str]] = {}
        before = INPUT
        for layer, place in zip(spec.layers, spec.places, strict=True):
            name = str(layer.name)
            step = Step(layer, place, layer.sources or (before,), shapes.get(name))
            self.steps.setdefault(name, step)
            self.placed[place] = step
            self._written.setdefault(place.path, []).append(name)
            before = name

    def shape(self, name: str) -> Shape | None:
        return self.input if name == INPUT else self.steps[name].shape if name in self.steps else None

    def before(self, name: str) -> list[str]:
        """What leads to a name, which comes last: from the input, or from the last layer that reads several."""
        way = {name: None}
        while (step := self.steps.get(name)) and len(step.sources) == 1 and step.sources[0] not in way:
            name = step.sources[0]
            way[name] = None
        return [*way][::-1]

    def image(self, way: Sequence[str]) -> Shape | None:
        """The image that a way flattens at its end; None where it does not."""
        return unflattened([self.shape(name) for name in way])

    def with_key(self, step: Step, key: str, value: Any) -> dict[str, Layer]:
        """The layers that change where a key is written: several, where a block is laid out more than once."""
        names = self._written[step.place.path]
        return {name: self.steps[name].layer.model_copy(update={key: value}) for name in names}

    def written_once(self, names: Iterable[str]) -> list[Step]:
        """The layers of these names, one for each place where they are written."""
        found = {self.steps[name].place.path: self.steps[name] for name in names if name in self.steps}
        return [*found.values()]

    def resizing(self, way: Sequence[str]) -> list[str]:
        """The layers of a way that change spatial sizes, or make an image flat."""
        pairs = zip(way, way[1:], strict=False)
        return [name for last, name in pairs if (self.shape(last) or ())[1:] != (self.shape(name) or ())[1:]]

    def text(self, way: Sequence[str], *, channels: bool = False) -> str | None:
        """`input 1x28x28 -> conv1 24x24 -> pool1 12x12; flatten gives 6 x 12 x 12 = 864`; None where nothing changes.

        With `channels`, layers that change nothing else are told as well.
        """
        shapes = [self.shape(name) for name in way]
        if not way or None in shapes:
            return None
        parts, flat = [f"{way[0]} {_joined(shapes[0])}"], ""
        for name, before, after in zip(way[1:], shapes, shapes[1:], strict=False):
            assert before is not None and after is not None
            if len(before) > 1 and len(after) == 1 and prod(before) == after[0]:
                flat = f"; {self.steps[name].layer.type} gives {' x '.join(map(str, before))} = {after[0]}"
            elif before[1:] != after[1:] or (before != after and (channels or len(after) == 1)):
                parts[-1] += flat
                parts.append(f"{name} {_sizes(after, channels)}")
                flat = ""
        if len(parts) > MOST_SHOWN:
            parts[2 : 4 - MOST_SHOWN] = ["..."]
        return " -> ".join(parts) + flat if len(parts) > 1 or flat else None

    def run(self, way: Sequence[str], shape: Shape, changed: Mapping[str, Layer]) -> list[Shape] | None:
        """The shapes along a way if it began with `shape` and some of its layers were others; None where they do not
        fit, and once enough has been looked at."""
        shapes = [shape]
        self._left -= len(way)
        if self._left < 0:
            return None
        for name in way[1:]:
            try:
                layer = changed.get(name, self.steps[name].layer)
                shapes.append(layer.output_shape(layer.join([shapes[-1]])))
            except Problem:
                return None
        return shapes


def _joined(shape: Shape | None) -> str:
    return "x".join(map(str, shape or ()))


def _sizes(shape: Shape, channels: bool) -> str:
    return _joined(shape if channels or len(shape) == 1 else shape[1:])


def sizes_text(shape: Shape) -> str:
    """The spatial sizes, one number where all are alike: 28, or 28x30."""
    return str(shape[1]) if len({*shape[1:]}) == 1 else _sizes(shape, False)


def unflattened(shapes: Sequence[Shape | None]) -> Shape | None:
    """The last image of several shapes, one after the other, where only flattening follows."""
    for before, after in zip(shapes[-2::-1], shapes[:0:-1], strict=False):
        if before is None or after is None or len(after) > 1 or prod(before) != after[0]:
            return None
        if len(before) > 1:
            return before
    return None


def shared(ways: Sequence[Sequence[str]]) -> int:
    """How many names the ways begin with together."""
    return next((at for at, names in enumerate(zip(*ways, strict=False)) if len({*names}) > 1), min(map(len, ways)))
