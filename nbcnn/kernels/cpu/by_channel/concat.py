"""Branches side by side with channels as lanes, where all but the last fill their lanes."""

from nbcnn.kernels.cpu.by_channel.layout import Blocked, Unsupported, blocked
from nbcnn.kernels.cpu.by_channel.regroup import into_lanes
from nbcnn.kernels.cpu.families.copying import add_copy
from nbcnn.kernels.cpu.program.program import Program


def concat(program: Program, x: tuple[Blocked, ...]) -> Blocked:
    """The channels of all of x, one after the other."""
    if any(each.flat for each in x) or any(each.channels % program.lanes for each in x[:-1]):
        raise Unsupported
    y = blocked(program, "concat", sum(each.channels for each in x), x[0].activation.space)
    first = 0
    for each in x:
        part = into_lanes(program, each).activation
        add_copy(program, part, y.activation, part.channels, to_channel=first)
        first += part.channels
    return y
