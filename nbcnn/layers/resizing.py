"""Sizes after padding, cropping, upsampling and transposed convolution; integers only.

Used by the layers' declarations and by `nbcnn.functional`, so that both refuse the same.
"""

from collections.abc import Iterator

from nbcnn.layers.axes import AXIS_NAMES, Pairs, PerAxis, Shape, Window, per_axis, span
from nbcnn.layers.problems import Code, Problem


def border_problems(padding: Pairs, space: Shape, mode: str) -> Iterator[Problem]:
    """A Problem where an axis is too short to be mirrored or to go on at its other end so far."""
    if mode not in ("reflect", "circular"):
        return
    for size, pair, axis in zip(space, padding, AXIS_NAMES[len(space)], strict=True):
        largest = size if mode == "circular" else size - 1
        if max(pair) > largest:
            yield Problem(
                Code.BAD_PADDING,
                f"{mode} padding of {max(pair)} does not fit {size} {axis}, which give at most {largest}",
                f"use padding <= {largest} or another mode",
                "padding",
            )
            return


def padded_sizes(space: Shape, padding: Pairs) -> Shape:
    """Sizes with (before, after) more on each axis."""
    return tuple(size + before + after for size, (before, after) in zip(space, padding, strict=True))


def cropped_sizes(space: Shape, crop: Pairs) -> Shape:
    """Sizes with (before, after) less on each axis; raises Problem where nothing is left."""
    for size, (before, after), axis in zip(space, crop, AXIS_NAMES[len(space)], strict=True):
        if before + after >= size:
            raise Problem(
                Code.WRONG_VALUE,
                f"crop of {before} and {after} leaves nothing of {size} {axis}",
                f"leave out at most {size - 1} together",
                "crop",
            )
    return tuple(size - before - after for size, (before, after) in zip(space, crop, strict=True))


def upsampled_sizes(
    space: Shape, size: PerAxis | None, scale_factor: PerAxis | None, mode: str, align_corners: bool
) -> Shape:
    """Sizes as they are given, or as multiples; raises Problem where both are given, or neither, or what does not go
    with the mode."""
    if (size is None) == (scale_factor is None):
        raise Problem(
            Code.WRONG_VALUE,
            f"{'neither' if size is None else 'both'} size {'nor' if size is None else 'and'} scale_factor "
            f"{'is' if size is None else 'are'} given",
            "give one of the two, such as scale_factor = 2",
            "size",
        )
    if align_corners and mode == "nearest":
        raise Problem(
            Code.WRONG_VALUE,
            'align_corners = true has no meaning with mode = "nearest"',
            'delete it or use mode = "bilinear"',
            "align_corners",
        )
    if size is not None:
        return per_axis(size, len(space), "size")
    assert scale_factor is not None
    factors = per_axis(scale_factor, len(space), "scale_factor")
    return tuple(size * factor for size, factor in zip(space, factors, strict=True))


def transposed_sizes(space: Shape, window: Window, output_padding: tuple[int, ...]) -> Shape:
    """Sizes after a transposed convolution.

    (n - 1) * stride - before - after + dilation * (kernel - 1) + output_padding + 1 of n. Raises Problem where nothing
    is left, or where `output_padding` is not below stride or dilation: so much would no input reach.
    """
    sizes = []
    for size, kernel, stride, (before, after), dilation, more, axis in zip(
        space,
        window.kernel_size,
        window.stride,
        window.padding,
        window.dilation,
        output_padding,
        AXIS_NAMES[len(space)],
        strict=True,
    ):
        if more >= max(stride, dilation):
            raise Problem(
                Code.BAD_PADDING,
                f"output_padding of {more} along the {axis} must be smaller than stride (={stride}) or dilation "
                f"(={dilation})",
                f"use output_padding <= {max(stride, dilation) - 1}",
                "output_padding",
            )
        reached = (size - 1) * stride + span(kernel, dilation) + more
        if reached <= before + after:
            raise Problem(
                Code.BAD_PADDING,
                f"padding of {before} and {after} takes away all {reached} {axis} that are computed",
                f"leave out at most {reached - 1} together",
                "padding",
            )
        sizes.append(reached - before - after)
    return tuple(sizes)
