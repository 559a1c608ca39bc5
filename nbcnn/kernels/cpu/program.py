"""What an operation writes itself into: buffers without memory yet, and calls of compiled kernels over them.

A program is data. The operations of this folder add buffers and calls to it; the plan then gives every buffer its
place in one arena and turns every call into one row of the table that the walker reads.

Activations lie as `[block][channel][depth][row][column][lane]`: a block is as many samples as there are lanes. A
consumer may ask for a halo of zeros around the space of what it reads, which its producer then never touches.
"""

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from nbcnn.errors import InputError
from nbcnn.kernels.cpu.lanes import lane_count

T = TypeVar("T")

Space = tuple[int, int, int]
Halo = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]

NO_HALO: Halo = ((0, 0), (0, 0), (0, 0))

CACHE_LINE = 64
# Distances of so many bytes or a multiple leave a quarter of the first-level cache or less to what lies so far apart.
CROWDING = 1024

# The first words of every arena; kernels read them by address, and ports follow them.
STATE_WORDS = ("samples", "step", "seed", "learning_rate")
# The name of the port that tells of another port whether its array holds bytes.
IS_BYTES = "{} is bytes"


@dataclass(eq=False)
class Storage:
    """A stretch of memory; `extent` tells its bytes once all halos are known."""

    name: str
    extent: Callable[[], int]
    contents: Callable[[], np.ndarray] | None = None
    external: np.ndarray | None = None
    # Some gradient reads these numbers again, or several layers do, so nobody may replace them in place.
    kept: bool = False
    shared: bool = False
    # The gradient of a relu asks which of these numbers are positive, and a pool over them can tell as well.
    masks: bool = False
    # What one phase alone uses, and each of its parts for itself: one for each worker is enough.
    per_worker: bool = False
    # A call writes the zeros of the halo before anybody else uses the buffer, so that others may have its memory.
    cleared: bool = False
    # Placement, in bytes from the start of the arena, written by the plan.
    offset: int = -1
    block_stride: int = 0
    slot_stride: int = 0


class Array:
    """A plain array that all samples share: parameters, gradients, packed weights, tables.

    A parameter that is not trained does not want a gradient; an operation may then give None in its place.
    """

    def __init__(
        self, name: str, shape: tuple[int, ...], external: np.ndarray | None = None, wants_gradient: bool = True
    ) -> None:
        self.shape = shape
        self.wants_gradient = wants_gradient
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
            self._value = value if value.dtype == np.int32 else entries(self.storage.name, value)
        return self._value


def entries(name: str, value: np.ndarray) -> np.ndarray:
    """Offsets as a table holds them; raises InputError where they do not fit."""
    if value.size and (largest := max(int(value.max()), -int(value.min()))) > np.iinfo(np.int32).max:
        raise InputError(
            f"{name}: offsets up to {np.iinfo(np.int32).max} bytes are possible within a block of samples, "
            f"{largest} are needed; use a smaller image or fewer channels"
        )
    return np.ascontiguousarray(value, dtype=np.int32)


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


@dataclass(frozen=True)
class Word:
    """The address of one 64-bit word of the program's state, which may change from run to run."""

    index: int


@dataclass(frozen=True)
class At:
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


@dataclass(frozen=True)
class Kernel:
    """A kernel's factory and the constants that it is compiled for; both have the same name in every process."""

    factory: Callable[..., Any]
    constants: tuple[int | str, ...]

    @property
    def label(self) -> str:
        module = self.factory.__module__.rsplit(".", 1)[-1]
        return f"{module}.{self.factory.__name__}({', '.join(map(str, self.constants))})"


@dataclass(frozen=True)
class Pool:
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


@dataclass(frozen=True)
class Section:
    """What calls are made for: a layer, "forward" or "backward", or without a direction something else, such as "loss".

    `macs` are the multiply-adds a sample that the network counts for it.
    """

    name: str
    direction: str | None = None
    macs: int = 0


@dataclass(eq=False)
class Call:
    """One kernel with its arguments; becomes one row of the table."""

    kernel: Kernel
    arguments: dict[str, Argument]
    section: Section
    # Where the kernel can zero what it stores wherever another activation is not positive: the gradient of relu. Tells
    # whether it can do so for the activation given.
    set_mask: "Callable[[Activation], bool] | None" = None
    # Where the kernel can sum what it stores by channels, as `sums.channel_sum` does, but with less to read: a pool's
    # gradient. Takes where to put the sums.
    set_sums: "Callable[[Array], None] | None" = None
    # Where the kernel can store the largest number of each window instead of all numbers. Tells whether it can do so
    # for the windows given.
    set_pool: "Callable[[Pool], bool] | None" = None
    # What the kernel does where it does no more than spread the gradient of a pool: `y` is that of the windows' maxima.
    spreads: "Pool | None" = None
    # What several threads can share: the kernel works on units (filters, channels) from its argument `first` to `last`,
    # 0 and `units` unless somebody parts them, with `work` vector operations in all.
    units: int = 1
    work: int = 0
    # The same call for one of so many equal parts of the rows of what it reads and writes, or None where it cannot.
    by_rows: "Callable[[int, int], Call | None] | None" = None
    # Whether a unit is a channel of all activations that the call reads or writes, each by itself.
    channelwise: bool = False
    # Whether it is there to be counted alone, so that it can stand for each of its parts.
    outline: bool = False
    # Its buffers, once its arguments change no more.
    settled: "Buffers | None" = None

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
        if self.outline:
            return self
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


def calls_of(stage: Walk | Phase) -> Iterable[Call]:
    """The calls of one stage."""
    return stage.calls if isinstance(stage, Walk) else (call for calls, _ in stage.groups for call in calls)


# Activations, and what all samples share.
Buffers = tuple[list[Activation], list[Storage]]
_BUFFERS = (At, Activation, Array, Table)


def _buffers_of(call: Call) -> Buffers:
    activations, shared = [], []
    for argument in call.arguments.values():
        if isinstance(argument, _BUFFERS):
            if isinstance(argument, Activation):
                activations.append(argument)
            elif isinstance(argument, At):
                activations.append(argument.activation)
            else:
                shared.append(argument.storage)
    return activations, shared


def activations_of(call: Call) -> list[Activation]:
    """The activations that a call reads or writes."""
    return (call.settled or _buffers_of(call))[0]


def shared_of(call: Call) -> list[Storage]:
    """The arrays and tables that a call reads or writes."""
    return (call.settled or _buffers_of(call))[1]


class Program:
    """Buffers and calls of one network, or of one operation, for up to `samples` samples at a time.

    The stages run one after the other: `prepare` (packing), the walks with the phases between them that need every
    block's part of a sum (batch statistics), `gather` (gradients that sum over the whole batch), `measure` (of each
    gradient, what the update must know about all of them), `combine` (of what was measured) and `update`.
    `differentiates` tells whether gradients will follow, so that what they read must be kept, and `winograd` whether
    convolutions may use Winograd's method where that is faster. A block has `samples_per_block`, by default one a lane.
    An `outline` has the buffers and as many calls, for memory to be counted, but calls of parts are all the first.
    """

    # Partial sums of gradients may take this much memory; with more parameters, several blocks share one partial sum.
    PARTIAL_BYTES = 64 << 20

    def __init__(
        self,
        samples: int,
        parameter_count: int = 0,
        differentiates: bool = True,
        winograd: bool = False,
        samples_per_block: int | None = None,
        outline: bool = False,
    ) -> None:
        self.outline = outline
        self.lanes = lane_count()
        self.samples_per_block = samples_per_block or self.lanes
        self.differentiates = differentiates
        self.winograd = winograd
        self.samples = samples
        self.blocks = -(-samples // self.samples_per_block)
        # Fixed by the planned batch and the parameters alone, never by the number of threads: the order of summation is
        # the same on any machine with as many lanes.
        affordable = max(8, self.PARTIAL_BYTES // max(1, 4 * parameter_count))
        self.blocks_per_partition = -(-self.blocks // min(self.blocks, affordable))
        self.partitions = -(-self.blocks // self.blocks_per_partition)
        self.prepare = Phase()
        self.middle: list[Walk | Phase] = [Walk()]
        self.gather = Phase()
        self._unhurried: list[tuple[list[Call], int]] = []
        self.measure = Phase()
        self.combine = Phase()
        self.update = Phase()
        self.ports: dict[str, Word] = {}
        # What an operation saved for its gradient when it was computed first, where it is computed for a second time.
        self.known: Any = None
        # What the calls to come are made for; every program reads its input first.
        self.section = Section("input")
        self._computed: dict[object, Any] = {}

    def activation(self, name: str, channels: int, space: Space) -> Activation:
        return Activation(name, self.lanes, channels, space)

    def flat_view(self, x: Activation, channels: int, space: Space) -> Activation:
        """The same memory seen with other axes; both become rigid. `x` must have no halo."""
        view = Activation(x.name, self.lanes, channels, space, base=x)
        x.rigid = view.rigid = True
        return view

    def state(self, word: str) -> Word:
        return Word(STATE_WORDS.index(word))

    def port(self, name: str) -> Word:
        """A pointer that the caller sets at each run: input, labels, output."""
        return self.ports.setdefault(name, Word(len(STATE_WORDS) + len(self.ports)))

    def is_bytes(self, port: str) -> Word:
        """Whether the array at a port holds bytes and not float32; the plan sets it with the port."""
        return self.port(IS_BYTES.format(port))

    def once(self, key: Hashable, compute: Callable[[], T]) -> T:
        """What `compute` gives for this key, computed for the first who asks: equal layers have equal tables."""
        if key not in self._computed:
            self._computed[key] = compute()
        found: T = self._computed[key]
        return found

    def call(self, factory: Callable[..., Any], *constants: int | str, **arguments: Argument) -> Call:
        return Call(Kernel(factory, (self.lanes, *constants)), arguments, self.section, outline=self.outline)

    def units(self, count: int) -> dict[str, Argument]:
        """The arguments of a kernel that can be told to work on a part of its `count` units."""
        return {"first": 0, "last": count}

    def each_block(self, call: Call, produces: Activation | None = None) -> Call:
        """Append a call to the walk that every block makes."""
        walk = self.middle[-1]
        if isinstance(walk, Phase):
            walk = Walk()
            self.middle.append(walk)
        walk.calls.append(call)
        if produces is not None:
            produces.producer = call
        return call

    def set_aside(self) -> list[Call]:
        """Take the last calls that can be made by rows out of the walk, to be appended again behind others.

        Those that stay can mask nothing any more, since a mask may be what the others are to make.
        """
        walk = self.middle[-1]
        taken: list[Call] = []
        while isinstance(walk, Walk) and walk.calls and walk.calls[-1].by_rows is not None:
            taken.insert(0, walk.calls.pop())
        for call in self.calls():
            call.set_mask = None
        return taken

    def taken_by_rows(self, x: Activation, near_bytes: int) -> list[list[Call]]:
        """Take the calls that have just made `x` out of the walk; they come back in parts of its rows, to append again.

        There are as many parts as leave `near_bytes` to the numbers of x in each, so that other calls find these near:
        that follows from x alone, wherever the walk puts its numbers. Where nothing can be parted, the walk stays as it
        is and the only part is empty.
        """
        walk = self.middle[-1]
        made: list[Call] = []
        if isinstance(walk, Phase):
            return [[]]
        results = {x}
        used: set[Activation] = set()
        for call in reversed(walk.calls):
            if call.by_rows is None or all(call is not each.producer for each in results):
                break
            results = {each for each in activations_of(call) if each.space == x.space}
            made.insert(0, call)
            used |= results
        rows = x.space[1]
        needed = x.size * x.lane_bytes
        parts = next((n for n in range(1, rows) if rows % n == 0 and needed <= n * near_bytes), rows)
        shown = 1 if self.outline else parts
        found = [[call.by_rows(part, parts) if call.by_rows else None for call in made] for part in range(shown)]
        if parts == 1 or not made or any(call is None for call in found[0]):
            return [[]]
        del walk.calls[-len(made) :]
        for each in used:
            # Nobody can fuse anything into a call that is no longer there.
            if each.producer in made:
                each.producer = None
        return [[call for call in calls if call is not None] for calls in found] * (parts // shown)

    def whole_batch(self, call: Call, produces: Activation) -> Call:
        """Run a call once, for all blocks; its units are parted over the threads."""
        self.after_blocks([call], waits=True)
        produces.producer = call
        return call

    def after_blocks(self, calls: Sequence[Call], parts: int = 1, *, waits: bool = False) -> None:
        """Run calls when every block has made its calls so far; what `each_block` adds next waits for them.

        Groups that are added one after the other, without `each_block` between them, run side by side, unless the later
        one `waits` or reads an activation that the earlier one produces.
        """
        phase = self.middle[-1]
        read = (each for call in calls for each in call.arguments.values())
        producers = [each.producer for each in read if isinstance(each, Activation)]
        if waits or isinstance(phase, Walk) or any(call in producers for call in calls_of(phase)):
            phase = Phase()
            self.middle.append(phase)
        phase.add(calls, parts)
        phase.groups += self._unhurried
        self._unhurried = []

    def some_time_after_blocks(self, calls: Sequence[Call], parts: int = 1) -> None:
        """Run calls in the next phase, or else in `gather`: what they make is not needed before the update."""
        self._unhurried.append((list(calls), parts))

    @property
    def stages(self) -> list[Walk | Phase]:
        """All stages in the order in which they run."""
        gather = Phase(self.gather.groups + self._unhurried)
        return [self.prepare, *self.middle, gather, self.measure, self.combine, self.update]

    def settle(self) -> None:
        """Note the buffers of every call, since arguments change no more: they will be asked for often."""
        for call in self.calls():
            if call.settled is None:
                call.settled = _buffers_of(call)

    def calls(self) -> Iterable[Call]:
        """All calls in the order in which they run."""
        for stage in self.stages:
            yield from calls_of(stage)


def in_place_or_new(program: Program, x: Activation, name: str) -> Activation:
    """Where a function of single numbers puts its results: over `x`, unless somebody else needs `x` as it is."""
    if not x.kept and not x.shared:
        return x
    return program.activation(name, x.channels, x.space)


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
