"""Whether gradients are derivatives: of every layer of a network by itself, then of the network as a whole.

Along one direction the slope of sum(dy * y), for a random dy, is found three times: by a central difference of the
float64 reference, from the reference's gradients, and from the gradients of the CPU kernels in float32.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbcnn.errors import InputError
from nbcnn.model import Model
from nbcnn.network import INPUT, Network, Node
from nbcnn.plan.gradients import GradientPlan
from nbcnn.plan.operations import differs_in_training, is_random, parameter_names
from nbcnn.plan.reference import Doubles, Reference, reference_gradient_of, reference_of
from nbcnn.plan.single import SinglePlan

# Half the distance between the two points of a difference, where slopes are no more than 1. Its error is STEP**2 / 6 of
# the third derivative, some 1e-11, and rounding of 1e-16 of the sum's terms divided by STEP.
STEP = 1e-5
REFERENCE_TOLERANCE = 1e-6
# Float32 has a unit of 6e-8, and a layer multiplies a few hundred of them at most. A wrong index is off by the slope.
KERNEL_TOLERANCE = 1e-4
# In a deep network some units are zero but for their rounding, open in float64 and closed in float32; steep slopes make
# up to a tenth of a gradient of that (`nbcnn gradcheck specs/preact_resnet164.toml --samples 8 --set
# input.shape=[3,16,16]`). What this line alone can find, a branch forgotten or counted twice, is off by more.
NETWORK_OUTPUT_TOLERANCE = 1e-2
NETWORK_GRADIENT_TOLERANCE = 0.2
NETWORK = "network"

OnCheck = Callable[["Check", int, int], None]


@dataclass(frozen=True)
class Check:
    """One line of the table: a layer, or the whole network, and the slope found in three ways.

    `forward_error` is the kernels' largest error of the output, relative to its largest number; `reference_error` the
    reference's of the slope, relative to the steepest that there is; `kernel_error` the kernels' largest error of any
    array's gradient, relative to its length.
    """

    name: str
    type: str
    difference: float
    reference: float
    kernels: float
    forward_error: float
    reference_error: float
    kernel_error: float

    @property
    def agrees(self) -> bool:
        output, gradient = KERNEL_TOLERANCE, KERNEL_TOLERANCE
        if self.type == NETWORK:
            output, gradient = NETWORK_OUTPUT_TOLERANCE, NETWORK_GRADIENT_TOLERANCE
        # Written so that a NaN disagrees.
        return (
            self.forward_error <= output
            and self.reference_error <= REFERENCE_TOLERANCE
            and self.kernel_error <= gradient
        )

    def as_dict(self) -> dict[str, Any]:
        """JSON-able: all of it and the verdict."""
        return asdict(self) | {"agrees": self.agrees}


def gradcheck(network: Network, *, samples: int = 3, seed: int = 0, on_check: OnCheck | None = None) -> list[Check]:
    """Check every layer and then the network, in training mode, on standard normal inputs and first weights.

    Raises InputError for less than 2 samples, of which there are no batch statistics.
    """
    if samples < 2:
        raise InputError(f"gradcheck: samples = {samples}, at least 2 are expected; batch statistics need several")
    model = Model(network, seed=seed)
    checks = []
    count = len(network.layers) + 1
    for check in _checks(model, samples, seed):
        checks.append(check)
        if on_check is not None:
            on_check(check, len(checks), count)
    return checks


def _checks(model: Model, samples: int, seed: int) -> Iterator[Check]:
    for number, node in enumerate(model.network.layers):
        yield _check_layer(model, node, samples, np.random.default_rng([seed, number]), seed)
    yield _check_network(model, samples, np.random.default_rng([seed, len(model.network.layers)]), seed)


def _check_layer(model: Model, node: Node, samples: int, random: np.random.Generator, seed: int) -> Check:
    """The layer alone, on inputs of its own, so that an error shows where it is."""
    held = {**model.parameters, **model.buffers}
    arrays = {name: held.get(f"{node.name}.{name}") for name in parameter_names(node.operation)}
    inputs = [_normal(random, (samples, *shape)).astype(np.float32) for shape in node.input_shapes]
    point = {name: inputs[number] for number, name in enumerate(_input_names(node))}
    point |= {name: value for name, value in arrays.items() if name in node.parameters and value is not None}
    attributes = node.attributes | ({"training": True} if differs_in_training(node.operation) else {})
    draw = {"seed": seed, "step": 0, "salt": 0} if is_random(node.operation) else {}

    def positional(values: Mapping[str, Any]) -> list[Any]:
        read = tuple(values[name] for name in _input_names(node))
        others = [
            values.get(name, None if value is None else value.astype(np.float64)) for name, value in arrays.items()
        ]
        return [read if len(read) > 1 else read[0], *others]

    def reference(values: Mapping[str, Doubles]) -> Doubles:
        y: Doubles = reference_of(node.operation)(*positional(values), **attributes, **draw)
        return y

    doubles = {name: value.astype(np.float64) for name, value in point.items()}
    y = reference(doubles)
    dy = _normal(random, y.shape).astype(np.float32)
    x, *others = positional(doubles)
    of_x, *of_arrays = reference_gradient_of(node.operation)(dy.astype(np.float64), x, y, *others, **attributes, **draw)
    shapes = tuple(None if value is None else value.shape for value in arrays.values())
    plan = SinglePlan(node.operation, tuple(each.shape for each in inputs), shapes, attributes, gradient=True)
    copies = [None if value is None else value.copy() for value in arrays.values()]
    kernel_y, kernel_inputs, kernel_arrays = plan.run(inputs, copies, dy.reshape(plan.y_shape), seed)
    names = [*_input_names(node), *arrays]
    expected = dict(zip(names, [*(of_x if isinstance(of_x, tuple) else (of_x,)), *of_arrays], strict=True))
    actual = {
        name: each
        for name, each in zip(names, [*kernel_inputs, *kernel_arrays], strict=True)
        if each is not None and name in point
    }
    return _compare((node.name, node.type), random, doubles, reference, (y, dy, expected), (kernel_y, actual))


def _input_names(node: Node) -> list[str]:
    return [f"input {number}" for number in range(len(node.inputs))]


def _check_network(model: Model, samples: int, random: np.random.Generator, seed: int) -> Check:
    network = model.network
    x = _normal(random, (samples, *network.input_shape)).astype(np.float32)
    point = {INPUT: x.astype(np.float64)} | {
        f"{node.name}.{name}": model.parameters[f"{node.name}.{name}"].astype(np.float64)
        for node in network.layers
        for name in node.parameters
    }
    buffers = {key: value.astype(np.float64) for key, value in model.buffers.items()}

    def values_at(values: Mapping[str, Doubles]) -> tuple[Reference, dict[str, Doubles]]:
        reference = Reference(network, values, buffers, (seed, 1))
        return reference, reference.forward(values[INPUT])

    output = network.layers[-1].name
    reference, activations = values_at(point)
    y = activations[output]
    dy = _normal(random, y.shape).astype(np.float32)
    expected = reference.backward(activations, dy.astype(np.float64))
    kernel_y, actual = GradientPlan(network, samples, model.parameters, model.buffers).run(x, dy, step=1, seed=seed)
    return _compare(
        (network.name, NETWORK),
        random,
        point,
        lambda values: values_at(values)[1][output],
        (y, dy, expected),
        (kernel_y, actual),
    )


def _compare(
    label: tuple[str, str],
    random: np.random.Generator,
    point: Mapping[str, Doubles],
    function: Callable[[Mapping[str, Doubles]], Doubles],
    expected: tuple[Doubles, NDArray[np.float32], Mapping[str, Doubles]],
    actual: tuple[NDArray[np.float32], Mapping[str, NDArray[np.float32]]],
) -> Check:
    y, dy, gradients = expected
    kernel_y, kernel_gradients = actual
    # Frozen parameters have no gradient in the kernels, so nobody walks along them.
    moved = [name for name in point if name in kernel_gradients]
    random_part = _unit({name: _normal(random, point[name].shape) for name in moved})
    # Half of the way goes up the gradient: along a random direction alone the slopes of a large network almost vanish.
    upwards = _unit({name: gradients[name] for name in moved})
    direction = _unit({name: random_part[name] + upwards[name] for name in moved})

    def height(distance: float) -> float:
        there = {name: value + distance * direction.get(name, 0.0) for name, value in point.items()}
        return float(np.sum(dy * function(there)))

    def slope(found: Mapping[str, Any]) -> float:
        return sum(float(np.sum(found[name].astype(np.float64) * direction[name])) for name in moved)

    steepest = np.sqrt(sum(float(np.sum(gradients[name] ** 2)) for name in moved))
    # Where slopes are steep a step must be short: a thousand units would pass the kinks of relu on the way.
    step = STEP / max(1.0, float(steepest))
    difference = (height(step) - height(-step)) / (2.0 * step)
    reference, kernels = slope(gradients), slope(kernel_gradients)
    # Where all gradients vanish, differences are measured by the terms whose sum they are.
    scale = float(steepest + STEP * np.sum(np.abs(dy * y))) or 1.0
    return Check(
        *label,
        difference,
        reference,
        kernels,
        float(np.abs(kernel_y.reshape(y.shape) - y).max() / (np.abs(y).max() or 1.0)),
        abs(difference - reference) / scale,
        _distance({name: kernel_gradients[name] for name in moved}, gradients, 1e-4 * scale),
    )


def _distance(actual: Mapping[str, Any], expected: Mapping[str, Doubles], floor: float) -> float:
    """The largest error of any array's gradient, relative to its length; one that is next to nothing counts as `floor`.

    Array by array, because those of a network's end are so much longer than those of its beginning that they would hide
    an error there.
    """
    return max(
        (
            float(np.linalg.norm(each - expected[name]) / max(float(np.linalg.norm(expected[name])), floor))
            for name, each in actual.items()
        ),
        default=0.0,
    )


def _unit(direction: Mapping[str, Doubles]) -> dict[str, Doubles]:
    """The same direction with a length of 1; nowhere stays nowhere."""
    length = np.sqrt(sum(float(np.sum(each**2)) for each in direction.values())) or 1.0
    return {name: each / length for name, each in direction.items()}


def _normal(random: np.random.Generator, shape: tuple[int, ...]) -> Doubles:
    return random.standard_normal(shape)
