"""A network made ready for inference alone: a snapshot of a model that can do nothing but answer, quickly."""

from collections.abc import Callable, Mapping
from typing import NoReturn

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from nbcnn.errors import InputError
from nbcnn.kernels.cpu.compiling.compiling import OnCompile
from nbcnn.network import Network
from nbcnn.plan.folding import fold
from nbcnn.plan.inference import BatchPlan
from nbcnn.plan.one_sample import one_sample_plan
from nbcnn.plan.quantised import QuantisedPlan

Floats = NDArray[np.float32]
_FLOAT = np.dtype(np.float32)


class CompiledModel:
    """What `Model.compile` gives: a callable that holds copies of the weights it was made from.

    Threads that call one compiled model take turns.
    """

    def __init__(
        self,
        network: Network,
        parameters: Mapping[str, Floats],
        buffers: Mapping[str, Floats],
        input_scale: Floats,
        batch_size: int,
        on_compile: OnCompile | None = None,
        *,
        dtype: DTypeLike = np.float32,
        calibration: ArrayLike | None = None,
    ) -> None:
        if not isinstance(batch_size, int | np.integer) or isinstance(batch_size, bool) or batch_size < 1:
            raise InputError(
                f"batch_size: a whole number of at least 1 is expected, received {batch_size!r}; give the most "
                "samples that a call will have"
            )
        self.batch_size = int(batch_size)
        self.input_shape = network.input_shape
        self._shape = (self.batch_size, *network.input_shape)
        samples = _calibration(dtype, calibration, network.input_shape)
        folded, arrays = fold(network, parameters, buffers)
        self._run: Callable[[np.ndarray], Floats]
        if samples is not None:
            self._run = QuantisedPlan(folded, arrays, input_scale, self.batch_size, samples, on_compile)
            return
        self._run = one_sample_plan(folded, arrays, input_scale, self.batch_size, on_compile) or BatchPlan(
            folded, arrays, input_scale, self.batch_size, on_compile
        )

    def __reduce__(self) -> NoReturn:
        raise TypeError("a compiled model holds addresses and cannot be copied or pickled; compile a copy of the model")

    def __call__(self, x: ArrayLike) -> Floats:
        """The last layer's output for x (N, C, *space), N up to the batch size; bytes count as x / 255.

        Raises InputError for other shapes or types.
        """
        if type(x) is not np.ndarray or x.shape != self._shape or x.dtype is not _FLOAT:
            x = as_inputs(x, self.input_shape, "input")
            if len(x) > self.batch_size:
                raise InputError(
                    f"input: at most {self.batch_size} samples are expected, as this model was compiled for, received "
                    f"{len(x)}; compile it for more, or call it with fewer"
                )
        return self._run(x)


def _calibration(dtype: DTypeLike, samples: ArrayLike | None, shape: tuple[int, ...]) -> np.ndarray | None:
    """The samples that int8 is calibrated with, None for float32; raises InputError for anything else."""
    try:
        name = np.dtype(dtype).name
    except TypeError:
        name = ""
    if name not in ("float32", "int8"):
        raise InputError(f'dtype: "float32" or "int8" is expected, received {dtype!r}; leave it out for float32')
    if name == "float32":
        if samples is not None:
            raise InputError(
                'calibration: samples are expected with dtype="int8" alone, received some for float32; leave them out'
            )
        return None
    if samples is None:
        raise InputError(
            'calibration: samples that are like those to come are expected with dtype="int8", received none; '
            "give some hundred of the inputs that the model was trained on"
        )
    inputs = as_inputs(samples, shape, "calibration")
    if len(inputs) == 0:
        raise InputError("calibration: at least one sample is expected, received none; give some hundred")
    if not np.isfinite(inputs).all():
        raise InputError("calibration: finite numbers are expected, some are not; leave out the samples that hold them")
    return inputs


def as_inputs(x: ArrayLike, shape: tuple[int, ...], name: str) -> np.ndarray:
    """x as a C-contiguous uint8 or float32 array (N, *shape), copied only where it is not one; raises InputError."""
    array = np.asarray(x)
    if array.shape[1:] != shape or array.ndim != len(shape) + 1:
        cure = f"add the batch axis: x[None] has shape {(1, *shape)}" if array.shape == shape else "reshape the samples"
        raise InputError(
            f"{name}: samples of shape (N, {', '.join(map(str, shape))}) are expected, received {array.shape}; {cure}"
        )
    if array.dtype.kind not in "fiub":
        raise InputError(
            f"{name}: float32 or uint8 numbers are expected, received {array.dtype}; "
            "convert them with .astype('float32')"
        )
    return np.ascontiguousarray(array, dtype=np.uint8 if array.dtype == np.uint8 else np.float32)
