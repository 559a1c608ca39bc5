"""A batch on its way: its samples, and targets that follow them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Picture:
    """Numbers (N, channels, slices, rows, columns) that lie in the batch itself; missing axes have size 1.

    `is_target` where they are targets for each pixel: those are copied and never computed with, and where there was no
    pixel they are `outside`.
    """

    numbers: Array
    is_target: bool = False
    outside: float = 0.0

    @property
    def planes(self) -> Array:
        """A view as (N, planes, rows, columns), the slices of all channels one after the other."""
        samples, channels, slices, rows, columns = self.numbers.shape
        return self.numbers.reshape(samples, channels * slices, rows, columns)

    def filler(self, fill: float | tuple[float, ...]) -> Array:
        """What stands for each channel where there was no pixel, as the picture's kind of number."""
        channels, kind = self.numbers.shape[1], self.numbers.dtype
        if self.is_target:
            return np.full(channels, self.outside).astype(kind)
        return (np.full(channels, fill) * self.one).astype(kind)

    @property
    def one(self) -> float:
        """What a spec's 1 is here: bytes mean value / 255."""
        return 255.0 if self.numbers.dtype == np.uint8 else 1.0

    @property
    def highest(self) -> float:
        """The largest number that it can hold; 0 where it has no such bounds."""
        return 255.0 if self.numbers.dtype == np.uint8 else 0.0

    @property
    def rounding(self) -> float:
        """What is added before whole numbers are cut."""
        return 0.5 if self.numbers.dtype == np.uint8 else 0.0

    def interpolates(self, interpolation: str) -> bool:
        return interpolation == "bilinear" and not self.is_target


@dataclass
class Batch:
    """The samples, with so many spatial axes, the targets for each pixel, or None, and all targets.

    Whoever makes other targets puts them in their place.
    """

    rank: int
    inputs: Picture
    masks: Picture | None
    targets: Array

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """All that moves together."""
        return (self.inputs,) if self.masks is None else (self.inputs, self.masks)

    @property
    def space(self) -> tuple[int, int, int]:
        """Slices, rows and columns."""
        _, _, slices, rows, columns = self.inputs.numbers.shape
        return slices, rows, columns
