"""Spatial arguments, resolved and checked for the functions that use them."""

from collections.abc import Iterator
from contextlib import contextmanager

from nbcnn.errors import InputError
from nbcnn.functional.calling import Floats
from nbcnn.layers.axes import Padding, PerAxis, Window
from nbcnn.layers.problems import Problem


def window(
    name: str,
    x: Floats,
    kernel_size: PerAxis,
    stride: PerAxis,
    padding: Padding,
    dilation: PerAxis,
    ceil_mode: bool = False,
) -> Window:
    """The window resolved for x's axes; refuses what does not fit."""
    with refused(name, x):
        window = Window.resolve(x.shape[2:], kernel_size, stride, padding, dilation, ceil_mode)
        window.output_sizes(x.shape[2:])
        for problem in window.padding_above_half() if name.endswith("pool") else ():
            raise problem
    return window


@contextmanager
def refused(name: str, x: Floats) -> Iterator[None]:
    """Say as function `name` what is wrong with x, where it has no spatial axes, and what a rule finds."""
    if x.ndim not in (3, 4, 5):
        raise InputError(
            f"{name}: x must be (N, C, *space) with 1, 2 or 3 spatial axes, received shape {x.shape}; "
            "add the missing axes"
        )
    try:
        yield
    except Problem as problem:
        raise InputError(f"{name}: {problem}") from None


def one_of(name: str, argument: str, value: str, known: tuple[str, ...]) -> None:
    """Refuse a mode that is none of the known ones."""
    if value not in known:
        words = ", ".join(map(repr, known))
        raise InputError(f"{name}: {argument} = {value!r} is not known; use one of {words}")
