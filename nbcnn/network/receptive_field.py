"""Receptive fields: which inputs of the network one unit of a layer can see.

Forward recurrences of Araujo, Norris and Sim, Computing Receptive Fields of Convolutional Neural Networks, Distill 2019
(doi:10.23915/distill.00021), per axis, with the first input in the place of the padding. Where branches meet, a unit
sees what it sees through any of them (there: arbitrary computation graphs, and alignment).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nbcnn.layers.axes import AXIS_NAMES, Window
from nbcnn.layers.problems import Code, Problem


@dataclass(frozen=True)
class ReceptiveField:
    """Per axis, in input pixels: how many a unit sees, from unit to unit, and the first that unit 0 sees.

    `start` is negative where unit 0 sees padding.
    """

    size: tuple[int, ...]
    jump: tuple[int, ...]
    start: tuple[int, ...]

    @classmethod
    def of_input(cls, rank: int) -> "ReceptiveField":
        """Every pixel of the input sees itself."""
        return cls((1,) * rank, (1,) * rank, (0,) * rank)

    def through(self, window: Window | None) -> "ReceptiveField | None":
        """The receptive field after a layer; None after one that sees everything."""
        if window is None:
            return None
        befores = [before for before, _ in window.padding]
        return ReceptiveField(
            tuple(
                size + (extent - 1) * jump
                for size, jump, extent in zip(self.size, self.jump, window.spans, strict=True)
            ),
            tuple(jump * stride for jump, stride in zip(self.jump, window.stride, strict=True)),
            tuple(start - before * jump for start, before, jump in zip(self.start, befores, self.jump, strict=True)),
        )

    @property
    def centre(self) -> tuple[float, ...]:
        """The middle of what unit 0 sees, per axis."""
        return tuple(start + (size - 1) / 2 for start, size in zip(self.start, self.size, strict=True))


def union(branches: Mapping[str, ReceptiveField | None]) -> ReceptiveField | None:
    """What a unit sees through any of the branches, from the first of it to the last.

    None where a branch sees everything, and where branches move at different steps, since then units differ in it.
    """
    fields = [field for field in branches.values() if field is not None]
    if len(fields) < len(branches) or len({field.jump for field in fields}) > 1:
        return None
    starts = tuple(map(min, zip(*(field.start for field in fields), strict=True)))
    ends = map(max, zip(*(map(sum, zip(field.start, field.size, strict=True)) for field in fields), strict=True))
    return ReceptiveField(tuple(end - start for start, end in zip(starts, ends, strict=True)), fields[0].jump, starts)


def misaligned(branches: Mapping[str, ReceptiveField | None]) -> Iterator[Problem]:
    """A warning where branches that meet do not look at the same place: different steps, or different centres."""
    fields = {name: field for name, field in branches.items() if field is not None}
    if len(fields) < len(branches):
        return
    jumps = {name: field.jump for name, field in fields.items()}
    centres = {name: field.centre for name, field in fields.items()}
    if difference := _difference(jumps):
        rule = f"branches move over the input at different steps, so no receptive field is known: {difference}"
        yield Problem(Code.JUMPS_DIFFER, rule, "give both branches the same strides")
    elif difference := _difference(centres):
        rule = f"branches are misaligned, the centres that unit 0 sees differ: {difference}"
        yield Problem(Code.MISALIGNED, rule, "odd kernels, padded alike before and after, keep them aligned")


def _difference(values: Mapping[str, tuple[float, ...]]) -> str:
    """`rows 3.5 by "a", 4 by "b"` for each axis on which the values of the branches are not all the same."""
    parts = []
    rank = len(next(iter(values.values())))
    for axis, label in enumerate(AXIS_NAMES[rank] if rank else ()):
        along: dict[float, str] = {}
        for name, value in values.items():
            along.setdefault(value[axis], name)
        if len(along) > 1:
            values_by_name = [f'{number:g} by "{name}"' for number, name in along.items()]
            parts.append(f"{label} {', '.join(values_by_name)}")
    return "; ".join(parts)
