"""What an operation writes itself into: stages of calls over buffers.

A program is data. The operations add buffers and calls to it; the plan then gives every buffer its place and turns
every call into one row of the table that the walker reads.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

import numpy as np

from nbcnn.kernels.cpu.language.lanes import lane_count
from nbcnn.kernels.cpu.program.buffers import Array, Table, Word, entries
from nbcnn.kernels.cpu.program.calls import (
    Activation,
    Argument,
    Call,
    Kernel,
    Phase,
    Section,
    Space,
    Walk,
    activations_of,
    buffers_of,
    calls_of,
)

T = TypeVar("T")

# The first words of every arena; kernels read them by address, and ports follow them. `step` tells batches apart where
# chance is at work, `update` counts updates; they differ where several batches make one, of which the batches before
# this one had `samples_before`. `not_finite` is above 0 where the update is to be held back.
NOT_FINITE = "not_finite"
STATE_WORDS = ("samples", "step", "seed", "learning_rate", "update", "samples_before", NOT_FINITE)

_STATE = {name: Word(number) for number, name in enumerate(STATE_WORDS)}

# The name of the port that tells of another port whether its array holds bytes.
IS_BYTES = "{} is bytes"


class Program:
    """Buffers and calls of one network, or of one operation, for up to `samples` samples at a time.

    The stages run one after the other: `prepare` (packing), the walks with the phases between them that need every
    block's part of a sum (batch statistics), `gather` (gradients that sum over the whole batch), `accumulate` (over
    batches), and, where an update follows, `measure` (of each gradient, what the update must know about all of them),
    `combine` (of what was measured) and `update`. These two are left out where the word `not_finite` is above 0.
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
        self.accumulate = Phase()
        self.measure = Phase()
        self.combine = Phase()
        self.update = Phase()
        self.ports: dict[str, Word] = {}
        # What an operation saved for its gradient when it was computed first, where it is computed for a second time.
        self.known: Any = None
        # What the calls to come are made for; every program reads its input first.
        self.section = Section("input")
        # What an update takes for the gradients of parameters, by their keys, in the order of the way back.
        self.gradients: dict[str, Array] = {}
        self._computed: dict[object, Any] = {}

    def activation(self, name: str, channels: int, space: Space) -> Activation:
        return Activation(name, self.lanes, channels, space)

    def flat_view(self, x: Activation, channels: int, space: Space) -> Activation:
        """The same memory seen with other axes; both become rigid. `x` must have no halo."""
        view = Activation(x.name, self.lanes, channels, space, base=x)
        x.rigid = view.rigid = True
        return view

    def state(self, word: str) -> Word:
        return _STATE[word]

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

    def table(
        self,
        name: str,
        key: Callable[[], Hashable],
        compute: Callable[[], np.ndarray],
        size: Callable[[], int | None] | None = None,
    ) -> Table:
        """A table that follows from its name and key, both asked for when layouts are known; see `once` and `Table`."""

        def shared() -> np.ndarray:
            return self.once((name, key()), lambda: entries(name, compute()))

        return Table(name, shared, size if self.outline else None)

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
    def updating(self) -> list[Phase]:
        """The stages of an update, which come last."""
        return [self.measure, self.combine, self.update]

    @property
    def stages(self) -> list[Walk | Phase]:
        """All stages in the order in which they run."""
        gather = Phase(self.gather.groups + self._unhurried)
        return [self.prepare, *self.middle, gather, self.accumulate, *self.updating]

    def settle(self) -> None:
        """Note the buffers of every call, since arguments change no more: they will be asked for often."""
        for call in self.calls():
            if call.settled is None:
                call.settled = buffers_of(call)

    def forget(self) -> None:
        """Let go of all buffers and calls, which name each other: to look for such circles takes ten times as long.

        The program is of no use afterwards.
        """
        self.settle()
        for call in {*self.calls()}:
            tables = [each for each in call.arguments.values() if type(each) is Table]
            for each in (call, *activations_of(call), *tables):
                vars(each).clear()

    def calls(self) -> list[Call]:
        """All calls in the order in which they run."""
        return [call for stage in self.stages for call in calls_of(stage)]


def in_place_or_new(program: Program, x: Activation, name: str) -> Activation:
    """Where a function of single numbers puts its results: over `x`, unless somebody else needs `x` as it is."""
    if not x.kept and not x.shared:
        return x
    return program.activation(name, x.channels, x.space)
