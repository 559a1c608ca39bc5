"""Activations, and the calls of compiled kernels that make and read them.

Activations lie as `[block][channel][depth][row][column][lane]`: a block is as many samples as there are lanes. A
consumer may ask for a halo of zeros around the space of what it reads, which its producer then never touches.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np

from nbcnn.kernels.cpu.program.buffers import Array, Storage, Table, Word

Space = tuple[int, int, int]

Halo = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]

NO_HALO: Halo = ((0, 0), (0, 0), (0, 0))

CACHE_LINE = 64

# Distances of so many bytes or a multiple leave a quarter of the first-level cache or less to what lies so far apart.
CROWDING = 1024


class Activation:
    """What one layer hands to the next, or its gradient: `channels` maps of up to three axes, one lane a sample.

    Strides and offsets are in bytes from the start of one block and may be asked for only after emission, since until
    then a consumer can still widen the halo.
    """

    def __init__(self, name: str, lanes: int, channels: int, space: Space, base: "Activation | None" = None) -> None:
        self.name = name
        self.channels = channels
        self.space = space
        self.lane_bytes = 4 * lanes
        self.halo: Halo = NO_HALO
        # A rigid activation is also seen flat by somebody, so it can take no halo any more.
        self.rigid = False
        self.producer: Call | None = None
        # Set when the network is lowered: whether what made these numbers, or something before it, is trained.
        self.wants_gradient = True
        # What the operation that made these numbers left for its gradient, such as statistics.
        self.saved: Any = None
        self.storage: Storage = base.storage if base else Storage(name, lambda: self.channel_stride * channels)

    @property
    def kept(self) -> bool:
        """Whether some gradient reads these numbers again."""
        return self.storage.kept or self.storage.masks

    @kept.setter
    def kept(self, value: bool) -> None:
        self.storage.kept = value

    @property
    def shared(self) -> bool:
        """Whether several layers read these numbers, or several gradients start from them."""
        return self.storage.shared

    @shared.setter
    def shared(self, value: bool) -> None:
        self.storage.shared = value

    @property
    def layout(self) -> tuple[object, ...]:
        """What strides and offsets follow from: two activations with one layout have the same."""
        return self.space, self.halo, self.lane_bytes, self.rigid

    @property
    def size(self) -> int:
        """Numbers per sample, without the halo."""
        return self.channels * math.prod(self.space)

    @property
    def padded(self) -> Space:
        (depth, rows, columns), (front, top, left) = self.space, self.halo
        return depth + sum(front), rows + sum(top), columns + sum(left)

    @property
    def strides(self) -> Space:
        """Bytes from one plane, row and column to the next."""
        _, rows, columns = self.padded
        return rows * columns * self.lane_bytes, columns * self.lane_bytes, self.lane_bytes

    @property
    def channel_stride(self) -> int:
        size = math.prod(self.padded) * self.lane_bytes
        # A cache has few places for addresses that are a power of two apart, and channels of such sizes are common.
        return size + CACHE_LINE if size % CROWDING == 0 and not self.rigid else size

    @property
    def origin(self) -> int:
        """Byte offset of the first number that is not halo."""
        return sum(before * stride for (before, _), stride in zip(self.halo, self.strides, strict=True))

    def offsets(self, positions: np.ndarray) -> np.ndarray:
        """Byte offsets of positions (n, 3) in pixels; positions in the halo are allowed."""
        return np.asarray(positions, dtype=np.int64) @ np.array(self.strides, dtype=np.int64) + self.origin

    def widen(self, halo: Halo) -> None:
        """Give this activation at least `halo` zeros on each side of each axis."""
        if self.rigid and any(side > 0 for pair in halo for side in pair):
            raise ValueError(f"{self.name} is also seen flat and can have no halo")
        depth, rows, columns = (
            (max(mine[0], theirs[0]), max(mine[1], theirs[1])) for mine, theirs in zip(self.halo, halo, strict=True)
        )
        self.halo = (depth, rows, columns)


class At(NamedTuple):
    """An activation's first number that is not halo, of one channel and row, as a kernel argument."""

    activation: Activation
    channel: int = 0
    row: int = 0

    @property
    def start(self) -> int:
        """Bytes from the start of a block."""
        x = self.activation
        return x.origin + self.channel * x.channel_stride + self.row * x.strides[1]


Argument = Activation | Array | Table | Word | At | int | float | Callable[[], int]


class Kernel(NamedTuple):
    """A kernel's factory and the constants that it is compiled for; both have the same name in every process."""

    factory: Callable[..., Any]
    constants: tuple[int | str, ...]

    @property
    def label(self) -> str:
        module = self.factory.__module__.rsplit(".", 1)[-1]
        return f"{module}.{self.factory.__name__}({', '.join(map(str, self.constants))})"

    @property
    def identity(self) -> str:
        """What tells it from every other kernel."""
        return f"{self.factory.__module__}.{self.factory.__name__}{self.constants!r}"


class Pool(NamedTuple):
    """Maxima of windows of `kernel` numbers, side by side from the first one on, and where they go.

    A window leaves `entry` bytes of its winner, as `even_extremes` does, where there are `winners`.
    """

    kernel: Space
    y: Activation
    winners: Activation | None
    entry: int

    @property
    def taps(self) -> int:
        return math.prod(self.kernel)

    @property
    def windows(self) -> int:
        """How many windows a channel has."""
        return math.prod(self.y.space)


class Section(NamedTuple):
    """What calls are made for: a layer, "forward" or "backward", or without a direction something else, such as "loss".

    `macs` are the multiply-adds a sample that the network counts for it.
    """

    name: str
    direction: str | None = None
    macs: int = 0


@dataclass(eq=False)
class Call:
    """One kernel with its arguments; becomes one row of the table.

    A plan has thousands, so that what is said of few of them is a value of the class until it is said.
    """

    kernel: Kernel
    arguments: dict[str, Argument]
    section: Section
    # Where the kernel can zero what it stores wherever another activation is not positive: the gradient of relu. Tells
    # whether it can do so for the activation given.
    set_mask: "Callable[[Activation], bool] | None" = field(default=None, init=False)
    # Where the kernel can sum what it stores by channels, as `sums.channel_sum` does, but with less to read: a pool's
    # gradient. Takes where to put the sums.
    set_sums: "Callable[[Array], None] | None" = field(default=None, init=False)
    # Where the kernel can store the largest number of each window instead of all numbers. Tells whether it can do so
    # for the windows given.
    set_pool: "Callable[[Pool], bool] | None" = field(default=None, init=False)
    # What the kernel does where it does no more than spread the gradient of a pool: `y` is that of the windows' maxima.
    spreads: "Pool | None" = field(default=None, init=False)
    # What several threads can share: the kernel works on units (filters, channels) from its argument `first` to `last`,
    # 0 and `units` unless somebody parts them, with `work` vector operations in all.
    units: int = 1
    work: int = field(default=0, init=False)
    # The same call for one of so many equal parts of the rows of what it reads and writes, or None where it cannot.
    by_rows: "Callable[[int, int], Call | None] | None" = field(default=None, init=False)
    # Whether a unit is a channel of all activations that the call reads or writes, each by itself.
    channelwise: bool = field(default=False, init=False)
    # Whether it is there to be counted alone, so that it can stand for each of its parts.
    outline: bool = False
    # Its buffers, once its arguments change no more.
    settled: "Buffers | None" = field(default=None, init=False)

    def but(self, arguments: Mapping[str, Argument], work: int | None = None) -> "Call":
        """The same call with some arguments replaced; large networks have thousands, so it is a plain copy."""
        other = object.__new__(Call)
        other.__dict__.update(self.__dict__)
        other.arguments = {**self.arguments, **arguments}
        other.settled = None
        if work is not None:
            other.work = work
        return other

    def part(self, first: int, last: int) -> "Call":
        """The same call for some of its units."""
        other = self.but({"first": first, "last": last})
        other.settled = self.settled
        return other


@dataclass
class Phase:
    """Groups of calls that may run in parallel: each group is run `parts` times with the part's number as index."""

    groups: list[tuple[list[Call], int]] = field(default_factory=list)

    def add(self, calls: Sequence[Call], parts: int = 1) -> None:
        self.groups.append((list(calls), parts))


@dataclass
class Walk:
    """Calls that every block makes, depth first: one block through all of them, then the next."""

    calls: list[Call] = field(default_factory=list)


def calls_of(stage: Walk | Phase) -> list[Call]:
    """The calls of one stage."""
    return stage.calls if isinstance(stage, Walk) else [call for calls, _ in stage.groups for call in calls]


# Activations, and what all samples share.
Buffers = tuple[list[Activation], list[Storage]]

# What most arguments are, told apart from buffers quickly.
_NUMBERS = {int, float, Word, FunctionType}


def buffers_of(call: Call) -> Buffers:
    activations, shared = [], []
    for argument in call.arguments.values():
        if type(argument) in _NUMBERS:
            continue
        if type(argument) is At:
            activations.append(argument.activation)
        elif type(argument) is Activation:
            activations.append(argument)
        elif isinstance(argument, (Array, Table)):
            shared.append(argument.storage)
    return activations, shared


def activations_of(call: Call) -> list[Activation]:
    """The activations that a call reads or writes."""
    return (call.settled or buffers_of(call))[0]


def shared_of(call: Call) -> list[Storage]:
    """The arrays and tables that a call reads or writes."""
    return (call.settled or buffers_of(call))[1]


def grid(name: str, x: Activation, first_channel: int = 0, first_row: int = 0) -> dict[str, Argument]:
    """Arguments that let a kernel visit the numbers of `x` but its halo: start, strides of channel, plane and row."""
    return {
        name: At(x, first_channel, first_row),
        f"{name}_channel": lambda: x.channel_stride,
        f"{name}_plane": lambda: x.strides[0],
        f"{name}_row": lambda: x.strides[1],
    }


def extent(x: Activation) -> dict[str, Argument]:
    """Arguments that tell a kernel the channels and the space of `x`."""
    depth, rows, columns = x.space
    return {"channels": x.channels, "depth": depth, "rows": rows, "columns": columns}
