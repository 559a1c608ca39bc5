"""More, fewer or other pixels, without weights."""

from numpy.typing import ArrayLike

from nbcnn.errors import InputError
from nbcnn.functional.calling import Floats, apply, differentiable, floats
from nbcnn.functional.windows import one_of, refused
from nbcnn.layers.axes import Margins, PerAxis, pairs_per_axis
from nbcnn.layers.resizing import border_problems, cropped_sizes, upsampled_sizes


@differentiable
def pad(x: ArrayLike, padding: Margins, mode: str = "constant", value: float = 0.0) -> Floats:
    """x (N, C, *space) with a border; `padding` is an integer, one per axis, or a pair (before, after) per axis.

    The border holds `value`, or with mode "reflect" x mirrored about its first and last pixel, with "replicate" those
    pixels again, with "circular" the other end of x. Raises InputError where x is too small for that.
    """
    x = floats(x, "pad: x")
    one_of("pad", "mode", mode, ("constant", "reflect", "replicate", "circular"))
    if value and mode != "constant":
        raise InputError(f'pad: value = {value} has no meaning with mode {mode!r}; use mode "constant"')
    with refused("pad", x):
        pairs = pairs_per_axis(padding, x.ndim - 2, "padding")
        for problem in border_problems(pairs, x.shape[2:], mode):
            raise problem
    return apply("pad", x, (), {"padding": pairs, "mode": mode, "value": float(value)})


@differentiable
def crop(x: ArrayLike, crop: Margins) -> Floats:
    """x (N, C, *space) without its borders; `crop` is an integer, one per axis, or a pair (before, after) per axis.

    Raises InputError where nothing would be left.
    """
    x = floats(x, "crop: x")
    with refused("crop", x):
        pairs = pairs_per_axis(crop, x.ndim - 2, "crop")
        cropped_sizes(x.shape[2:], pairs)
    return apply("crop", x, (), {"crop": pairs})


@differentiable
def upsample(
    x: ArrayLike,
    size: PerAxis | None = None,
    scale_factor: PerAxis | None = None,
    mode: str = "nearest",
    align_corners: bool = False,
) -> Floats:
    """x (N, C, *space) at the spatial sizes `size`, or at `scale_factor` times its own, whole numbers.

    Mode "nearest" takes input p * m // n for output p of n from m inputs; "bilinear" interpolates linearly along each
    of any number of axes, between pixels that are areas, or with `align_corners` points with the first and the last
    in place. Raises InputError unless one of `size` and `scale_factor` is given.
    """
    x = floats(x, "upsample: x")
    one_of("upsample", "mode", mode, ("nearest", "bilinear"))
    with refused("upsample", x):
        sizes = upsampled_sizes(x.shape[2:], size, scale_factor, mode, align_corners)
    return apply("upsample", x, (), {"size": sizes, "mode": mode, "align_corners": align_corners})
