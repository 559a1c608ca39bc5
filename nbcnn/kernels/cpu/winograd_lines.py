"""Winograd's short convolutions on one line: F(4, 3) forwards, F(3, 4) for the gradient of the kernel.

Six products take the place of twelve. On a tile the same formulas are applied along one axis and then along the other,
so that 36 products take the place of 144. Every function takes and returns lists of values that can be added,
subtracted and multiplied by real numbers: arrays, or lanes in code to be compiled.

The method is Toom and Cook's: polynomials are multiplied by their values at points, here 0, +-A, +-B and infinity
(A. Lavin, S. Gray, Fast algorithms for convolutional neural networks, 2016, sections 3 and 4.1). Points and their
order of magnitude decide the rounding error (B. Barabasz, A. Anderson, K. Soodhalter, D. Gregg, Error analysis and
improving the accuracy of Winograd convolution for deep neural networks, 2018, section 5). With those chosen here it is
a quarter of what the usual 1 and 2 give; their powers up to the fourth are exact in float32.
"""

from collections.abc import Sequence
from typing import Any

A, B = 0.625, 1.5
# What interpolation divides by: the products of a point's distances from the other finite points.
_AT_ZERO = A**2 * B**2
_AT_A = 2 * A**2 * (A**2 - B**2)
_AT_B = 2 * B**2 * (B**2 - A**2)


def input_line(d: Sequence[Any]) -> list[Any]:
    """Six values of six numbers of the input."""
    even_a, odd_a = d[4] - B**2 * d[2], d[3] - B**2 * d[1]
    even_b, odd_b = d[4] - A**2 * d[2], d[3] - A**2 * d[1]
    return [
        d[4] - (A**2 + B**2) * d[2] + A**2 * B**2 * d[0],
        even_a + A * odd_a,
        even_a - A * odd_a,
        even_b + B * odd_b,
        even_b - B * odd_b,
        d[5] - (A**2 + B**2) * d[3] + A**2 * B**2 * d[1],
    ]


def kernel_line(g: Sequence[Any]) -> list[Any]:
    """Six values of a kernel's three numbers, divided by what interpolation divides by."""
    even_a, odd_a = (1 / _AT_A) * g[0] + (A**2 / _AT_A) * g[2], (A / _AT_A) * g[1]
    even_b, odd_b = (1 / _AT_B) * g[0] + (B**2 / _AT_B) * g[2], (B / _AT_B) * g[1]
    return [(1 / _AT_ZERO) * g[0], even_a + odd_a, even_a - odd_a, even_b + odd_b, even_b - odd_b, g[2]]


def output_line(m: Sequence[Any]) -> list[Any]:
    """Four outputs of six products."""
    sum_a, difference_a = m[1] + m[2], m[1] - m[2]
    sum_b, difference_b = m[3] + m[4], m[3] - m[4]
    return [
        m[0] + (sum_a + sum_b),
        A * difference_a + B * difference_b,
        A**2 * sum_a + B**2 * sum_b,
        m[5] + A**3 * difference_a + B**3 * difference_b,
    ]


def gradient_line(dy: Sequence[Any]) -> list[Any]:
    """Six values of four numbers of the output's gradient: the transposed of `output_line`."""
    even_a, odd_a = dy[0] + A**2 * dy[2], dy[1] + A**2 * dy[3]
    even_b, odd_b = dy[0] + B**2 * dy[2], dy[1] + B**2 * dy[3]
    return [dy[0], even_a + A * odd_a, even_a - A * odd_a, even_b + B * odd_b, even_b - B * odd_b, dy[3]]


def kernel_gradient_line(m: Sequence[Any]) -> list[Any]:
    """The gradient of a kernel's three numbers from six sums of products: the transposed of `kernel_line`."""
    sum_a, difference_a = m[1] + m[2], m[1] - m[2]
    sum_b, difference_b = m[3] + m[4], m[3] - m[4]
    return [
        (1 / _AT_ZERO) * m[0] + (1 / _AT_A) * sum_a + (1 / _AT_B) * sum_b,
        (A / _AT_A) * difference_a + (B / _AT_B) * difference_b,
        m[5] + (A**2 / _AT_A) * sum_a + (B**2 / _AT_B) * sum_b,
    ]
