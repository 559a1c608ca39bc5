"""The plan of inference for one sample, or few, one after the other: channels as lanes."""

import math
import threading
from collections.abc import Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from nbcnn.kernels.cpu.by_channel.layout import Blocked, Unsupported
from nbcnn.kernels.cpu.compiling.compiling import OnCompile
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.program import Program
from nbcnn.machine.cores import thread_count
from nbcnn.network import Network
from nbcnn.plan.channel_lowering import lower_by_channel
from nbcnn.plan.plan import Plan, array_view, one_region
from nbcnn.plan.walker import straight_walker, walker

_FLOAT = np.dtype(np.float32)

# Vector operations from which on a sample is worth several threads: some 40 microseconds of one.
WORTH_A_TEAM = 1 << 18
# And those from which on it is worth that a team's threads share a call and meet after it: some half a microsecond.
WORTH_A_MEETING = 3_000


class OneSamplePlan(Plan):
    """A callable from samples to the last layer's output."""

    def __init__(
        self,
        program: Program,
        x: Blocked,
        output: Array,
        network: Network,
        input_scale: np.ndarray,
        on_compile: OnCompile | None,
    ) -> None:
        in_team = thread_count() > 1 and sum(call.work for call in program.calls()) >= WORTH_A_TEAM
        super().__init__(program, on_compile, worthwhile=WORTH_A_MEETING if in_team else math.inf)
        self._input = self._view_of(x, network.input_shape)
        self._output = array_view(self.arena, output)
        self._scale = (
            None
            if (input_scale == (1.0, 0.0)).all()
            else input_scale.T.reshape(2, -1, *[1] * (len(network.input_shape) - 1)).copy()
        )
        table = (self.arena.address, self.table.ctypes.data, self.table.strides[0])
        if in_team:
            self._go = partial(walker(), *table, self._phases, self._tasks, self._counters, 1, thread_count())
            self._lock = one_region
        else:
            self._go = partial(straight_walker(), *table, 0, len(self.table))
            self._lock = threading.Lock()

    def __call__(self, x: np.ndarray) -> NDArray[np.float32]:
        # Little code: when a sample is done, its weights have driven all of Python out of the caches.
        if len(x) == 1:
            if x.dtype is not _FLOAT or self._scale is not None:
                x = self._scaled(x)
            with self._lock:
                self._input[...] = x
                self._go()
                return self._output.copy()
        output = np.empty((len(x), *self._output.shape[1:]), dtype=np.float32)
        for number in range(len(x)):
            output[number] = self(x[number : number + 1])[0]
        return output

    def _scaled(self, x: np.ndarray) -> np.ndarray:
        if x.dtype == np.uint8:
            x = x * np.float32(1 / 255)
        return x if self._scale is None else x * self._scale[0] + self._scale[1]

    def _view_of(self, x: Blocked, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """The place of a sample's numbers in the arena, halo excluded."""
        assert x.plane is not None
        plane = x.activation
        strides = (0, plane.channel_stride, *plane.strides[4 - len(shape) :])
        return np.ndarray((1, *shape), np.float32, self.arena.memory, x.plane.storage.offset + plane.origin, strides)


def one_sample_plan(
    network: Network,
    arrays: Mapping[str, np.ndarray],
    input_scale: np.ndarray,
    samples: int,
    on_compile: OnCompile | None,
) -> OneSamplePlan | None:
    """The plan, or None where samples as lanes are faster for so many samples, or the only way."""
    if samples > 4:
        return None
    try:
        program, x, output = lower_by_channel(network, arrays)
    except Unsupported:
        return None
    return OneSamplePlan(program, x, output, network, input_scale, on_compile)
