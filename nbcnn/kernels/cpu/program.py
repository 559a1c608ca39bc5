"""What an operation writes itself into: buffers without memory yet, and calls of compiled kernels over them.

A program is data. The operations of this folder add buffers and calls to it; the plan then gives every buffer its
place in one arena and turns every call into one row of the table that the walker reads.

Activations lie as `[block][channel][depth][row][column][lane]`: a block is as many samples as there are lanes. A
consumer may ask for a halo of zeros around the space of what it reads, which its producer then never touches.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nbcnn.errors import InputError
from nbcnn.kernels.cpu.lanes import lane_count

Space = tuple[int, int, int]
Halo = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]

NO_HALO: Halo = ((0, 0), (0, 0), (0, 0))

# The first words of every arena; kernels read them by address, and ports follow them.
STATE_WORDS = ("samples", "step", "seed", "learning_rate", "input_is_bytes")


@dataclass(eq=False)
class Storage:
    """A stretch of memory; `extent` tells its bytes once all halos are known."""

    name: str
    extent: Callable[[], int]
    contents: Callable[[], np.ndarray] | None = None
    external: np.ndarray | None = None
    # Placement, in bytes from the start of the arena, written by the plan.
    offset: int = -1
    block_stride: int = 0
    slot_stride: int = 0


class Array:
    """A plain array that all samples share: parameters, gradients, packed weights, tables."""

    def __init__(self, name: str, shape: tuple[int, ...], external: np.ndarray | None = None) -> None:
        self.shape = shape
        size = math.prod(shape) * 4
        self.storage = Storage(name, lambda: size, external=external)


class Table:
    """A constant array of int32 that is computed when the layout of the activations is known."""

    def __init__(self, name: str, compute: Callable[[], np.ndarray]) -> None:
        self._compute = compute
        self._value: np.ndarray | None = None
        self.storage = Storage(name, lambda: self.value.nbytes, contents=lambda: self.value)

    @property
    def value(self) -> np.ndarray:
        if self._value is None:
            value = self._compute()
            if value.size and np.abs(value).max() > np.iinfo(np.int32).max:
                raise InputError(
                    f"{self.storage.name}: offsets up to {np.iinfo(np.int32).max} bytes are possible within a block of "
                    f"samples, {np.abs(value).max()} are needed; use a smaller image or fewer channels"
                )
            self._value = np.ascontiguousarray(value, dtype=np.int32)
        return self._value


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
        self.wants_gradient = True
        # Some gradient reads these numbers again, so nobody may replace them in place.
        self.kept = False
        self.storage: Storage = base.storage if base else Storage(name, lambda: self.channel_stride * channels)

    @property
    def size(self) -> int:
        """Numbers per sample, without the halo."""
        return self.channels * math.prod(self.space)

    @property
    def padded(self) -> Space:
        depth, rows, columns = (
            size + before + after for size, (before, after) in zip(self.space, self.halo, strict=True)
        )
        return depth, rows, columns

    @property
    def strides(self) -> Space:
        """Bytes from one plane, row and column to the next."""
        _, rows, columns = self.padded
        return rows * columns * self.lane_bytes, columns * self.lane_bytes, self.lane_bytes

    @property
    def channel_stride(self) -> int:
        return math.prod(self.padded) * self.lane_bytes

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


@dataclass(frozen=True)
class Word:
    """The address of one 64-bit word of the program's state, which may change from run to run."""

    index: int


@dataclass(frozen=True)
class At:
    """An activation's first number that is not halo, as a kernel argument."""

    activation: Activation


Argument = Activation | Array | Table | Word | At | int | float | Callable[[], int]


@dataclass(frozen=True)
class Kernel:
    """A kernel's factory and the constants that it is compiled for; both have the same name in every process."""

    factory: Callable[..., Any]
    constants: tuple[int | str, ...]

    @property
    def label(self) -> str:
        module = self.factory.__module__.rsplit(".", 1)[-1]
        return f"{module}.{self.factory.__name__}({', '.join(map(str, self.constants))})"


@dataclass(eq=False)
class Call:
    """One kernel with its arguments; becomes one row of the table."""

    kernel: Kernel
    arguments: dict[str, Argument]
    # Where the kernel can zero what it stores wherever another activation is not positive: the gradient of relu.
    set_mask: "Callable[[Activation], None] | None" = None


@dataclass
class Phase:
    """Groups of calls that may run in parallel: each group is run `parts` times with the part's number as index."""

    groups: list[tuple[list[Call], int]] = field(default_factory=list)

    def add(self, calls: Sequence[Call], parts: int = 1) -> None:
        self.groups.append((list(calls), parts))


class Program:
    """Buffers and calls of one network, or of one operation, for up to `samples` samples at a time.

    The phases run one after the other: `prepare` (packing), `walk` (every block through all its calls, depth first),
    `gather` (gradients that sum over the whole batch) and `update`.
    """

    # Partial sums of gradients may take this much memory; with more parameters, several blocks share one partial sum.
    PARTIAL_BYTES = 64 << 20

    def __init__(self, samples: int, parameter_count: int = 0) -> None:
        self.lanes = lane_count()
        self.samples = samples
        self.blocks = -(-samples // self.lanes)
        # Fixed by the planned batch and the parameters alone, never by the number of threads: the order of summation is
        # the same on any machine with as many lanes.
        affordable = max(8, self.PARTIAL_BYTES // max(1, 4 * parameter_count))
        self.blocks_per_partition = -(-self.blocks // min(self.blocks, affordable))
        self.partitions = -(-self.blocks // self.blocks_per_partition)
        self.prepare = Phase()
        self.walk: list[Call] = []
        self.gather = Phase()
        self.update = Phase()
        self.ports: dict[str, Word] = {}

    def activation(self, name: str, channels: int, space: Space) -> Activation:
        return Activation(name, self.lanes, channels, space)

    def flat_view(self, x: Activation, channels: int, space: Space) -> Activation:
        """The same memory seen with other axes; both become rigid. `x` must have no halo."""
        view = Activation(x.name, self.lanes, channels, space, base=x)
        x.rigid = view.rigid = True
        view.wants_gradient, view.kept = x.wants_gradient, x.kept
        return view

    def state(self, word: str) -> Word:
        return Word(STATE_WORDS.index(word))

    def port(self, name: str) -> Word:
        """A pointer that the caller sets at each run: input, labels, output."""
        return self.ports.setdefault(name, Word(len(STATE_WORDS) + len(self.ports)))

    def call(self, factory: Callable[..., Any], *constants: int | str, **arguments: Argument) -> Call:
        return Call(Kernel(factory, (self.lanes, *constants)), arguments)

    def each_block(self, call: Call, produces: Activation | None = None) -> Call:
        """Append a call to the walk that every block makes."""
        self.walk.append(call)
        if produces is not None:
            produces.producer = call
        return call

    def calls(self) -> Iterable[Call]:
        for phase in (self.prepare, self.gather, self.update):
            for calls, _ in phase.groups:
                yield from calls
        yield from self.walk


def in_place_or_new(program: Program, x: Activation, name: str) -> Activation:
    """Where a function of single numbers puts its results: over `x`, unless a gradient will need `x` as it is."""
    if not x.kept:
        return x
    y = program.activation(name, x.channels, x.space)
    y.wants_gradient = x.wants_gradient
    return y


def grid(name: str, x: Activation) -> dict[str, Argument]:
    """Arguments that let a kernel visit every number of `x` but its halo: start, strides of channel, plane and row."""
    return {
        name: At(x),
        f"{name}_channel": lambda: x.channel_stride,
        f"{name}_plane": lambda: x.strides[0],
        f"{name}_row": lambda: x.strides[1],
    }


def extent(x: Activation) -> dict[str, Argument]:
    """Arguments that tell a kernel the channels and the space of `x`."""
    depth, rows, columns = x.space
    return {"channels": x.channels, "depth": depth, "rows": rows, "columns": columns}
