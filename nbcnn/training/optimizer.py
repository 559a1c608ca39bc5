"""An optimiser at work on the parameters of one network: the arrays it keeps, and the learning rates of the moment."""

import math
from collections.abc import Mapping

import numpy as np

from nbcnn.errors import InputError, WeightsError
from nbcnn.network import Network
from nbcnn.plan.updating import Average, Update
from nbcnn.spec.optimizers import Optimizer as OptimizerTable

SHARED_GRADIENTS = ("sum", "mean")


class Optimizer:
    """State and rates for all layers that train; `update` is what a plan needs to know of them.

    Raises InputError for settings out of range.
    """

    def __init__(
        self,
        table: OptimizerTable,
        network: Network,
        clip_grad_norm: float | None,
        clip_grad_value: float | None,
        shared_gradients: str,
        accumulation_steps: int,
        average: Average | None,
    ) -> None:
        for name, limit in (("clip_grad_norm", clip_grad_norm), ("clip_grad_value", clip_grad_value)):
            if limit is not None and not 0 < limit < math.inf:
                raise InputError(
                    f"{name} = {limit}: a number above 0 is expected; leave it out where nothing is to be clipped"
                )
        if accumulation_steps < 1:
            raise InputError(
                f"accumulation_steps = {accumulation_steps}: at least 1 is expected; 1 updates after every batch"
            )
        if shared_gradients not in SHARED_GRADIENTS:
            expected = " or ".join(map(repr, SHARED_GRADIENTS))
            raise InputError(f"shared_gradients = {shared_gradients!r}: {expected} is expected; choose one of these")
        trained = [node for node in network.layers if node.trainable]
        self._table = table
        self._own_rates = {node.name: node.lr for node in trained if node.lr is not None}
        if self._own_rates and not table.lr:
            name, rate = next(iter(self._own_rates.items()))
            raise InputError(
                f"layer {name}: lr = {rate:g} changes in proportion to the optimizer's, which is 0; give the optimizer "
                "a number above 0, and the layers that are not to learn trainable = false"
            )
        shapes = {
            f"{node.name}.{name}": parameter.shape for node in trained for name, parameter in node.parameters.items()
        }

        def arrays(start: float) -> dict[str, np.ndarray]:
            return {key: np.full(shape, start, dtype=np.float32) for key, shape in shapes.items()}

        self.update = Update(
            table.type,
            table.settings,
            {name: arrays(start) for name, start in table.state_arrays.items()},
            {name: np.array([rate]) for name, rate in self._own_rates.items()},
            clip_grad_norm,
            clip_grad_value,
            shared_gradients,
            arrays(0.0) if accumulation_steps > 1 else {},
            average,
        )

    def set_learning_rate(self, rate: float) -> None:
        """Give layers with a learning rate of their own the share of it that `rate` is of the optimiser's."""
        for name, own in self._own_rates.items():
            self.update.rates[name][0] = own * (rate / self._table.lr)

    def _arrays(self) -> dict[str, np.ndarray]:
        named = dict(self.update.state)
        if self.update.average is not None:
            named["average"] = self.update.average.arrays
        return {f"{name}/{key}": array for name, arrays in named.items() for key, array in arrays.items()}

    def state(self) -> dict[str, np.ndarray]:
        """Copies of all arrays, by "exp_avg/conv1.weight"."""
        return {name: array.copy() for name, array in self._arrays().items()}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Take over arrays that `state` gave; raises WeightsError where they do not fit."""
        own = self._arrays()
        if state.keys() != own.keys():
            different = sorted(state.keys() ^ own.keys())[0]
            raise WeightsError(
                f"optimiser state: {len(own)} arrays of {self._table.type} are expected, received {len(state)}, "
                f"{different} being one that differs; resume with the optimiser that the run began with"
            )
        for name, array in own.items():
            if state[name].shape != array.shape:
                raise WeightsError(
                    f"optimiser state: {name} of shape {array.shape} is expected, received {state[name].shape}"
                )
        for name, array in own.items():
            array[...] = state[name]
