"""What training a network will take, before anything is compiled or allocated: its program is laid out, no more."""

from functools import cache
from math import prod

import numpy as np

from nbcnn.errors import InputError
from nbcnn.kernels.cpu.program.program import Program
from nbcnn.machine.cores import workers
from nbcnn.machine.garbage import collecting_later, is_collected
from nbcnn.network import Network, Node
from nbcnn.network.node import FLOAT_BYTES
from nbcnn.plan.arena import lay_out
from nbcnn.plan.losses import planned_loss
from nbcnn.plan.lowering import lower_inference, lower_training
from nbcnn.plan.schedule import Schedule
from nbcnn.plan.updating import Arrays, Average, Update
from nbcnn.spec.augment import mixes

_WORD_BYTES = 8
# Some seconds and some hundred MiB.
_MOST_LAYERS, _MOST_PLACES = 1 << 12, 1 << 24


def training_bytes(network: Network) -> int | None:
    """All that training on batches of the spec's size holds: weights, what the optimiser keeps, the buffers of a step.

    The data set comes on top. It depends on how many lanes and cores this machine has. None where maps are so large, or
    layers so many, that laying them out would take long. Raises InputError for a number of threads in the environment
    that makes no sense.
    """
    if len(network.layers) > _MOST_LAYERS or max(map(_window_places, network.layers)) > _MOST_PLACES:
        return None
    threads = workers()
    try:
        with collecting_later():
            return _planned_bytes(network, threads)
    except InputError:
        # Training would refuse it, too.
        return None


def _window_places(node: Node) -> int:
    """How many places the windows of a sample's map have together, or the map it reads if these are more."""
    weight = node.parameters.get("weight")
    kernel = node.attributes.get("kernel_size") or () if weight is None else weight.shape[2:]
    kernel = (kernel,) if isinstance(kernel, int) else kernel
    return max(prod(node.output_shape[1:]) * prod(kernel), *(prod(shape[1:]) for shape in node.input_shapes))


def _planned_bytes(network: Network, threads: int) -> int:
    train = network.spec.train
    program = training_outline(network)
    kept = len(train.optimizer.state_arrays) + (train.accumulation_steps > 1)
    trained = sum(node.params for node in network.layers if node.trainable)
    buffers = sum(node.buffer_elements for node in network.layers)
    # A trainer keeps copies of running statistics, for steps that are left out.
    numbers = network.params + 2 * buffers + kept * trained
    if train.ema is not None:
        numbers += trained + buffers
    laid_out = lay_out(program, threads)
    words = Schedule(program, threads).words
    if is_collected():
        program.forget()
    return FLOAT_BYTES * numbers + laid_out + _WORD_BYTES * words


def training_outline(network: Network) -> Program:
    """The program of training on batches of the spec's size: all its calls, and no array behind them."""
    train = network.spec.train
    state_arrays = train.optimizer.state_arrays
    parameters, buffers = _arrays(network)
    names = (f"{node.name}.{name}" for node in network.layers if node.trainable for name in node.parameters)
    trained = {name: parameters[name] for name in names}
    update = Update(
        train.optimizer.type,
        train.optimizer.settings,
        dict.fromkeys(state_arrays, trained),
        {node.name: np.zeros(1) for node in network.layers if node.trainable and node.lr is not None},
        train.clip_grad_norm,
        train.clip_grad_value,
        train.shared_gradients,
        trained if train.accumulation_steps > 1 else {},
        Average({**trained, **buffers}, train.ema.decay, train.ema.warmup) if train.ema else None,
    )
    loss = planned_loss(train.loss.without_data(), mixes(network.spec.augment))
    scale = _scale(network)
    return lower_training(network, train.batch_size, parameters, buffers, scale, loss, update, outline=True)


def inference_outline(network: Network, samples: int) -> Program:
    """The program of predictions for so many samples, with no array behind it."""
    return lower_inference(network, samples, *_arrays(network), _scale(network))


def _arrays(network: Network) -> tuple[Arrays, Arrays]:
    """Parameters and buffers; a program asks for shapes alone, so one number serves as an array of any."""
    number = np.zeros(1, np.float32)

    @cache
    def array(shape: tuple[int, ...]) -> np.ndarray:
        return np.ndarray(shape, np.float32, number, strides=(0,) * len(shape))

    def arrays(section: str) -> Arrays:
        return {
            f"{node.name}.{name}": array(each.shape)
            for node in network.layers
            for name, each in getattr(node, section).items()
        }

    return arrays("parameters"), arrays("buffers")


def _scale(network: Network) -> np.ndarray:
    return np.ones((network.input_shape[0], 2), np.float32)
