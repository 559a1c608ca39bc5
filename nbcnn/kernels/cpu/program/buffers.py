"""Memory that is planned and not there yet; the plan gives every buffer its place in one arena."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from nbcnn.errors import InputError


@dataclass(eq=False, slots=True)
class Storage:
    """A stretch of memory; `extent` tells its bytes once all halos are known. A plan has thousands."""

    name: str
    extent: Callable[[], int]
    contents: Callable[[], np.ndarray] | None = None
    external: np.ndarray | None = None
    # Some gradient reads these numbers again, or several layers do, so nobody may replace them in place.
    kept: bool = field(default=False, init=False)
    shared: bool = field(default=False, init=False)
    # The gradient of a relu asks which of these numbers are positive, and a pool over them can tell as well.
    masks: bool = field(default=False, init=False)
    # What one phase alone uses, and each of its parts for itself: one for each worker is enough.
    per_worker: bool = field(default=False, init=False)
    # A call writes the zeros of the halo before anybody else uses the buffer, so that others may have its memory.
    cleared: bool = field(default=False, init=False)
    # Placement, in bytes from the start of the arena, written by the plan.
    offset: int = field(default=-1, init=False)
    block_stride: int = field(default=0, init=False)
    slot_stride: int = field(default=0, init=False)


class Array:
    """A plain array that all samples share: parameters, gradients, packed weights, tables.

    A parameter that is not trained does not want a gradient; an operation may then give None in its place.
    """

    def __init__(
        self, name: str, shape: tuple[int, ...], external: np.ndarray | None = None, wants_gradient: bool = True
    ) -> None:
        self.shape = shape
        self.wants_gradient = wants_gradient
        # Whether some call looks for numbers in it that are not finite.
        self.watched = False
        size = math.prod(shape) * 4
        self.storage = Storage(name, lambda: size, external=external)


class Table:
    """A constant array of int32 that is computed when the layout of the activations is known.

    An outline, which nobody runs, may tell the `size` in bytes in its place; None where only the array itself can tell.
    """

    def __init__(
        self, name: str, compute: Callable[[], np.ndarray], size: Callable[[], int | None] | None = None
    ) -> None:
        self._compute = compute
        self._size = size
        self._value: np.ndarray | None = None
        self.storage = Storage(name, self._bytes, contents=lambda: self.value)

    def _bytes(self) -> int:
        known = self._size() if self._size else None
        return self.value.nbytes if known is None else known

    @property
    def value(self) -> np.ndarray:
        if self._value is None:
            value = self._compute()
            self._value = value if value.dtype == np.int32 else entries(self.storage.name, value)
        return self._value


# Offsets are 32-bit integers.
LARGEST_OFFSET = 2**31 - 1


def entries(name: str, value: np.ndarray) -> np.ndarray:
    """Offsets as a table holds them; raises InputError where they do not fit."""
    if value.size and (largest := max(int(value.max()), -int(value.min()))) > LARGEST_OFFSET:
        raise InputError(
            f"{name}: offsets up to {LARGEST_OFFSET} bytes are possible within a block of samples, "
            f"{largest} are needed; use a smaller image or fewer channels"
        )
    return np.ascontiguousarray(value, dtype=np.int32)


@dataclass(frozen=True)
class Word:
    """The address of one 64-bit word of the program's state, which may change from run to run."""

    index: int
