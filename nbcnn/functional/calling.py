"""How the functions of this room reach the kernels, and how `vjp` finds the way back of what they computed."""

import inspect
import math
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nbcnn.errors import InputError
from nbcnn.plan.single import single_plan

Floats = NDArray[np.float32]
Gradient = Floats | tuple[Floats, ...] | None
Pullback = Callable[[ArrayLike], tuple[Gradient, ...]]
Function = TypeVar("Function", bound=Callable[..., Any])

_differentiable: list[Callable[..., Any]] = []


def differentiable(function: Function) -> Function:
    """Let `vjp` take this function, which calls `apply` once."""
    _differentiable.append(function)
    return function


@dataclass(frozen=True)
class _Call:
    """An operation with its arrays as the kernels take them.

    `shape` is the shape of x and y for the caller where the kernels see them as rows; None where they see x as it is.
    """

    operation: str
    inputs: tuple[Floats, ...]
    parameters: tuple[Any, ...]
    attributes: dict[str, Any]
    seed: int
    shape: tuple[int, ...] | None

    def run(self, dy: Floats | None = None) -> tuple[np.ndarray, tuple[np.ndarray, ...], tuple[np.ndarray | None, ...]]:
        inputs = tuple(each.shape for each in self.inputs)
        others = tuple(None if each is None else each.shape for each in self.parameters)
        plan = single_plan(self.operation, inputs, others, self.attributes, dy is not None)
        return plan.run(self.inputs, self.parameters, dy, self.seed)


_recorded: ContextVar[list[_Call] | None] = ContextVar("recorded", default=None)


def floats(value: ArrayLike, name: str) -> Floats:
    """`value` as a contiguous float32 array; raises InputError where it holds no numbers."""
    try:
        array = np.asarray(value)
    except ValueError:
        raise InputError(f"{name}: its rows differ in length; give every row as many numbers") from None
    if array.dtype.kind not in "fiub":
        raise InputError(
            f"{name}: numbers are expected, received dtype {array.dtype}; convert it with .astype('float32')"
        )
    return np.asarray(array, dtype=np.float32, order="C")


def apply(
    operation: str,
    x: Floats | Sequence[Floats],
    parameters: tuple[Any, ...] = (),
    attributes: dict[str, Any] | None = None,
    *,
    seed: int = 0,
    seen_as: tuple[int, ...] | None = None,
) -> Floats:
    """Run an operation on x (several arrays where it joins branches) with its parameters in the kernels' order.

    x is reshaped to `seen_as` where its own shape means nothing to the operation. A parameter that does not exist is
    None. Raises InputError for an empty x.
    """
    inputs = (x,) if isinstance(x, np.ndarray) else tuple(x)
    for each in inputs:
        if each.size == 0:
            raise InputError(f"{operation}: x of shape {each.shape} holds no number; give at least one sample")
    shape = None
    if seen_as is not None:
        shape = inputs[0].shape
        inputs = (inputs[0].reshape(seen_as),)
    call = _Call(operation, inputs, parameters, attributes or {}, seed, shape)
    y, _, _ = call.run()
    recorded = _recorded.get()
    if recorded is not None:
        # The pullback computes later, when the caller may have changed the arrays.
        inputs = tuple(each.copy() for each in inputs)
        parameters = tuple(None if each is None else each.copy() for each in parameters)
        recorded.append(replace(call, inputs=inputs, parameters=parameters))
    return y if shape is None else y.reshape(shape)


def each_number(operation: str, x: ArrayLike, **attributes: Any) -> Floats:
    """Run a function of single numbers on an array of any shape, in rows that suit the engine."""
    x = floats(x, f"{operation}: x")
    return apply(operation, x, (), attributes, seen_as=(-1, math.gcd(x.size, 1024)))


def vjp(function: Callable[..., Any], *arrays: Any, **attributes: Any) -> tuple[Any, Pullback]:
    """Return `function(*arrays, **attributes)` and the function that takes dy to the gradient of every array.

    The pullback returns a tuple with one entry per array of the call; class numbers and running statistics have None,
    a sequence of arrays has a tuple. Raises InputError for a function that is not an operation of this module, or for a
    dy of the wrong shape.

    >>> y, pullback = vjp(conv, x, weight, bias, stride=2)
    >>> dx, dweight, dbias = pullback(dy)
    """
    if function not in _differentiable:
        raise InputError(
            f"vjp: {getattr(function, '__name__', function)} is no operation with a gradient; the operations are "
            f"{', '.join(each.__name__ for each in _differentiable)}"
        )
    several = isinstance(next(iter(inspect.signature(function).bind(*arrays, **attributes).args)), list | tuple)
    calls: list[_Call] = []
    token = _recorded.set(calls)
    try:
        y = function(*arrays, **attributes)
    finally:
        _recorded.reset(token)
    (call,) = calls
    y_shape = np.shape(y)

    def pullback(dy: ArrayLike) -> tuple[Gradient, ...]:
        upstream = floats(dy, "pullback: dy")
        if upstream.shape != y_shape:
            raise InputError(f"pullback: dy must have the shape of y, {y_shape}, received {upstream.shape}")
        if y_shape == ():
            # A loss: kernels compute its gradient for dy = 1.
            _, (slope,), _ = call.run(upstream)
            return (slope * upstream, *(None for value in call.parameters if value is not None))
        _, dx, rest = call.run(upstream if call.shape is None else upstream.reshape(call.inputs[0].shape))
        if call.shape is not None:
            dx = (dx[0].reshape(call.shape),)
        given = (each for each, value in zip(rest, call.parameters, strict=True) if value is not None)
        return (dx if several else dx[0], *given)

    return y, pullback
