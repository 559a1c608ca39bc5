"""Run an example of the table: its arrays, its reference, its call through `nbcnn.functional`."""

from importlib import import_module
from math import prod

import numpy as np
from tolerances import assert_close

from examples import Example


def reference_of(operation: str):
    """Return the reference function and its gradient."""
    module = import_module(f"nbcnn.kernels.reference.{operation}")
    return getattr(module, operation), getattr(module, f"{operation}_gradient")


def arrays(example: Example, dtype: str = "float64", seed: int = 0) -> list:
    """Return the operation's positional arrays: x, then parameters; a conv or linear without bias ends in None.

    Values are standard normal. Where an operation has a kink they are rounded to halves, which makes ties in pooling
    windows and zeros under a relu common: conventions are compared there, not left to chance.
    """
    random = np.random.default_rng(seed)
    x = random.standard_normal(example.input_shape)
    if example.operation in ("max_pool", "relu"):
        x = np.round(2.0 * x) / 2.0
    values = [x.astype(dtype)]
    if example.operation == "cross_entropy":
        samples, classes = example.input_shape
        values.append(random.integers(0, classes, samples))
    values += [random.standard_normal(shape).astype(dtype) for shape in example.parameters.values()]
    if example.operation in ("conv", "linear") and "bias" not in example.parameters:
        values.append(None)
    return values


def upstream(example: Example, shape: tuple[int, ...], dtype: str = "float64", seed: int = 0) -> np.ndarray:
    """Return a gradient of the output; that of a loss is 1, as the trainer's is."""
    if example.operation == "cross_entropy":
        return np.ones((), dtype)
    return np.random.default_rng(seed + 1).standard_normal(shape).astype(dtype)


def run_reference(example: Example, values: list, dy: np.ndarray | None = None) -> tuple[np.ndarray, tuple]:
    """Return (y, gradients) of the float64 reference, for values of any float dtype; dy is `upstream` unless given."""
    forward, gradient = reference_of(example.operation)
    values = [widened(value) for value in values]
    y = forward(*values, **example.attributes)
    dy = upstream(example, y.shape) if dy is None else widened(dy)
    x, *rest = values
    return y, gradient(dy, x, y, *rest, **example.attributes)


def widened(value: np.ndarray | None) -> np.ndarray | None:
    """Return a float array in float64, and None or class numbers as they are."""
    return value if value is None or value.dtype.kind != "f" else value.astype(np.float64)


def has_function(example: Example) -> bool:
    """Tell whether `nbcnn.functional` has the operation: all but flatten, which is NumPy's reshape."""
    return example.operation != "flatten"


def functional_call(example: Example, values: list) -> tuple:
    """Return (function, positional arrays, keyword arguments) for `nbcnn.functional`."""
    from nbcnn import functional

    attributes = dict(example.attributes)
    if example.operation == "dropout":
        # One call is the first step of the first layer: the function has the seed alone.
        assert attributes.pop("step") == 0
        assert attributes.pop("salt") == 0
    positional = [value for value in values if value is not None]
    return getattr(functional, example.operation), positional, attributes


def run_functional(example: Example, values: list) -> np.ndarray:
    function, positional, attributes = functional_call(example, values)
    return function(*positional, **attributes)


def functional_vjp(example: Example, values: list, dy: np.ndarray) -> tuple[np.ndarray, tuple]:
    """Return (y, gradients) of the CPU kernels."""
    from nbcnn import functional

    function, positional, attributes = functional_call(example, values)
    y, pullback = functional.vjp(function, *positional, **attributes)
    return y, pullback(dy)


def assert_gradients_close(example: Example, actual: tuple, expected: tuple, y: np.ndarray, dtype: str) -> None:
    """Compare gradients array by array; those that do not exist, of class numbers or an absent bias, are left out."""
    actual = [gradient for gradient in actual if gradient is not None]
    expected = [gradient for gradient in expected if gradient is not None]
    assert len(actual) == len(expected)
    for index, (one, other) in enumerate(zip(actual, expected, strict=True)):
        kind = "weight_gradient" if index else "input_gradient"
        assert_close(one, other, dtype, kind, terms(example, kind, y))


def terms(example: Example, kind: str, y: np.ndarray) -> int:
    """Count the products that one element of the result sums, for an output y."""
    if example.operation == "conv":
        outputs, inputs, *kernel = example.parameters["weight"]
        return {
            "forward": inputs * prod(kernel),
            "input_gradient": outputs // example.attributes["groups"] * prod(kernel),
            "weight_gradient": y.size // outputs,
        }[kind]
    if example.operation == "linear":
        outputs, inputs = example.parameters["weight"]
        return {"forward": inputs, "input_gradient": outputs, "weight_gradient": len(y)}[kind]
    if example.operation == "cross_entropy":
        return example.input_shape[1]
    return prod(example.attributes.get("kernel_size", ()))
