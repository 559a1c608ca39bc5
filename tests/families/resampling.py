"""Layers that put pixels elsewhere, or new ones between them, without weights."""

from math import ceil, prod

from hypothesis import strategies as st

from families.drawing import BATCHES, per_axis
from families.example import Example, Pairs, Shape


def pad(why: str, input_shape: Shape, padding: Pairs, mode: str = "constant", value: float = 0.0) -> Example:
    attributes = {"padding": padding, "mode": mode, "value": value}
    copies = prod(1 + sum(pair) for pair in padding)
    return Example("pad", why, input_shape, attributes=attributes, terms=lambda kind, output: copies)


def crop(why: str, input_shape: Shape, crop: Pairs) -> Example:
    return Example("crop", why, input_shape, attributes={"crop": crop})


def upsample(why: str, input_shape: Shape, size: Shape, mode: str = "bilinear", align_corners: bool = False) -> Example:
    attributes = {"size": size, "mode": mode, "align_corners": align_corners}
    # An input is read by all outputs less than a pixel of the input away, on either side.
    readers = prod(2 * ceil(target / source) + 1 for source, target in zip(input_shape[2:], size, strict=True))
    # A weight is what is left of a place among n pixels without its whole part, and so rounded like n of its size.
    rounded = max(input_shape[2:]) if mode == "bilinear" else 1
    counts = {"forward": 2 ** len(size) * rounded, "input_gradient": readers * rounded}
    return Example("upsample", why, input_shape, attributes=attributes, terms=lambda kind, output: counts[kind])


EXAMPLES = [
    pad("zeros", (17, 3, 4, 5), ((1, 2), (0, 3))),
    pad("a number", (3, 2, 4, 4), ((2, 0), (1, 1)), value=-1.5),
    pad("none at all", (3, 2, 4, 3), ((0, 0), (0, 0))),
    pad("reflected", (17, 2, 4, 5), ((1, 1), (2, 3)), "reflect"),
    pad("reflected by all but one pixel", (3, 2, 2, 4), ((1, 1), (3, 3)), "reflect"),
    pad("replicated far, one pixel", (3, 2, 1, 3), ((2, 4), (0, 5)), "replicate"),
    pad("circular", (17, 1, 4, 3), ((1, 2), (2, 0)), "circular"),
    pad("circular by the whole size", (1, 2, 2, 3), ((2, 2), (3, 3)), "circular"),
    pad("one axis", (5, 3, 9), ((2, 3),), "reflect"),
    pad("three axes", (2, 2, 3, 2, 4), ((0, 1), (2, 0), (1, 1)), value=3.0),
    pad("three axes, circular", (2, 2, 3, 2, 4), ((3, 1), (0, 2), (1, 4)), "circular"),
    crop("evenly", (17, 3, 6, 7), ((1, 1), (2, 2))),
    crop("to one pixel", (3, 2, 4, 5), ((3, 0), (1, 3))),
    crop("nothing", (3, 2, 4, 5), ((0, 0), (0, 0))),
    crop("one axis", (5, 3, 9), ((2, 0),)),
    crop("three axes", (2, 2, 3, 4, 5), ((0, 1), (2, 0), (1, 1))),
    upsample("twice as large, nearest", (17, 3, 4, 5), (8, 10), "nearest"),
    upsample("uneven sizes, nearest", (3, 2, 4, 7), (9, 5), "nearest"),
    upsample("one pixel, nearest", (3, 2, 1, 1), (3, 4), "nearest"),
    upsample("twice as large", (17, 3, 4, 5), (8, 10)),
    upsample("three times and four times", (3, 2, 3, 4), (9, 16)),
    upsample("smaller", (3, 2, 9, 8), (4, 3)),
    upsample("the same size", (3, 2, 4, 5), (4, 5)),
    upsample("one pixel", (3, 2, 1, 4), (5, 1)),
    upsample("aligned corners", (17, 3, 4, 5), (8, 10), align_corners=True),
    upsample("aligned corners, smaller and to one pixel", (3, 2, 9, 5), (4, 1), align_corners=True),
    upsample("one axis, nearest", (5, 3, 7), (21,), "nearest"),
    upsample("one axis", (5, 3, 7), (10,)),
    upsample("three axes, nearest", (2, 2, 2, 3, 2), (4, 6, 5), "nearest"),
    upsample("three axes", (2, 2, 2, 3, 2), (4, 5, 2)),
    upsample("three axes, aligned corners", (2, 2, 2, 3, 2), (3, 5, 4), align_corners=True),
]


@st.composite
def pads(draw, ranks: tuple[int, ...] = (1, 2, 3)) -> Example:
    space = per_axis(draw, draw(st.sampled_from(ranks)), st.integers(1, 5))
    mode = draw(st.sampled_from(["constant", "reflect", "replicate", "circular"]))
    most = [{"reflect": size - 1, "circular": size}.get(mode, 3) for size in space]
    padding = tuple((draw(st.integers(0, each)), draw(st.integers(0, each))) for each in most)
    value = draw(st.sampled_from([0.0, 2.5])) if mode == "constant" else 0.0
    return pad("random", (draw(BATCHES), draw(st.integers(1, 3)), *space), padding, mode, value)


@st.composite
def crops(draw, ranks: tuple[int, ...] = (1, 2, 3)) -> Example:
    space = per_axis(draw, draw(st.sampled_from(ranks)), st.integers(1, 6))
    befores = [draw(st.integers(0, size - 1)) for size in space]
    pairs = tuple((b, draw(st.integers(0, size - 1 - b))) for b, size in zip(befores, space, strict=True))
    return crop("random", (draw(BATCHES), draw(st.integers(1, 3)), *space), pairs)


@st.composite
def upsamplings(draw, ranks: tuple[int, ...] = (1, 2, 3)) -> Example:
    rank = draw(st.sampled_from(ranks))
    # Up to here PyTorch's float32 division gives the nearest input that whole numbers give; at 14 to 46 it does not.
    space, size = (per_axis(draw, rank, st.integers(1, 12 if rank < 3 else 5)) for _ in range(2))
    mode = draw(st.sampled_from(["nearest", "bilinear"]))
    align_corners = mode == "bilinear" and draw(st.booleans())
    return upsample("random", (draw(BATCHES), draw(st.integers(1, 3)), *space), size, mode, align_corners)


STRATEGIES = (pads, crops, upsamplings)


def torch_pad(attributes, x):
    import torch

    amounts = [amount for pair in reversed(attributes["padding"]) for amount in pair]
    value = attributes["value"] if attributes["mode"] == "constant" else None
    return torch.nn.functional.pad(x, amounts, attributes["mode"], value)


def torch_crop(attributes, x):
    import torch

    return torch.nn.functional.pad(x, [-amount for pair in reversed(attributes["crop"]) for amount in pair])


def torch_upsample(attributes, x):
    import torch

    if attributes["mode"] == "nearest":
        return torch.nn.functional.interpolate(x, attributes["size"], mode="nearest")
    mode = {1: "linear", 2: "bilinear", 3: "trilinear"}[x.ndim - 2]
    return torch.nn.functional.interpolate(x, attributes["size"], mode=mode, align_corners=attributes["align_corners"])


TORCH = {"pad": torch_pad, "crop": torch_crop, "upsample": torch_upsample}
