"""Arithmetic of windows that slide over one, two or three spatial axes; integers only.

Used by the layers' declarations and by `nbcnn.functional`, so that both read `stride=2`, `padding="same"` alike.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import isqrt
from operator import index
from typing import NamedTuple

from nbcnn.layers.problems import Code, Problem

Shape = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]
PerAxis = int | Sequence[int]
Margins = int | Sequence[int | Sequence[int]]
Padding = Margins | str

AXIS_NAMES = {1: ("positions",), 2: ("rows", "columns"), 3: ("slices", "rows", "columns")}


def per_axis(value: PerAxis, rank: int, name: str, minimum: int = 1) -> tuple[int, ...]:
    """One integer per spatial axis: `3` gives `(3, 3)` for two axes, `[3, 5]` stays as it is.

    Raises Problem where the length is not `rank`, or an entry is no integer or below `minimum`.
    """
    entries = _entries(value, rank, name, f"give one integer, or {rank} of them")
    return tuple(_whole(entry, name, minimum) for entry in entries)


def padding_pairs(
    padding: Padding,
    rank: int,
    kernel_size: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
    size: tuple[int, ...],
) -> Pairs:
    """Padding as `(before, after)` per axis.

    An integer pads every side alike, an entry per axis may be an integer or a pair `[before, after]`. `"same"` pads
    to an output of ceil(size / stride) with the odd extra at the end, `"same_lower"` with the odd extra at the
    beginning, `"valid"` not at all. Raises Problem for anything else.
    """
    if isinstance(padding, str):
        if padding == "valid":
            return ((0, 0),) * rank
        if padding not in ("same", "same_lower"):
            raise Problem(
                Code.BAD_PADDING,
                f"padding = {padding!r} is not known",
                'use "same", "same_lower" or "valid"',
                "padding",
            )
        totals = [
            max((-(-n // s) - 1) * s + span(k, d) - n, 0)
            for n, k, s, d in zip(size, kernel_size, stride, dilation, strict=True)
        ]
        if padding == "same":
            return tuple((total // 2, total - total // 2) for total in totals)
        return tuple((total - total // 2, total // 2) for total in totals)
    return pairs_per_axis(padding, rank, "padding")


def pairs_per_axis(value: Margins, rank: int, name: str) -> Pairs:
    """`(before, after)` per axis from an integer for every side, or per axis an integer or a pair `[before, after]`.

    Raises Problem for anything else.
    """
    cure = f"give one integer, or {rank} entries, each an integer or a pair [before, after]"
    return tuple(_pair(entry, name) for entry in _entries(value, rank, name, cure))


def window_output_size(
    size: int,
    kernel: int,
    stride: int,
    before: int,
    after: int,
    dilation: int,
    ceil_mode: bool,
    axis: str = "positions",
    number: int = 0,
) -> int:
    """How many windows fit one axis of `size` inputs; `axis` names it in the message, and `number` is its place among
    the spatial axes.

    The floor of (size + before + after - span) / stride, plus one. With `ceil_mode` the ceiling, less a last window
    that would start in the padding after the input. Raises Problem where no window fits.
    """
    extent = span(kernel, dilation)
    room = size + before + after - extent
    if not ceil_mode:
        count = room // stride + 1
    else:
        count = -(-room // stride) + 1
        if (count - 1) * stride >= size + before:
            count -= 1
    if count >= 1:
        return count
    padded = f" padded to {size + before + after}" if before + after else ""
    dilated = (
        f"a kernel of {kernel} with dilation {dilation} spans {extent} and" if dilation > 1 else f"a window of {kernel}"
    )
    largest = (size + before + after - 1) // dilation + 1
    raise Problem(
        Code.WINDOW_TOO_LARGE,
        f"{dilated} does not fit {size} {axis}{padded}",
        f"use kernel_size <= {largest} or padding >= {-(-(extent - size) // 2)}",
        ("kernel_size", number),
        f"at most {largest} fits",
    )


def span(kernel: int, dilation: int) -> int:
    """Inputs from the first to the last that a kernel touches, both included."""
    return (kernel - 1) * dilation + 1


def inside(positions: range, size: int, border: str = "zeros") -> list[int]:
    """Which of `size` inputs these positions of the padded axis hold; index 0 is the first input.

    A border of zeros holds none of them; reflect mirrors about the first and the last, replicate repeats these, and
    circular goes on at the other end. No position is further outside than the axis is long.
    """
    match border:
        case "reflect":
            return [size - 1 - abs(size - 1 - abs(each)) for each in positions]
        case "replicate":
            return [min(max(each, 0), size - 1) for each in positions]
        case "circular":
            return [each % size for each in positions]
    return [each for each in positions if 0 <= each < size]


def largest_divisor(number: int, most: int) -> int:
    """The largest whole number up to `most` that divides `number`."""
    small = (count for count in range(1, isqrt(number) + 1) if number % count == 0)
    return max(count for pair in ((each, number // each) for each in small) for count in pair if count <= most)


def axes(rank: int) -> str:
    return f"{rank} spatial {'axis' if rank == 1 else 'axes'}"


class Window(NamedTuple):
    """A window resolved for one input: every field has one entry per spatial axis."""

    kernel_size: tuple[int, ...]
    stride: tuple[int, ...]
    padding: Pairs
    dilation: tuple[int, ...]
    ceil_mode: bool = False

    @classmethod
    def resolve(
        cls,
        space: Shape,
        kernel_size: PerAxis,
        stride: PerAxis = 1,
        padding: Padding = 0,
        dilation: PerAxis = 1,
        ceil_mode: bool = False,
    ) -> "Window":
        """The window for an input of the spatial sizes `space`, from arguments as a person writes them."""
        rank = len(space)
        kernels = per_axis(kernel_size, rank, "kernel_size")
        strides = per_axis(stride, rank, "stride")
        dilations = per_axis(dilation, rank, "dilation")
        pairs = padding_pairs(padding, rank, kernels, strides, dilations, space)
        return cls(kernels, strides, pairs, dilations, ceil_mode)

    @property
    def spans(self) -> tuple[int, ...]:
        return tuple(map(span, self.kernel_size, self.dilation))

    def keeps(self, axis: int) -> bool:
        """Whether every output reads the one input at its own place of an axis."""
        return self.kernel_size[axis] == self.stride[axis] == 1 and not any(self.padding[axis])

    def positions(self, axis: int, position: int) -> range:
        """What the window at `position` touches of an axis; negative, or beyond the last input, in the padding."""
        first = position * self.stride[axis] - self.padding[axis][0]
        return range(first, first + self.spans[axis], self.dilation[axis])

    def output_sizes(self, space: Shape) -> Shape:
        """Spatial sizes of the output; raises Problem naming the first axis on which no window fits."""
        return tuple(
            window_output_size(size, kernel, stride, before, after, dilation, self.ceil_mode, axis, number)
            for number, (size, kernel, stride, (before, after), dilation, axis) in enumerate(
                zip(
                    space,
                    self.kernel_size,
                    self.stride,
                    self.padding,
                    self.dilation,
                    AXIS_NAMES[len(space)],
                    strict=True,
                )
            )
        )

    def arithmetic(self, space: Shape) -> tuple[str, ...]:
        """How each axis of the output gets its size, written out; nothing for a window that changes no size."""
        if {*self.kernel_size, *self.stride} <= {1} and not any(map(any, self.padding)):
            return ()
        lines = []
        for size, extent, stride, (before, after), output, axis in zip(
            space,
            self.spans,
            self.stride,
            self.padding,
            self.output_sizes(space),
            AXIS_NAMES[len(space)],
            strict=True,
        ):
            room, rounding = (
                f"({size} + {before} + {after} - {extent}) / {stride}",
                "ceil" if self.ceil_mode else "floor",
            )
            count = -(-(size + before + after - extent) // stride) + 1 if self.ceil_mode else output
            dropped = " - 1, which would start in the padding" if count > output else ""
            lines.append(f"{axis}: {rounding}({room}) + 1{dropped} = {output}")
        return tuple(lines)

    def unread(self, space: Shape) -> tuple[int, ...]:
        """Inputs at the end of each axis that no window reaches because the output size is floored.

        What a stride above the window skips is the stride's doing and not counted.
        """
        counts = []
        for size, (before, _), stride, extent, output in zip(
            space, self.padding, self.stride, self.spans, self.output_sizes(space), strict=True
        ):
            read = (output - 1) * stride + max(extent, stride) - before
            counts.append(max(size - max(read, 0), 0))  # below 0 where all windows lie in the padding before
        return tuple(counts)

    def padding_above_half(self) -> Iterator[Problem]:
        """A Problem where padding exceeds half the window: a pooling window must not lie in the padding altogether."""
        for (before, after), extent in zip(self.padding, self.spans, strict=True):
            if max(before, after) > extent // 2:
                yield Problem(
                    Code.BAD_PADDING,
                    f"padding of {max(before, after)} is more than half the window of {extent}",
                    f"use padding <= {extent // 2}",
                    "padding",
                )
                return


@lru_cache(maxsize=4096)
def checked_window(
    space: Shape,
    kernel_size: PerAxis,
    stride: PerAxis = 1,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    ceil_mode: bool = False,
) -> Window:
    """As `Window.resolve`, remembered, for arguments that a spec has checked: a layer is asked often for its window."""
    return Window.resolve(space, kernel_size, stride, padding, dilation, ceil_mode)


def _entries(value: object, rank: int, name: str, cure: str) -> list[object]:
    """The entries of a list, which must be `rank`, or a single value as often."""
    entries = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value] * rank
    if len(entries) != rank:
        raise Problem(
            Code.WRONG_AXES,
            f"{name} has {len(entries)} {'entry' if len(entries) == 1 else 'entries'} but the input has {axes(rank)}",
            cure,
            name,
        )
    return entries


def _pair(entry: object, name: str) -> tuple[int, int]:
    if not isinstance(entry, Sequence):
        entry = (entry, entry)
    if len(entry) != 2 or isinstance(entry, str):
        raise Problem(
            Code.BAD_PADDING, f"{name} entry {entry!r} is not a pair", "give [before, after] for each axis", name
        )
    return _whole(entry[0], name, 0), _whole(entry[1], name, 0)


def _whole(entry: object, name: str, minimum: int) -> int:
    try:
        number = index(entry)  # type: ignore[arg-type]
    except TypeError:
        number = minimum - 1
    if isinstance(entry, bool) or number < minimum:
        raise Problem(Code.WRONG_VALUE, f"{name} = {entry!r} is not a whole number of at least {minimum}", "", name)
    return number
