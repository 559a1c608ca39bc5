"""One number of a layer's output, and of a weight's gradient, with everything that it is computed from.

In float64, as the reference kernels compute, for one sample and as in inference: batch norms take running statistics
and random layers do nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nbcnn.errors import InputError
from nbcnn.network import Network, Node
from nbcnn.network.seen import located
from nbcnn.plan.losses import class_weights
from nbcnn.plan.operations import parameter_names
from nbcnn.plan.reference import Reference, reference_gradient_of, reference_of
from nbcnn.spec import CrossEntropy
from nbcnn.teaching import sample as samples
from nbcnn.teaching.formulas import FORMULAS
from nbcnn.teaching.sample import Sample
from nbcnn.teaching.terms import Doubles, Index, Term, candidates, counted, gradient_products, products
from nbcnn.training.events import OnEvent, ignore
from nbcnn.weights import initialise, store
from nbcnn.weights.initialise import initial_buffers

Upstream = Literal["ones", "loss"]
Rule = Literal["products", "maximum", "minimum", "mean", "batch_norm", "function"]

CHOICES: dict[str, Rule] = {
    "max_pool": "maximum",
    "adaptive_max_pool": "maximum",
    "global_max_pool": "maximum",
    "min_pool": "minimum",
    "avg_pool": "mean",
    "adaptive_avg_pool": "mean",
    "global_avg_pool": "mean",
}


@dataclass(frozen=True)
class WeightGradient:
    """The gradient of one number of a layer's weight: the sum of the terms' products, inputs times gradients."""

    index: Index
    upstream: Upstream
    value: float
    terms: tuple[Term, ...]

    def as_dict(self) -> dict[str, Any]:
        terms = [term.as_dict() for term in self.terms]
        return {"index": list(self.index), "upstream": self.upstream, "value": self.value, "terms": terms}


@dataclass(frozen=True)
class Step:
    """One number of a layer's output, `value`, at `unit`, (channel, *position).

    `rule` says what is done with the terms: "products" sums their products and adds the bias; "maximum" and "minimum"
    choose, `winner` being the term's number, and "mean" divides the sum by the count; "batch_norm" normalises the one
    term, and "function" is any other function of the terms, in words in `formula`, where there are some. `numbers` has
    what else is used, by name.
    """

    layer: str
    type: str
    unit: Index
    sample: str
    rule: Rule
    value: float
    terms: tuple[Term, ...]
    numbers: dict[str, float] = field(default_factory=dict)
    winner: int | None = None
    formula: str | None = None
    gradient: WeightGradient | None = None

    def as_dict(self) -> dict[str, Any]:
        """The object that `nbcnn step --format json` prints."""
        return {
            "layer": self.layer,
            "type": self.type,
            "unit": list(self.unit),
            "sample": self.sample,
            "rule": self.rule,
            "value": self.value,
            "terms": [term.as_dict() for term in self.terms],
            "numbers": self.numbers,
            "winner": self.winner,
            "formula": self.formula,
            "gradient": self.gradient.as_dict() if self.gradient else None,
        }


@dataclass(frozen=True, eq=False)
class Values:
    """Where the numbers of a network come from: a weights file, or first weights; and the layer's weight, if given."""

    weights: Path | None = None
    seed: int = 0
    kernel: Sequence[float] | None = None


def step(
    network: Network,
    layer: str,
    unit: Sequence[int] | None,
    weight: Sequence[int] | None,
    values: Values,
    source: int | Path | Sequence[float],
    upstream: Upstream,
    data_dir: Path | None,
    on_event: OnEvent | None,
) -> Step:
    """Raises InputError, of which WeightsError, DataError and SpecError are, for whatever of this does not do."""
    node = network[layer]
    channel, position = located(node, unit)
    place = (channel or 0, *position)
    reference, statistics = _reference(network, node, values)
    match source:
        case int():
            sample = samples.from_data(network, source, statistics, data_dir, on_event or ignore)
        case Path():
            sample = samples.from_file(network, source, statistics)
        case _:
            sample = samples.from_numbers(network, source)
    needs_loss = weight is not None and upstream == "loss"
    activations = reference.forward(sample.numbers[np.newaxis], until=None if needs_loss else layer)
    gradient = None
    if weight is not None:
        dy = _of_loss(network, node, reference, activations, sample) if needs_loss else np.ones(node.output_shape)
        gradient = _gradient(node, weight, activations[node.inputs[0]][0], dy, upstream)
    return _output(node, place, reference, activations, sample, gradient)


def _reference(network: Network, node: Node, values: Values) -> tuple[Reference, samples.Statistics | None]:
    parameters: dict[str, Any]
    buffers: dict[str, Any]
    statistics = None
    if values.weights is None:
        parameters, buffers = initialise(network, values.seed), initial_buffers(network)
    else:
        snapshot = store.load(values.weights, network)
        parameters, buffers, statistics = snapshot.parameters, snapshot.buffers, snapshot.normalization
    parameters = {key: each.astype(np.float64) for key, each in parameters.items()}
    if values.kernel is not None:
        parameters[f"{node.name}.weight"] = _kernel(node, values.kernel)
    return Reference(network, parameters, {key: each.astype(np.float64) for key, each in buffers.items()}), statistics


def _kernel(node: Node, numbers: Sequence[float]) -> Doubles:
    if "weight" not in node.parameters:
        raise InputError(f'kernel: layer "{node.name}" ({node.type}) has no weight; give numbers to one that has')
    shape = node.parameters["weight"].shape
    if len(numbers) != prod(shape):
        raise InputError(
            f'kernel: {prod(shape)} numbers fill the weight of "{node.name}", {" x ".join(map(str, shape))}, received '
            f"{len(numbers)}"
        )
    return np.array(numbers, np.float64).reshape(shape)


def _output(
    node: Node,
    unit: Index,
    reference: Reference,
    activations: dict[str, Doubles],
    sample: Sample,
    gradient: WeightGradient | None,
) -> Step:
    inputs = {name: activations[name][0] for name in node.inputs}
    x = inputs[node.inputs[0]]
    value = float(activations[node.name][0][unit])
    rule: Rule = CHOICES.get(node.operation, "function")
    numbers: dict[str, float] = {}
    winner = None

    def array(name: str) -> Doubles | None:
        held = {**reference.parameters, **reference.buffers}
        return held.get(f"{node.name}.{name}")

    weight, bias = array("weight"), array("bias")
    terms = None if weight is None else products(node, unit, x, weight)
    if terms is not None:
        rule = "products"
        numbers = {} if bias is None else {"bias": float(bias[unit[0]])}
    elif rule == "mean":
        terms = counted(node, unit, x)
        numbers = {"count": float(len(terms))}
    else:
        terms = candidates(node, unit, inputs)
    if rule in ("maximum", "minimum") and terms:
        read = [term.number for term in terms]
        winner = int(np.argmax(read) if rule == "maximum" else np.argmin(read))
    if node.operation == "batch_norm":
        rule = "batch_norm"
        arrays = {"mean": array("running_mean"), "variance": array("running_var"), "weight": weight, "bias": bias}
        numbers = {name: float(each[unit[0]]) for name, each in arrays.items() if each is not None}
        numbers["eps"] = float(node.attributes["eps"])
    elif rule == "function":
        numbers = {name: float(each) for name, each in node.attributes.items() if isinstance(each, float)}
        if weight is not None and weight.ndim == 1:
            numbers["weight"] = float(weight[unit[0] % len(weight)])
    return Step(
        node.name,
        node.type,
        unit,
        sample.words,
        rule,
        value,
        tuple(terms),
        numbers,
        winner,
        FORMULAS.get(node.operation),
        gradient,
    )


def _of_loss(
    network: Network, node: Node, reference: Reference, activations: dict[str, Doubles], sample: Sample
) -> Doubles:
    """The gradient of the spec's loss of this sample with respect to the layer's output."""
    if sample.target is None:
        raise InputError("upstream: the loss needs a labelled sample; give its index in the data, or use ones")
    loss = network.spec.train.loss
    output = activations[network.layers[-1].name]
    target: NDArray[Any] = sample.target[np.newaxis]
    arrays: list[NDArray[Any] | None] = [target]
    if isinstance(loss, CrossEntropy):
        weight = class_weights(loss)
        arrays.append(None if weight is None else weight.astype(np.float64))
    else:
        arrays[0] = target.astype(np.float64).reshape(output.shape)
    y = reference_of(loss.type)(output, *arrays, **loss.settings)
    (dy,) = reference_gradient_of(loss.type)(1.0, output, y, *arrays, **loss.settings)
    return np.asarray(reference.upstream(activations, dy, node.name)[0])


def _gradient(node: Node, weight: Sequence[int], x: Doubles, dy: Doubles, upstream: Upstream) -> WeightGradient:
    if "weight" not in node.parameters or "weight" not in parameter_names(node.operation):
        raise InputError(f'weight: layer "{node.name}" ({node.type}) has no weight')
    shape = node.parameters["weight"].shape
    fits = len(weight) == len(shape) and all(-size <= at < size for at, size in zip(weight, shape, strict=True))
    if not fits:
        raise InputError(
            f'weight: {",".join(map(str, weight))} is no index of the weight of "{node.name}", which has shape '
            f"{' x '.join(map(str, shape))}; give {len(shape)} numbers from 0"
        )
    index = tuple(at % size for at, size in zip(weight, shape, strict=True))
    terms = gradient_products(node, index, x, dy)
    if terms is None:
        raise InputError(
            f'weight: gradients are written out for conv, conv_transpose and linear, "{node.name}" is a {node.type}; '
            "name such a layer"
        )
    return WeightGradient(index, upstream, sum(term.product for term in terms), tuple(terms))
