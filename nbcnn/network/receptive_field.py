"""Receptive fields: which inputs of the network one unit of a layer can see.

Forward recurrences of Araujo, Norris and Sim, Computing Receptive Fields of Convolutional Neural Networks, Distill 2019
(doi:10.23915/distill.00021), per axis, with the first input in the place of the padding. Where branches meet, a unit
sees what it sees through any of them (there: arbitrary computation graphs, and alignment).
"""

from collections.abc import Mapping
from typing import NamedTuple

from nbcnn.layers.axes import Window


class ReceptiveField(NamedTuple):
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
