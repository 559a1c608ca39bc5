"""Every operation on plain NumPy arrays, named and parameterised as in `torch.nn.functional`.

One function serves one, two and three spatial axes; arrays are (N, C, *space), float32 inside. These run the same
kernels that training runs. `vjp` gives an operation's result together with its way back.
"""

import inspect
import math
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nbcnn.errors import InputError
from nbcnn.layers.axes import Padding, PerAxis, Window
from nbcnn.layers.problems import Problem
from nbcnn.plan.single import single_plan

Floats = NDArray[np.float32]
Pullback = Callable[[ArrayLike], tuple[Floats | None, ...]]


@dataclass(frozen=True)
class _Call:
    """An operation with its arrays as the kernels take them; `restore` gives x's gradient x's shape again."""

    operation: str
    x: Floats
    parameters: tuple[Any, ...]
    attributes: dict[str, Any]
    seed: int
    shape: tuple[int, ...]

    def run(self, dy: Floats | None = None) -> tuple[np.ndarray, tuple[Floats | None, ...]]:
        shapes = (self.x.shape, *(None if each is None else each.shape for each in self.parameters))
        plan = single_plan(self.operation, shapes, self.attributes, dy is not None)
        return plan.run(self.x, list(self.parameters), dy, self.seed)


_recorded: ContextVar[list[_Call] | None] = ContextVar("recorded", default=None)


def _floats(value: ArrayLike, name: str) -> Floats:
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise InputError(
            f"{name}: numbers are expected, received dtype {array.dtype}; convert it with .astype('float32')"
        )
    return np.asarray(array, dtype=np.float32, order="C")


def _apply(
    operation: str,
    x: Floats,
    parameters: tuple[Any, ...] = (),
    attributes: dict[str, Any] | None = None,
    *,
    seed: int = 0,
    seen_as: tuple[int, int] | None = None,
) -> Floats:
    """Run an operation on x, or on x reshaped to `seen_as` where its own shape means nothing to the operation."""
    if x.size == 0:
        raise InputError(f"{operation}: x of shape {x.shape} holds no number; give at least one sample")
    shape = x.shape
    if seen_as is not None:
        x = x.reshape(seen_as)
    recorded = _recorded.get()
    if recorded is not None:
        # The pullback computes later, when the caller may have changed the arrays.
        x, parameters = x.copy(), tuple(None if each is None else each.copy() for each in parameters)
    call = _Call(operation, x, parameters, attributes or {}, seed, shape)
    y, _ = call.run()
    if recorded is not None:
        recorded.append(call)
    return y if seen_as is None else y.reshape(shape)


def _each_number(operation: str, x: ArrayLike) -> Floats:
    """Run a function of single numbers on an array of any shape, in rows that suit the engine."""
    x = _floats(x, f"{operation}: x")
    return _apply(operation, x, seen_as=(-1, math.gcd(x.size, 1024)))


def _window(
    name: str,
    x: Floats,
    kernel_size: PerAxis,
    stride: PerAxis,
    padding: Padding,
    dilation: PerAxis,
    ceil_mode: bool = False,
) -> Window:
    """The window resolved for x's axes; refuses what does not fit."""
    if x.ndim not in (3, 4, 5):
        raise InputError(
            f"{name}: x must be (N, C, *space) with 1, 2 or 3 spatial axes, received shape {x.shape}; "
            "add the missing axes"
        )
    try:
        window = Window.resolve(x.shape[2:], kernel_size, stride, padding, dilation, ceil_mode)
        window.output_sizes(x.shape[2:])
        for problem in window.padding_above_half() if name.endswith("pool") else ():
            raise problem
    except Problem as problem:
        raise InputError(f"{name}: {problem}") from None
    return window


def conv(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    stride: PerAxis = 1,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
    flip: bool = False,
) -> Floats:
    """Cross-correlate x (N, I, *space) with weight (O, I/groups, *kernel); with `flip`, convolve as mathematics does.

    `padding` is an integer, one per axis, a pair (before, after) per axis, "same", "same_lower" or "valid". Returns
    (N, O, *windows). Raises InputError where shapes do not fit.
    """
    x, weight = _floats(x, "conv: x"), _floats(weight, "conv: weight")
    if weight.ndim != x.ndim or 0 in weight.shape:
        raise InputError(
            f"conv: weight must have as many axes as x and none of size 0, received {weight.shape} for x of {x.shape}; "
            "its shape is (O, I/groups, *kernel)"
        )
    window = _window("conv", x, weight.shape[2:], stride, padding, dilation)
    if groups < 1 or x.shape[1] != weight.shape[1] * groups or weight.shape[0] % groups:
        raise InputError(
            f"conv: weight {weight.shape} in groups (={groups}) expects {weight.shape[1] * groups} input channels and "
            f"outputs divisible by groups, received {x.shape[1]} channels and {weight.shape[0]} outputs; change "
            "groups or the weight"
        )
    attributes = {
        "stride": window.stride,
        "padding": window.padding,
        "dilation": window.dilation,
        "groups": groups,
        "flip": flip,
    }
    return _apply("conv", x, (weight, _bias(bias, weight)), attributes)


def linear(x: ArrayLike, weight: ArrayLike, bias: ArrayLike | None = None) -> Floats:
    """x (N, inputs) times the transpose of weight (outputs, inputs), plus bias; returns (N, outputs).

    Raises InputError where shapes do not fit.
    """
    x, weight = _floats(x, "linear: x"), _floats(weight, "linear: weight")
    if x.ndim != 2 or weight.ndim != 2 or x.shape[1] != weight.shape[1] or 0 in weight.shape:
        raise InputError(
            f"linear: x (N, inputs) and weight (outputs, inputs) must agree, received {x.shape} and {weight.shape}; "
            "flatten x to (N, inputs) first"
        )
    return _apply("linear", x, (weight, _bias(bias, weight)))


def _bias(bias: ArrayLike | None, weight: Floats) -> Floats | None:
    if bias is None:
        return None
    bias = _floats(bias, "bias")
    if bias.shape != weight.shape[:1]:
        raise InputError(
            f"bias: shape {weight.shape[:1]} is expected for weight {weight.shape}, received {bias.shape}; "
            "give one number per output"
        )
    return bias


def _pool_attributes(window: Window) -> dict[str, Any]:
    return {
        "kernel_size": window.kernel_size,
        "stride": window.stride,
        "padding": window.padding,
        "ceil_mode": window.ceil_mode,
    }


def max_pool(
    x: ArrayLike,
    kernel_size: PerAxis,
    stride: PerAxis | None = None,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    ceil_mode: bool = False,
) -> Floats:
    """The largest value of each window of x (N, C, *space); `stride` is the window's size unless given.

    Padding never wins; ties go to the first maximum on the way back. Raises InputError where no window fits.
    """
    x = _floats(x, "max_pool: x")
    window = _window(
        "max_pool", x, kernel_size, kernel_size if stride is None else stride, padding, dilation, ceil_mode
    )
    return _apply("max_pool", x, (), {**_pool_attributes(window), "dilation": window.dilation})


def avg_pool(
    x: ArrayLike,
    kernel_size: PerAxis,
    stride: PerAxis | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Floats:
    """The mean of each window of x (N, C, *space); padding counts as zeros unless `count_include_pad` is False.

    Raises InputError where no window fits.
    """
    x = _floats(x, "avg_pool: x")
    window = _window("avg_pool", x, kernel_size, kernel_size if stride is None else stride, padding, 1, ceil_mode)
    return _apply("avg_pool", x, (), {**_pool_attributes(window), "count_include_pad": count_include_pad})


def relu(x: ArrayLike) -> Floats:
    """The larger of x and 0; the derivative at 0 is 0."""
    return _each_number("relu", x)


def sigmoid(x: ArrayLike) -> Floats:
    """1 / (1 + e**-x)."""
    return _each_number("sigmoid", x)


def tanh(x: ArrayLike) -> Floats:
    """The hyperbolic tangent of x."""
    return _each_number("tanh", x)


def dropout(x: ArrayLike, p: float = 0.5, training: bool = True, *, seed: int = 0) -> Floats:
    """Zero a share p of x and divide the rest by 1 - p; without `training`, x as it is.

    The same seed zeroes the same numbers. Raises InputError unless 0 <= p < 1.
    """
    if not 0 <= p < 1:
        raise InputError(f"dropout: p must be at least 0 and below 1, received {p}; p is the share that becomes zero")
    if not 0 <= seed < 2**63:
        raise InputError(f"dropout: seed must be from 0 to 2**63 - 1, received {seed}; choose a smaller one")
    x = _floats(x, "dropout: x")
    features = (len(x), -1) if x.ndim >= 2 else (-1, 1)
    return _apply("dropout", x, (), {"p": float(p) if training else 0.0}, seed=seed, seen_as=features)


def cross_entropy(logits: ArrayLike, target: ArrayLike) -> np.float32:
    """The mean over samples of -log softmax(logits)[target], for logits (N, classes) and class numbers target (N,).

    Raises InputError where a class number is out of range.
    """
    logits = _floats(logits, "cross_entropy: logits")
    labels = np.asarray(target)
    if labels.dtype.kind not in "iub":
        raise InputError(f"cross_entropy: target must hold class numbers, received {labels.dtype}; use .astype(int)")
    labels = np.ascontiguousarray(labels, dtype=np.int64)
    if logits.ndim != 2 or labels.shape != logits.shape[:1]:
        raise InputError(
            f"cross_entropy: logits (N, classes) and target (N,) must agree, received {logits.shape} and {labels.shape}"
        )
    if labels.size and not 0 <= labels.min() <= labels.max() < logits.shape[1]:
        raise InputError(
            f"cross_entropy: target must lie in 0 .. {logits.shape[1] - 1}, received {labels.min()} .. {labels.max()}; "
            "give class numbers"
        )
    scores = _apply("cross_entropy", logits, (labels,))
    return np.float32(scores[:, 0].mean(dtype=np.float64))


def softmax(x: ArrayLike, axis: int = 1) -> Floats:
    """e**x divided by its sum along `axis`."""
    x = _floats(x, "softmax: x")
    if not -x.ndim <= axis < x.ndim:
        raise InputError(f"softmax: axis must be from {-x.ndim} to {x.ndim - 1}, received {axis}; x has {x.ndim} axes")
    weights = np.exp(x - x.max(axis=axis, keepdims=True))
    result: Floats = weights / weights.sum(axis=axis, keepdims=True)
    return result


_OPERATIONS = (conv, linear, max_pool, avg_pool, relu, sigmoid, tanh, dropout, cross_entropy)
_ARRAYS = ("x", "logits", "weight", "bias", "target")


def vjp(function: Callable[..., Any], *arrays: ArrayLike, **attributes: Any) -> tuple[Any, Pullback]:
    """Return `function(*arrays, **attributes)` and the function that takes dy to the gradient of every array.

    The pullback returns a tuple with one entry per array of the call; class numbers have None. Raises InputError for a
    function that is not an operation of this module, or for a dy of the wrong shape.

    >>> y, pullback = vjp(conv, x, weight, bias, stride=2)
    >>> dx, dweight, dbias = pullback(dy)
    """
    if function not in _OPERATIONS:
        raise InputError(
            f"vjp: {getattr(function, '__name__', function)} is no operation with a gradient; the operations are "
            f"{', '.join(each.__name__ for each in _OPERATIONS)}"
        )
    given = inspect.signature(function).bind(*arrays, **attributes).arguments
    count = sum(name in _ARRAYS and value is not None for name, value in given.items())
    calls: list[_Call] = []
    token = _recorded.set(calls)
    try:
        y = function(*arrays, **attributes)
    finally:
        _recorded.reset(token)
    (call,) = calls

    def pullback(dy: ArrayLike) -> tuple[Floats | None, ...]:
        upstream = _floats(dy, "pullback: dy")
        if upstream.shape != np.shape(y):
            raise InputError(f"pullback: dy must have the shape of y, {np.shape(y)}, received {upstream.shape}")
        if call.operation == "cross_entropy":
            _, (dlogits, *_) = call.run(np.zeros(0, dtype=np.float32))
            assert dlogits is not None
            return (dlogits * upstream, None)
        reshaped = call.x.shape != call.shape
        _, (dx, *rest) = call.run(upstream.reshape(call.x.shape) if reshaped else upstream)
        assert dx is not None
        return (dx.reshape(call.shape), *rest[: count - 1])

    return y, pullback
