"""Run an example of the table: its arrays, its reference, its call through `nbcnn.functional`."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
from tolerances import assert_close

from examples import Example


def reference_of(operation: str):
    """Return the reference function and its gradient."""
    module = import_module(f"nbcnn.kernels.reference.{operation}")
    return getattr(module, operation), getattr(module, f"{operation}_gradient")


def each(function: Callable[[np.ndarray], Any], value: Any) -> Any:
    """Apply a function to an array, or to every one of a tuple of arrays; None stays."""
    if isinstance(value, tuple):
        return tuple(function(part) for part in value)
    return None if value is None else function(value)


def parts(values: Any) -> list[np.ndarray]:
    """Return the arrays of a list that may hold tuples of them, and None, which is left out."""
    flat = []
    for value in values:
        flat.extend(value if isinstance(value, tuple) else [] if value is None else [value])
    return flat


def arrays(example: Example, dtype: str = "float64", seed: int = 0) -> list:
    """Return the operation's positional arrays: x (a tuple where it joins branches), then parameters or None.

    Values are standard normal unless the example draws its own. Where an operation has a kink they are rounded to
    halves, which makes ties in pooling windows and zeros under a relu common: conventions are compared there, not left
    to chance.
    """
    random = np.random.default_rng(seed)
    if example.draw is not None:
        values = example.draw(random, example)
    else:
        x = random.standard_normal(example.input_shape)
        if example.kinks:
            x = np.round(2.0 * x) / 2.0
        more = tuple(random.standard_normal(shape) for shape in example.more_inputs)
        values = [(x, *more) if more else x]
        values += [None if shape is None else random.standard_normal(shape) for shape in example.parameters.values()]
    return [each(lambda part: part.astype(dtype) if part.dtype.kind == "f" else part, value) for value in values]


def upstream(example: Example, shape: tuple[int, ...], dtype: str = "float64", seed: int = 0) -> np.ndarray:
    """Return a gradient of the output; that of a loss is 1, as the trainer's is."""
    if example.is_loss:
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


def widened(value: Any) -> Any:
    """Return float arrays in float64, and None or class numbers as they are."""
    return each(lambda part: part.astype(np.float64) if part.dtype.kind == "f" else part, value)


def functional_call(example: Example, values: list) -> tuple:
    """Return (function, positional arrays, keyword arguments) for `nbcnn.functional`."""
    from nbcnn import functional

    attributes = example.attributes if example.function_attributes is None else example.function_attributes
    x, *rest = values
    named = {name: value for name, value in zip(example.parameters, rest, strict=False) if value is not None}
    positional = rest[len(example.parameters) :]
    return getattr(functional, example.operation), [x, *positional], named, attributes


def run_functional(example: Example, values: list) -> np.ndarray:
    function, positional, named, attributes = functional_call(example, values)
    return function(*positional, **named, **attributes)


def functional_vjp(example: Example, values: list, dy: np.ndarray) -> tuple[np.ndarray, tuple]:
    """Return (y, gradients) of the CPU kernels."""
    from nbcnn import functional

    function, positional, named, attributes = functional_call(example, values)
    y, pullback = functional.vjp(function, *positional, **named, **attributes)
    return y, pullback(dy)


def assert_gradients_close(example: Example, actual: tuple, expected: tuple, y: np.ndarray, dtype: str) -> None:
    """Compare gradients array by array; those that do not exist, of class numbers or an absent bias, are left out."""
    inputs = 1 + len(example.more_inputs)
    actual, expected = parts(actual), parts(expected)
    assert len(actual) == len(expected)
    for index, (one, other) in enumerate(zip(actual, expected, strict=True)):
        kind = "weight_gradient" if index >= inputs else "input_gradient"
        assert_close(one, other, dtype, kind, terms(example, kind, y))


def terms(example: Example, kind: str, y: np.ndarray) -> int:
    """Count the products that one element of the result sums, for an output y."""
    return example.terms(kind, np.shape(y))
