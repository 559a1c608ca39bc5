"""The scales of a network's values, from what they are on samples that somebody holds typical."""

from collections.abc import Collection, Mapping
from math import prod

import numpy as np

from nbcnn.errors import InputError
from nbcnn.kernels.cpu.compiling.compiling import OnCompile
from nbcnn.kernels.cpu.quantised.numbers import Scale
from nbcnn.network import INPUT, Network
from nbcnn.plan.lowering import SHOWN, lower_inference
from nbcnn.plan.plan import Plan

# Numbers of all values that are looked at in one go: as many as fit 128 MiB.
_MOST_NUMBERS = 32 << 20


def calibrate(
    network: Network,
    arrays: Mapping[str, np.ndarray],
    input_scale: np.ndarray,
    samples: np.ndarray,
    names: Collection[str],
    on_compile: OnCompile | None,
) -> dict[str, Scale]:
    """A scale from the least to the most that each value named has been on `samples` (N, C, *space).

    Raises InputError where one is not finite.
    """
    shapes = {INPUT: network.input_shape} | {node.name: node.output_shape for node in network.layers}
    together = max(1, min(len(samples), _MOST_NUMBERS // sum(prod(shapes[name]) for name in names)))
    program = lower_inference(network, together, arrays, arrays, input_scale, shown=names)
    plan = Plan(program, on_compile, prepare_once=True)
    ports = {SHOWN.format(name): np.empty((together, *shapes[name]), dtype=np.float32) for name in names}
    ports["output"] = np.empty((together, *network.output_shape), dtype=np.float32)
    indices = np.arange(len(samples), dtype=np.int64)
    seen = {name: (0.0, 0.0) for name in names}
    for start in range(0, len(samples), together):
        here = indices[start : start + together]
        plan.run(len(here), ports | {"input": samples, "indices": here})
        for name, (least, most) in seen.items():
            values = ports[SHOWN.format(name)][: len(here)]
            # NumPy's extremes pass on what is not a number, unlike Python's.
            seen[name] = float(np.minimum(least, values.min())), float(np.maximum(most, values.max()))
    for name, (least, most) in seen.items():
        if not np.isfinite([least, most]).all():
            raise InputError(
                f'calibration: the values of "{name}" reach from {least} to {most}, finite numbers are expected; '
                "leave out such samples, or train the model again where it has diverged"
            )
    return {name: Scale.of(*limits) for name, limits in seen.items()}
