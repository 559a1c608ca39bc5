"""Rules on windows that slide over an input, and on the padding around it.

Sizes and what windows reach: V. Dumoulin, F. Visin, A guide to convolution arithmetic for deep learning,
arXiv:1603.07285, section 2.
"""

from collections.abc import Iterator
from math import prod

from nbcnn.layers.axes import AXIS_NAMES, Shape, Window
from nbcnn.layers.pool import Pool
from nbcnn.layers.problems import Code
from nbcnn.lint.graph import Graph
from nbcnn.lint.rules import Finding, rule
from nbcnn.network import Node
from nbcnn.spec.diagnostics import Change

MOST_TAPS = 4096
"""Taps along one axis that are looked at one by one; kernels of more have other troubles."""


@rule(Code.UNREAD_INPUT, "warning", "Windows leave the last rows or columns unread")
def unread_input(graph: Graph) -> Iterator[Finding]:
    """What the floor of an output size cuts off (section 2.4, relationship 6); what a stride above the window skips is
    told by another rule."""
    for node, window, space in graph.windows:
        counts = window.unread(space)
        if not any(counts):
            continue
        parts = [
            f"the last {count} of {size} {axis}"
            for count, size, axis in zip(counts, space, AXIS_NAMES[len(space)], strict=True)
            if count
        ]
        share = 1 - prod(size - count for size, count in zip(space, counts, strict=True)) / prod(space)
        states = f"{' and '.join(parts)} {'is' if sum(counts) == 1 else 'are'} never read: the output size is floored"
        note = f"that is {share:.1%} of what it receives"
        yield Finding(node, states, (_reading_all(graph, node, window, space, counts),), (note,))


def _reading_all(graph: Graph, node: Node, window: Window, space: Shape, counts: Shape) -> str | Change:
    """What would let the windows reach the end of the input."""
    if isinstance(node.layer, Pool):
        return graph.set_on(node, "ceil_mode", True)
    if node.type == "kmax_pool":
        return "another stride or kernel_size would read them"
    padding = [
        [before, after + (stride - (size + before + after - extent) % stride if count else 0)]
        for count, size, (before, after), stride, extent in zip(
            counts, space, window.padding, window.stride, window.spans, strict=True
        )
    ]
    return graph.set_on(node, "padding", padding)


@rule(Code.SKIPPED_INPUT, "warning", "A stride larger than the kernel")
def skipped_input(graph: Graph) -> Iterator[Finding]:
    """Between two windows lie positions that none of them reads. Where another layer reads the same input, as beside
    the projections of residual networks (K. He et al., arXiv:1512.03385, section 3.3, option B), nothing is lost."""
    for node, window, space in graph.windows:
        gaps = _gaps(window, space, node.output_shape[1:])
        if not any(gaps) or graph.others(node):
            continue
        total, lost = prod(space), prod(space) - prod(size - gap for size, gap in zip(space, gaps, strict=True))
        axes = [f"{gap} of {size} {axis}" for gap, size, axis in zip(gaps, space, AXIS_NAMES[len(space)], strict=True)]
        strides, kernels = _sizes(window.stride), _sizes(window.spans)
        states = (
            f"a stride of {strides} is more than the window of {kernels}: {lost} of {total} positions are never read"
        )
        note = f"{' and '.join(axes)} lie between windows: {lost / total:.1%} of what it receives"
        cures: tuple[str | Change, ...] = (
            f"use a kernel_size of at least {strides}, or a stride of at most {kernels}",
        )
        if len({*window.stride}) == len({*window.dilation}) == 1 and window.dilation[0] == 1:
            cures = (graph.set_on(node, "kernel_size", window.stride[0]),)
        yield Finding(node, states, cures, (note,), ("stride",))


def _gaps(window: Window, space: Shape, outputs: Shape) -> Shape:
    """Positions of each axis that the stride skips behind a window; those of padding do not count."""

    def below(end: int, first: int, gap: int, stride: int, count: int) -> int:
        """Positions below `end` in so many gaps, of which the first begins at `first`."""
        whole, rest = divmod(max(end - first, 0), stride)
        return count * gap if whole >= count else whole * gap + min(rest, gap)

    counts = []
    for size, extent, stride, (padded, _), output in zip(
        space, window.spans, window.stride, window.padding, outputs, strict=True
    ):
        gaps = (extent - padded, max(stride - extent, 0), stride, output)
        counts.append(below(size, *gaps) - below(0, *gaps))
    return tuple(counts)


@rule(Code.EVEN_SAME, "warning", 'An even kernel with padding = "same"')
def even_same(graph: Graph) -> Iterator[Finding]:
    """Half padding, which keeps a size, is alike on both sides for odd kernels alone (section 2.2, relationship 3)."""
    for node, window, space in graph.windows:
        padding = getattr(node.layer, "padding", None)
        uneven = [
            (axis, kernel, pair)
            for axis, kernel, stride, pair in zip(
                AXIS_NAMES[len(space)], window.spans, window.stride, window.padding, strict=True
            )
            if stride == 1 and kernel % 2 == 0 and pair[0] != pair[1]
        ]
        if padding not in ("same", "same_lower") or not uneven:
            continue
        axis, kernel, (first, last) = uneven[0]
        states = f'padding = "{padding}" with an even window of {kernel} moves the image by half a pixel'
        note = f"{axis} get {first} before and {last} after: each output is centred between two inputs"
        sizes = [each + (each % 2 == 0) for each in window.kernel_size]
        size = sizes[0] if len({*sizes}) == 1 else sizes
        cures = (graph.set_on(node, "kernel_size", size),) if {*window.dilation} == {1} else ("use an odd kernel_size",)
        yield Finding(node, states, cures, (note,), ("kernel_size",))


@rule(Code.WEIGHTS_ON_PADDING, "warning", "Weights that meet nothing but padding")
def weights_on_padding(graph: Graph) -> Iterator[Finding]:
    """As dilation nears the size of the map, a 3 x 3 kernel becomes a 1 x 1 one, whose other weights lie in the padding
    (L.-C. Chen et al., Rethinking atrous convolution, arXiv:1706.05587, section 3.3)."""
    for node, window, space in graph.windows:
        if node.type != "conv" or getattr(node.layer, "padding_mode", "zeros") != "zeros":
            continue
        if max(window.kernel_size) > MOST_TAPS:
            continue
        used = [_used_taps(*each) for each in zip(*_axes(window, space, node.output_shape[1:]), strict=True)]
        idle = prod(window.kernel_size) - prod(used)
        if not idle:
            continue
        kernel, reached, positions = (" x ".join(map(str, each)) for each in (window.kernel_size, used, space))
        dilated = ""
        if {*window.dilation} != {1}:
            dilated = f", spread over {' x '.join(map(str, window.spans))} by dilation,"
        states = f"{idle} of its kernel's {prod(window.kernel_size)} weights meet nothing but padding"
        note = f"the {kernel} kernel{dilated} reaches the {positions} positions with {reached} of its weights"
        cures = ("use a smaller kernel_size, less dilation, or put it where the map is larger",)
        yield Finding(node, states, cures, (note,), ("dilation" if dilated else "kernel_size",))


def _axes(window: Window, space: Shape, outputs: Shape) -> tuple[Shape, ...]:
    befores = tuple(before for before, _ in window.padding)
    return window.kernel_size, window.dilation, window.stride, befores, space, outputs


def _used_taps(kernel: int, dilation: int, stride: int, before: int, size: int, outputs: int) -> int:
    """How many weights along an axis lie over the input in at least one window."""
    used = 0
    for tap in range(kernel):
        first = tap * dilation - before
        entering = max(0, -(first // stride))  # the first window in which it has left the padding before
        used += entering < outputs and first + entering * stride < size
    return used


@rule(Code.PADDING_ALONE, "warning", "Outputs that see nothing but padding")
def padding_alone(graph: Graph) -> Iterator[Finding]:
    """A window that fits into the padding makes rows of the bias alone; full padding, the most that is of use, is one
    less than the window (section 2.2, relationship 4)."""
    for node, window, space in graph.windows:
        if node.type != "conv" or getattr(node.layer, "padding_mode", "zeros") != "zeros":
            continue
        parts = []
        for axis, size, extent, stride, (before, _), output in zip(
            AXIS_NAMES[len(space)],
            space,
            window.spans,
            window.stride,
            window.padding,
            node.output_shape[1:],
            strict=True,
        ):
            first = min(max((before - extent) // stride + 1, 0), output)
            last = max(output - max(-((-size - before) // stride), first), 0)
            if first + last:
                parts.append(f"the first {first} and last {last} of {output} {axis}")
        if parts:
            states = f"{' and '.join(parts)} of its output see nothing but padding"
            note = (
                f"padding {[list(pair) for pair in window.padding]} is not below the window of {_sizes(window.spans)}"
            )
            cure = f"use padding of at most {min(window.spans) - 1}"
            yield Finding(node, states, (cure,), (note,), ("padding",))


@rule(Code.UNEVEN_OVERLAP, "warning", "A transposed convolution whose kernel is no multiple of its stride")
def uneven_overlap(graph: Graph) -> Iterator[Finding]:
    """Some outputs then sum more products than their neighbours, which shows as a pattern of squares (A. Odena, V.
    Dumoulin, C. Olah, Deconvolution and checkerboard artifacts, Distill 2016, doi:10.23915/distill.00003)."""
    for node in graph.nodes:
        if node.type != "conv_transpose":
            continue
        kernel, stride = node.parameters["weight"].shape[2:], node.attributes["stride"]
        dilation = node.attributes["dilation"]
        pairs = [
            (size, step)
            for size, step, spread in zip(kernel, stride, dilation, strict=True)
            if step > 1 and size % step and spread == 1
        ]
        if not pairs:
            continue
        size, step = pairs[0]
        sums = f"outputs sum {size // step} or {-(-size // step)} inputs"
        states = f"a kernel of {size} at a stride of {step} overlaps unevenly: {sums}"
        note = "along each axis; neighbouring outputs differ in strength, in a pattern like a chessboard's"
        sizes = [each + -each % step if step > 1 else each for each, step in zip(kernel, stride, strict=True)]
        cures = (
            f"use a kernel_size of {_sizes(tuple(sizes))}, a multiple of the stride",
            "use an upsample layer and a convolution in its place",
        )
        yield Finding(node, states, cures, (note,), ("kernel_size",))


@rule(Code.IDLE_LAYER, "warning", "A layer that gives back what it reads")
def idle_layer(graph: Graph) -> Iterator[Finding]:
    """A pool of single numbers, a flatten of features, a shuffle of one group: without them the network is the same.
    Pools to a size that the map already has are left alone: they are there for inputs of other sizes."""
    for node in graph.nodes:
        shape = node.input_shapes[0]
        reads = " x ".join(map(str, shape))
        if node.type in ("max_pool", "min_pool", "avg_pool"):
            window = node.layer.window(shape)
            if window is None or {*window.kernel_size, *window.stride} != {1}:
                continue
            states = f"a pool of single numbers gives back what it reads, {reads}"
        elif node.type == "flatten" and len(shape) == 1:
            states = f"what it reads is flat already: {reads} features"
        elif node.type == "channel_shuffle" and node.attributes["groups"] in (1, shape[0]):
            states = f"shuffling {shape[0]} channels in {node.attributes['groups']} groups leaves them as they are"
        else:
            continue
        yield Finding(node, states, (graph.deletion(node, safe=True),))


def _sizes(sizes: Shape) -> str:
    """One number where all are alike: 3, or 3 x 5."""
    return str(sizes[0]) if len({*sizes}) == 1 else " x ".join(map(str, sizes))
