"""Whether a convolution is faster by Winograd's method."""

from functools import lru_cache

from nbcnn.kernels.cpu.families.windows import Window
from nbcnn.kernels.cpu.products.packing import Packing
from nbcnn.kernels.cpu.products.winograd_tiling import Tiling
from nbcnn.kernels.cpu.program.calls import Space
from nbcnn.kernels.cpu.program.program import Program

# By the rows and columns of the kernel: what one channel's or filter's transform takes in a tile, in cycles for a
# vector of lanes, most of them waiting for memory; and from how many channels and filters on errors are tolerable.
Cycles = dict[tuple[int, int], int]
_CYCLES: Cycles = {(3, 3): 350, (5, 5): 450}
_LEAST_CHANNELS = {3: 1, 5: 16}
# As many tiles' products as transforming the weights takes.
_WEIGHT_TILES = 2


def suits_winograd(
    program: Program,
    window: Window,
    packing: Packing,
    inputs: Space,
    outputs: Space,
    *,
    cycles: Cycles = _CYCLES,
    more_tiles: int = _WEIGHT_TILES,
) -> bool:
    """Whether Winograd's method is wanted, can serve a pass from `inputs` to `outputs`, and is faster."""
    _, rows, columns = window.kernel
    return (
        program.winograd
        and (rows, columns) in cycles
        and (window.stride, window.dilation) == ((1, 1, 1), (1, 1, 1))
        and packing.groups == 1
        and all(before < kernel for before, kernel in zip(window.before, window.kernel, strict=True))
        and min(packing.channels, packing.filters) >= _LEAST_CHANNELS[columns]
        and pays(window, packing, inputs, outputs, program.blocks, cycles[rows, columns], more_tiles)
    )


@lru_cache(maxsize=256)
def pays(
    window: Window, packing: Packing, inputs: Space, outputs: Space, blocks: int, cycles: int, more_tiles: int
) -> bool:
    """Whether Winograd's method is faster by a quarter; by less it is not worth its rounding errors.

    In cycles for a vector of lanes, as benchmarks/convolutions.py has them: direct, a product for each output and tap
    that reaches inside, two a cycle. Winograd, one for each value of a tile and plane of the kernel, nine tenths as
    fast, as many again as for `more_tiles`, and `cycles` for each channel and filter to transform.
    """
    channels, filters = packing.channels, packing.filters
    tiling = Tiling(outputs, window.before, window.kernel)
    columns = blocks * tiling.count
    tiles = columns * tiling.planes
    direct = 0.5 * blocks * window.products(inputs, outputs) * channels * filters
    products = 0.55 * tiling.values * window.kernel[0] * (tiles + more_tiles) * channels * filters
    return 1.25 * (products + cycles * (columns * tiling.patches * channels + tiles * filters)) < direct
