"""Pools."""

from functools import partial
from math import prod

from hypothesis import strategies as st

from families.drawing import BATCHES, per_axis, pool_padding
from families.example import Example, Pairs, Shape, plain, symmetric


def in_torch(attributes) -> bool:
    """Tell whether PyTorch, with `pad` before it, can say the same.

    After `pad` the padding is input to the pool: it is then counted, and `ceil_mode` may start a window in it.
    """
    return symmetric(attributes["padding"]) or (
        not attributes["ceil_mode"] and attributes.get("count_include_pad", True)
    )


def extreme_pool(
    operation: str,
    why: str,
    input_shape: Shape,
    kernel_size: Shape,
    *,
    stride: Shape | None = None,
    padding: Pairs | None = None,
    dilation: Shape | None = None,
    ceil_mode: bool = False,
) -> Example:
    attributes = {
        "kernel_size": kernel_size,
        "stride": stride or kernel_size,
        "padding": padding or ((0, 0),) * len(kernel_size),
        "dilation": dilation or (1,) * len(kernel_size),
        "ceil_mode": ceil_mode,
    }
    count = prod(kernel_size)
    return Example(
        operation,
        why,
        input_shape,
        {},
        attributes,
        kinks=True,
        terms=lambda kind, output: count,
        in_torch=in_torch(attributes),
    )


max_pool, min_pool = partial(extreme_pool, "max_pool"), partial(extreme_pool, "min_pool")


def avg_pool(
    why: str,
    input_shape: Shape,
    kernel_size: Shape,
    *,
    stride: Shape | None = None,
    padding: Pairs | None = None,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Example:
    attributes = {
        "kernel_size": kernel_size,
        "stride": stride or kernel_size,
        "padding": padding or ((0, 0),) * len(kernel_size),
        "ceil_mode": ceil_mode,
        "count_include_pad": count_include_pad,
    }
    count = prod(kernel_size)
    return Example(
        "avg_pool",
        why,
        input_shape,
        {},
        attributes,
        kinks=False,
        terms=lambda kind, output: count,
        in_torch=in_torch(attributes),
    )


def lp_pool(
    why: str,
    input_shape: Shape,
    norm_type: float,
    kernel_size: Shape,
    *,
    stride: Shape | None = None,
    padding: Pairs | None = None,
    ceil_mode: bool = False,
    zeros: bool = False,
) -> Example:
    """With `zeros` among the values, whole windows of them too, where PyTorch's gradient is NaN.

    Without them magnitudes are from 1/2 to 2: a root of |x| is too steep near 0 for finite differences.
    """
    attributes = {
        "norm_type": norm_type,
        "kernel_size": kernel_size,
        "stride": stride or kernel_size,
        "padding": padding or ((0, 0),) * len(kernel_size),
        "ceil_mode": ceil_mode,
    }
    count = prod(kernel_size)
    return Example(
        "lp_pool",
        why,
        input_shape,
        {},
        attributes,
        kinks=zeros,
        draw=None if zeros else away_from_zero,
        # The gradient is a power of |x| / y, and p - 1 times as uncertain as that quotient.
        terms=lambda kind, output: count if kind == "forward" else count * max(1, round(norm_type - 1.0)) ** 2,
        in_torch=not zeros and not ceil_mode and symmetric(attributes["padding"]),
    )


def away_from_zero(random, example: Example) -> list:
    magnitudes = random.uniform(0.5, 2.0, example.input_shape)
    return [magnitudes * random.choice([-1.0, 1.0], example.input_shape)]


def kmax_pool(
    why: str,
    input_shape: Shape,
    k: int,
    kernel_size: int | None = None,
    stride: int | None = None,
) -> Example:
    length = input_shape[-1] if kernel_size is None else kernel_size
    return Example(
        "kmax_pool",
        why,
        input_shape,
        {},
        {"k": k, "kernel_size": length, "stride": length if stride is None else stride},
        kinks=True,
        terms=lambda kind, output: length,
    )


def adaptive_pool(operation: str, why: str, input_shape: Shape, output_size: Shape) -> Example:
    return Example(
        operation,
        why,
        input_shape,
        {},
        {"output_size": output_size},
        kinks=operation == "adaptive_max_pool",
        # A window has up to size / n + 2 pixels, and a pixel is in up to n / size + 2 windows.
        terms=lambda kind, output: prod(
            max(size // count, count // size) + 2 for size, count in zip(input_shape[2:], output_size, strict=True)
        ),
    )


def global_pool(operation: str, why: str, input_shape: Shape) -> Example:
    return plain(
        operation,
        why,
        input_shape,
        kinks=operation == "global_max_pool",
        terms=lambda kind, output: prod(input_shape[2:]),
    )


EXAMPLES = [
    max_pool("two by two", (17, 6, 8, 8), (2, 2)),
    max_pool("a floor leaves a row and a column", (3, 2, 7, 5), (2, 2)),
    max_pool("ceil_mode reads them", (3, 2, 7, 5), (2, 2), ceil_mode=True),
    max_pool("windows overlap", (5, 2, 7, 8), (3, 3), stride=(2, 1), padding=((1, 1), (1, 1))),
    max_pool(
        "ceil_mode drops a window that starts in the end padding",
        (2, 2, 4, 3),
        (2, 2),
        padding=((1, 1), (1, 1)),
        ceil_mode=True,
    ),
    max_pool("stride above the window", (2, 3, 9, 9), (2, 1), stride=(4, 3)),
    max_pool("dilation", (1, 2, 8, 9), (3, 2), stride=(1, 2), dilation=(2, 3)),
    max_pool("uneven padding", (2, 2, 5, 6), (3, 2), padding=((1, 0), (0, 1))),
    max_pool("one axis", (17, 3, 11), (3,), stride=(2,), padding=((1, 1),), ceil_mode=True),
    max_pool("three axes", (2, 3, 4, 5, 6), (2, 2, 3), stride=(2, 1, 2)),
    max_pool("the whole image", (4, 3, 3, 5), (3, 5)),
    max_pool(
        "windows overlap by dilation", (3, 2, 9, 8), (3, 3), stride=(1, 2), padding=((1, 1), (1, 1)), dilation=(2, 3)
    ),
    min_pool("two by two", (17, 6, 8, 8), (2, 2)),
    min_pool("windows overlap", (5, 2, 7, 8), (3, 3), stride=(2, 1), padding=((1, 1), (1, 1))),
    min_pool("one axis, dilation", (17, 3, 11), (3,), stride=(2,), padding=((1, 1),), dilation=(2,), ceil_mode=True),
    min_pool("three axes, uneven padding", (2, 3, 4, 5, 6), (2, 2, 3), padding=((1, 0), (0, 1), (0, 0))),
    avg_pool("two by two", (17, 6, 8, 8), (2, 2)),
    avg_pool("a floor leaves a row and a column", (3, 2, 7, 5), (2, 2)),
    avg_pool("ceil_mode never counts the overhang", (3, 2, 7, 5), (2, 2), ceil_mode=True),
    avg_pool("padding counts", (5, 2, 5, 6), (3, 3), stride=(2, 2), padding=((1, 1), (1, 1))),
    avg_pool(
        "padding does not count", (5, 2, 5, 6), (3, 3), stride=(2, 1), padding=((1, 1), (1, 1)), count_include_pad=False
    ),
    avg_pool("padding and overhang", (2, 2, 6, 4), (3, 3), stride=(2, 2), padding=((1, 1), (1, 1)), ceil_mode=True),
    avg_pool("uneven padding", (2, 2, 5, 6), (3, 2), stride=(1, 2), padding=((1, 0), (0, 1)), count_include_pad=False),
    avg_pool("stride above the window", (1, 3, 9, 9), (2, 1), stride=(4, 3)),
    avg_pool("one axis", (17, 3, 11), (3,), stride=(2,), padding=((1, 1),), ceil_mode=True),
    avg_pool("three axes", (2, 3, 4, 5, 6), (2, 2, 3), stride=(2, 1, 2)),
    lp_pool("l2", (17, 3, 8, 8), 2.0, (2, 2)),
    lp_pool("l2 of zeros", (17, 3, 8, 8), 2.0, (2, 1), zeros=True),
    lp_pool("magnitudes", (5, 2, 7, 8), 1.0, (3, 3), stride=(2, 1)),
    lp_pool("magnitudes of zeros", (5, 2, 7, 8), 1.0, (1, 2), zeros=True),
    lp_pool("an odd power takes magnitudes", (5, 2, 7, 8), 3.0, (3, 3), stride=(2, 3), padding=((1, 1), (1, 1))),
    lp_pool("a broken power of zeros", (5, 2, 7, 8), 2.5, (2, 1), zeros=True),
    lp_pool("a power below one", (3, 2, 6, 5), 0.5, (2, 2)),
    lp_pool("a large power", (3, 2, 6, 5), 20.0, (2, 2)),
    lp_pool("one axis, overhang", (17, 3, 11), 2.0, (3,), stride=(2,), padding=((1, 1),), ceil_mode=True),
    lp_pool("three axes, uneven padding", (2, 3, 4, 5, 6), 4.0, (2, 2, 3), padding=((1, 0), (0, 1), (1, 0))),
    kmax_pool("a whole axis", (17, 3, 11), 4),
    kmax_pool("all of an axis", (2, 1, 5), 5),
    kmax_pool("the largest of each row", (3, 2, 4, 7), 1),
    kmax_pool("windows overlap", (5, 2, 3, 12), 2, 4, 2),
    kmax_pool("windows leave gaps", (1, 2, 13), 2, 3, 5),
    kmax_pool("three axes", (2, 3, 2, 3, 8), 3, 4),
    adaptive_pool("adaptive_avg_pool", "windows of one size", (17, 3, 8, 6), (4, 2)),
    adaptive_pool("adaptive_avg_pool", "windows overlap", (5, 2, 7, 5), (3, 4)),
    adaptive_pool("adaptive_avg_pool", "more windows than pixels", (2, 2, 3), (7,)),
    adaptive_pool("adaptive_avg_pool", "three axes", (2, 3, 4, 5, 6), (1, 2, 4)),
    adaptive_pool("adaptive_max_pool", "windows of one size", (17, 3, 8, 6), (4, 2)),
    adaptive_pool("adaptive_max_pool", "windows overlap", (5, 2, 7, 5), (3, 4)),
    adaptive_pool("adaptive_max_pool", "more windows than pixels", (2, 2, 3), (7,)),
    adaptive_pool("adaptive_max_pool", "three axes", (2, 3, 4, 5, 6), (1, 2, 4)),
    global_pool("global_avg_pool", "an image", (17, 3, 7, 5)),
    global_pool("global_avg_pool", "one axis", (1, 2, 9)),
    global_pool("global_avg_pool", "three axes", (5, 1, 2, 3, 4)),
    global_pool("global_max_pool", "an image", (17, 3, 7, 5)),
    global_pool("global_max_pool", "one axis", (1, 2, 9)),
    global_pool("global_max_pool", "three axes", (5, 1, 2, 3, 4)),
]


@st.composite
def extreme_pools(draw, ranks: tuple[int, ...] = (1, 2, 3)) -> Example:
    rank = draw(st.sampled_from(ranks))
    kernel_size = per_axis(draw, rank, st.integers(1, 3))
    dilation = per_axis(draw, rank, st.integers(1, 2))
    # From the dilation on, so that no window steps over the input and sees padding alone.
    space = [
        draw(st.integers(max(gap, gap * (kernel - 1) + 1), gap * kernel + 4))
        for kernel, gap in zip(kernel_size, dilation, strict=True)
    ]
    return extreme_pool(
        draw(st.sampled_from(["max_pool", "min_pool"])),
        "random",
        (draw(BATCHES), draw(st.integers(1, 3)), *space),
        kernel_size,
        stride=per_axis(draw, rank, st.integers(1, 4)),
        padding=pool_padding(draw, kernel_size),
        dilation=dilation,
        ceil_mode=draw(st.booleans()),
    )


@st.composite
def avg_pools(draw, ranks: tuple[int, ...] = (1, 2, 3)) -> Example:
    rank = draw(st.sampled_from(ranks))
    kernel_size = per_axis(draw, rank, st.integers(1, 4))
    return avg_pool(
        "random",
        (draw(BATCHES), draw(st.integers(1, 3)), *(draw(st.integers(kernel, kernel + 5)) for kernel in kernel_size)),
        kernel_size,
        stride=per_axis(draw, rank, st.integers(1, 4)),
        padding=pool_padding(draw, kernel_size),
        ceil_mode=draw(st.booleans()),
        count_include_pad=draw(st.booleans()),
    )


@st.composite
def lp_pools(draw, ranks: tuple[int, ...] = (1, 2, 3)) -> Example:
    rank = draw(st.sampled_from(ranks))
    kernel_size = per_axis(draw, rank, st.integers(1, 3))
    return lp_pool(
        "random",
        (draw(BATCHES), draw(st.integers(1, 3)), *(draw(st.integers(kernel, kernel + 4)) for kernel in kernel_size)),
        draw(st.sampled_from([0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 10.0])),
        kernel_size,
        stride=per_axis(draw, rank, st.integers(1, 4)),
        padding=pool_padding(draw, kernel_size),
        ceil_mode=draw(st.booleans()),
    )


@st.composite
def kmax_pools(draw, ranks: tuple[int, ...] = (1, 2, 3)) -> Example:
    rank = draw(st.sampled_from(ranks))
    length = draw(st.integers(1, 12))
    kernel_size = draw(st.none() | st.integers(1, length))
    others = per_axis(draw, rank - 1, st.integers(1, 3))
    return kmax_pool(
        "random",
        (draw(BATCHES), draw(st.integers(1, 3)), *others, length),
        draw(st.integers(1, kernel_size or length)),
        kernel_size,
        draw(st.none() | st.integers(1, 4)),
    )


@st.composite
def whole_pools(draw, ranks: tuple[int, ...] = (1, 2, 3)) -> Example:
    rank = draw(st.sampled_from(ranks))
    kind = draw(st.sampled_from(["avg_pool", "max_pool"]))
    shape = (draw(BATCHES), draw(st.integers(1, 3)), *per_axis(draw, rank, st.integers(1, 7)))
    if draw(st.booleans()):
        return global_pool(f"global_{kind}", "random", shape)
    return adaptive_pool(f"adaptive_{kind}", "random", shape, per_axis(draw, rank, st.integers(1, 5)))


STRATEGIES = (extreme_pools, avg_pools, lp_pools, kmax_pools, whole_pools)


def torch_pool(operation: str, outside: float):
    def run(attributes, x):
        import torch

        attributes, functional = dict(attributes), torch.nn.functional
        padding, rank = attributes.pop("padding"), x.ndim - 2
        if symmetric(padding):
            padding = tuple(before for before, _ in padding)
        else:
            x = functional.pad(x, [amount for pair in reversed(padding) for amount in pair], value=outside)
            padding = (0,) * rank
        return getattr(functional, f"{operation}{rank}d")(x, padding=padding, **attributes)

    return run


torch_max_pool = torch_pool("max_pool", float("-inf"))


def torch_min_pool(attributes, x):
    return -torch_max_pool(attributes, -x)


def torch_lp_pool(attributes, x):
    """PyTorch's own has no padding, and odd powers of what is below 0; along one axis it wants a number."""
    import torch

    padding = [amount for pair in reversed(attributes["padding"]) for amount in pair]
    pool = getattr(torch.nn.functional, f"lp_pool{x.ndim - 2}d")
    x = torch.nn.functional.pad(x.abs(), padding)
    kernel_size, stride = attributes["kernel_size"], attributes["stride"]
    return pool(x, attributes["norm_type"], kernel_size[0] if x.ndim == 3 else kernel_size, stride)


def torch_kmax_pool(attributes, x):
    """Sorted stably, since PyTorch's topk promises nothing about ties."""
    windows = x.unfold(-1, attributes["kernel_size"], attributes["stride"])
    chosen = windows.sort(dim=-1, descending=True, stable=True).indices[..., : attributes["k"]].sort(dim=-1).values
    return windows.gather(-1, chosen).flatten(-2)


def torch_adaptive(operation: str):
    def run(attributes, x):
        import torch

        return getattr(torch.nn.functional, f"{operation}{x.ndim - 2}d")(x, attributes.get("output_size", 1))

    return run


TORCH = {
    "max_pool": torch_max_pool,
    "min_pool": torch_min_pool,
    "avg_pool": torch_pool("avg_pool", 0.0),
    "lp_pool": torch_lp_pool,
    "kmax_pool": torch_kmax_pool,
    "adaptive_avg_pool": torch_adaptive("adaptive_avg_pool"),
    "adaptive_max_pool": torch_adaptive("adaptive_max_pool"),
    "global_avg_pool": torch_adaptive("adaptive_avg_pool"),
    "global_max_pool": torch_adaptive("adaptive_max_pool"),
}
