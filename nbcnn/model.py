"""A network with weights: it can be called on arrays, saved and loaded."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from nbcnn import attribution
from nbcnn import spec as specs
from nbcnn.attribution import Target
from nbcnn.compiled import CompiledModel, as_inputs
from nbcnn.errors import InputError
from nbcnn.kernels.cpu.compiling.compiling import OnCompile
from nbcnn.kernels.cpu.language.lanes import lane_count
from nbcnn.machine.memory import refuse_too_large
from nbcnn.network import Network, build
from nbcnn.network.memory import weights_bytes
from nbcnn.plan.lowering import lower_inference
from nbcnn.plan.plan import Plan
from nbcnn.plan.scores import Key, Weighted
from nbcnn.weights import store
from nbcnn.weights.initialise import initial_buffers, initialise
from nbcnn.weights.snapshot import Snapshot
from nbcnn.weights.transfer import Transfer, transfer

Floats = NDArray[np.float32]

# Samples that one walk of the inference plan takes at most, and bytes of activations: they exist once per worker, but
# for what one phase hands to the next, which exists for all samples.
CHUNK = 1024
CHUNK_BYTES = 1 << 30


def chunk(network: Network) -> int:
    """Samples that one walk takes at most: whole blocks, so that what the largest layer reads and writes fits."""
    lanes = lane_count()
    largest = max(node.memory_bytes for node in network.layers)
    return min(CHUNK, lanes * max(1, CHUNK_BYTES // (2 * largest * lanes)))


class Model:
    """Weights of a network, ready to be called.

    `parameters` maps "conv1.weight" to a float32 array in the canonical layout (O, I/groups, *kernel) or (outputs,
    inputs); writing into it changes the model. `classes` are the labels' names. `normalization` holds mean and std by
    channel that inputs are normalised with, or is None.
    """

    def __init__(self, network: Network, seed: int = 0) -> None:
        """Draw first weights by the initialisers of the spec; the same seed gives the same weights.

        Raises InputError where they take more memory than there is.
        """
        self.network = network
        refuse_too_large(weights_bytes(network.layers), f"{network.spec.name}: its weights", "make layers smaller")
        # Read-only mappings of writable arrays: plans hold the arrays' addresses, so none may be put in their place.
        self.parameters: Mapping[str, Floats] = MappingProxyType(initialise(network, seed))
        self.buffers: Mapping[str, Floats] = MappingProxyType(initial_buffers(network))
        self.classes: tuple[str, ...] = ()
        self.provenance: dict[str, Any] = {}
        # One row of factor and shift per channel; the plans read it in place.
        self.input_scale = np.tile(np.array([1.0, 0.0], dtype=np.float32), (network.input_shape[0], 1))
        self._normalization: dict[str, list[float]] | None = None
        self._plans: dict[tuple[int, bool], Plan] = {}
        self._plans_of_scores: dict[str, tuple[Key, Plan]] = {}
        self._calls = 0

    @property
    def normalization(self) -> dict[str, list[float]] | None:
        """Mean and standard deviation by channel, in the units of inputs after bytes are divided by 255."""
        return self._normalization

    @normalization.setter
    def normalization(self, value: Mapping[str, list[float]] | None) -> None:
        channels = self.network.input_shape[0]
        if value is None:
            self.input_scale[...] = (1.0, 0.0)
            self._normalization = None
            return
        try:
            mean, std = (np.asarray(value[name], dtype=np.float64) for name in ("mean", "std"))
        except (KeyError, TypeError, ValueError):
            raise InputError(
                f"normalization: lists of numbers under mean and std are expected, received {str(value)[:100]}; "
                'write {"mean": [...], "std": [...]}'
            ) from None
        fits = mean.shape == std.shape == (channels,) and np.isfinite([mean, std]).all() and (std > 0).all()
        if not fits:
            raise InputError(
                f"normalization: {channels} finite means and positive deviations are expected, one per channel, "
                f"received {mean.size} and {std.size}; give them as lists"
            )
        self.input_scale[:, 0] = 1.0 / std
        self.input_scale[:, 1] = -mean / std
        self._normalization = {"mean": mean.tolist(), "std": std.tolist()}

    def __getstate__(self) -> dict[str, Any]:
        """What a copy or a pickle takes along: all but the plans, which hold addresses of this model's arrays."""
        arrays = {"parameters": dict(self.parameters), "buffers": dict(self.buffers)}
        return self.__dict__ | arrays | {"_plans": {}, "_plans_of_scores": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        proxies = {name: MappingProxyType(state[name]) for name in ("parameters", "buffers")}
        self.__dict__.update(state | proxies)

    @property
    def chunk(self) -> int:
        """Samples that one walk takes at most."""
        return chunk(self.network)

    def load_kernels(self, on_compile: OnCompile | None = None) -> None:
        """Compile or load the kernels of inference now rather than at the first call."""
        self.planned(False, self.chunk, on_compile)

    def compile(
        self,
        batch_size: int,
        on_compile: OnCompile | None = None,
        *,
        dtype: DTypeLike = np.float32,
        calibration: ArrayLike | None = None,
    ) -> CompiledModel:
        """A callable from up to `batch_size` samples (N, C, *space) to the last layer's output, as fast as can be.

        It is of this moment: batch norms are folded into the weights before them and weights are packed, once, so later
        changes of parameters, statistics or normalisation do not reach it. With `dtype` "int8", convolutions and linear
        layers compute in whole numbers, on scales found with the samples in `calibration` (N, C, *space). Raises
        InputError for a batch size that is no positive whole number, and for what int8 cannot be done with.
        """
        return CompiledModel(
            self.network,
            self.parameters,
            self.buffers,
            self.input_scale,
            batch_size,
            on_compile,
            dtype=dtype,
            calibration=calibration,
        )

    def __call__(self, x: ArrayLike, training: bool = False) -> Floats:
        """The last layer's output for x (N, C, *space) as float32 or uint8; bytes count as x / 255.

        With `training`, layers that differ in training do as there: dropout drops, batch norm takes the statistics of
        these samples and moves its running ones. Raises InputError for other shapes or types.
        """
        inputs = as_inputs(x, self.network.input_shape, "input")
        logits = np.empty((len(inputs), *self.network.output_shape), dtype=np.float32)
        if training and len(inputs):
            self.network.refuse_batch(len(inputs), "input")
        # Statistics are those of all samples of the call, which then must go through one plan.
        chunk = max(1, len(inputs)) if training and self.buffers else self.chunk
        plan = self.planned(training, chunk)
        for start in range(0, len(inputs), chunk):
            indices = np.arange(start, min(start + chunk, len(inputs)), dtype=np.int64)
            ports = {"input": inputs, "indices": indices, "output": logits[start : start + len(indices)]}
            # A walk counts samples from 0: `step` keeps its random numbers from being those of the walk before.
            plan.run(len(indices), ports, step=start // chunk, seed=self._calls)
        self._calls += training
        return logits

    def activations(self, x: ArrayLike, layer: str) -> Floats:
        """What a layer gives for x (N, C, *space), as in inference: (N, *shape of the layer).

        Raises SpecError for a layer that is not there, and InputError for other shapes or types.
        """
        self.network[layer]
        return self._weighted.activations(as_inputs(x, self.network.input_shape, "activations"), layer)

    def saliency(self, x: ArrayLike, target: Target | None = None) -> Floats:
        """How much each place of x (N, C, *space) moves the score of a class: (N, *space).

        The score is the last layer's output `target`, one for all samples or one for each, summed over positions where
        it has some; None is each sample's highest. Places have the largest absolute gradient of their channels, with
        respect to x after bytes are divided by 255 (arXiv:1312.6034, section 3.1). Raises InputError for a class that
        is not there, and for other shapes or types.
        """
        inputs = as_inputs(x, self.network.input_shape, "saliency")
        return attribution.saliency(self._weighted, inputs, target)

    def grad_cam(self, x: ArrayLike, layer: str | None = None, target: Target | None = None) -> Floats:
        """What at each position of a layer speaks for a class, 0 and above: (N, *space of the layer).

        `layer` is by default the last with positions, before its pool; `target` is as for `saliency`. The gradient's
        mean by channel weighs the layer's channels (arXiv:1610.02391, section 3). Raises SpecError for a layer that is
        not there, and InputError for one without positions, a class that is not there, and other shapes or types.
        """
        inputs = as_inputs(x, self.network.input_shape, "grad_cam")
        layer = attribution.last_map(self.network) if layer is None else layer
        attribution.refuse_flat(self.network[layer])
        return attribution.grad_cam(self._weighted, inputs, target, layer)

    @property
    def _weighted(self) -> Weighted:
        return Weighted(self.network, self.parameters, self.buffers, self.input_scale, self._plans_of_scores)

    def planned(self, training: bool, samples: int, on_compile: OnCompile | None = None) -> Plan:
        """A plan for so many samples, or for more; one is kept, since statistics need room for all of a call."""
        key = (lane_count(), training)
        plan = self._plans.get(key)
        if plan is None or plan.program.samples < samples:
            program = lower_inference(
                self.network, samples, self.parameters, self.buffers, self.input_scale, training=training
            )
            plan = self._plans[key] = Plan(program, on_compile)
        return plan

    def snapshot(self) -> Snapshot:
        """Everything that a weights file holds, as copies."""
        return Snapshot(
            spec=self.network.spec.resolved(),
            parameters={key: value.copy() for key, value in self.parameters.items()},
            buffers={key: value.copy() for key, value in self.buffers.items()},
            classes=self.classes,
            normalization=self.normalization,
            provenance=self.provenance,
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a weights file, whole or not at all; raises NbcnnError where the disk is full or read-only."""
        store.save(Path(path), self.snapshot())

    def take_weights(self, path: str | os.PathLike[str], *, exclude: Sequence[str] = ()) -> Transfer:
        """Take the arrays of a weights file that fit by name and shape; returns what was taken, and what was not.

        A layer of which an array has another shape keeps all of its numbers, and so do layers named in `exclude` and
        those of blocks named there; `classes` and `normalization` stay as they are. Raises WeightsError for a missing
        or damaged file and where nothing fits, InputError for a name that there is not; nothing is changed then.
        """
        return transfer(Path(path), self.network, {**self.parameters, **self.buffers}, exclude)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """The model in a weights file; raises WeightsError for a missing, damaged or hostile one."""
        with store.opened(Path(path)) as held:
            network = build(specs.parse(held.spec, str(path)))
            snapshot = held.read(network)
        model = cls(network)
        for key, value in snapshot.parameters.items():
            model.parameters[key][...] = value
        for key, value in snapshot.buffers.items():
            model.buffers[key][...] = value
        model.classes = snapshot.classes
        model.normalization = snapshot.normalization
        model.provenance = snapshot.provenance
        return model
