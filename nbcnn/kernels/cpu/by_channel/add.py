"""Sums of branches with channels as lanes, added where the last product is stored if that can be."""

import math

from nbcnn.kernels.cpu.add import add as add_activations
from nbcnn.kernels.cpu.by_channel.layout import Blocked, Unsupported
from nbcnn.kernels.cpu.by_channel.products import Product
from nbcnn.kernels.cpu.by_channel.regroup import into_lanes
from nbcnn.kernels.cpu.program.calls import Activation, calls_of
from nbcnn.kernels.cpu.program.program import Program


def add(program: Program, x: tuple[Blocked, ...]) -> Blocked:
    """The sum of all of x."""
    if any((each.flat, each.activation.space) != (x[0].flat, x[0].activation.space) for each in x):
        raise Unsupported
    parts = [into_lanes(program, each).activation for each in x]
    return Blocked(_fused(program, *parts) or add_activations(program, tuple(parts)), x[0].channels, x[0].flat)


def _fused(program: Program, *parts: Activation) -> Activation | None:
    """The later of two activations where the product that made it can add the other one, None elsewhere."""
    if len(parts) != 2:
        return None
    order = {id(call): number for number, call in enumerate(calls_of(program.middle[-1]))}
    first, last = sorted(parts, key=lambda each: order[id(each.producer)])
    product = last.saved
    if not isinstance(product, Product) or last.producer is not product or last.shared:
        return None
    if product.added is not None or product.arguments["lowest"] != -math.inf:
        return None
    product.add(first)
    return last
