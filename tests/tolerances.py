"""How far two computations of the same thing may differ: one table, by dtype and kind, with reasons.

A difference is measured against the largest magnitude of the expected array, because a sum's rounding error depends on
the size of its terms and not on what is left where they cancel. It grows with the square root of the number of summed
terms: every addition rounds by up to one `UNIT` of the partial sum, and the roundings are as often up as down, so they
walk at random. Kernels may sum in any order and with fused multiply-adds; both stay within the same bound.
"""

from math import sqrt

import numpy as np

# Half the distance from 1 to the next number above: the largest relative error of one rounding.
UNIT = {"float32": 2.0**-24, "float64": 2.0**-53}

# Relative to the scale, per sqrt(term). A wrong index, a missing term or a step in half precision are a thousand times
# beyond these.
TOLERANCES = {
    # One pass over the window or the features; also exp and tanh, good to two or three units, and a division.
    "forward": {"float32": 8 * UNIT["float32"], "float64": 8 * UNIT["float64"]},
    # A sum of the same form over filters in place of channels; a factor beside dy, as y * (1 - y), was rounded before.
    "input_gradient": {"float32": 8 * UNIT["float32"], "float64": 8 * UNIT["float64"]},
    # Sums over positions, then lanes, then blocks of samples: three walks where the others have one.
    "weight_gradient": {"float32": 16 * UNIT["float32"], "float64": 16 * UNIT["float64"]},
}


def assert_close(actual, expected, dtype: str, kind: str, terms: int) -> None:
    """Check shape and values; `terms` is how many products each element sums, and their data is of unit size.

    Where an array has few elements, all of them can be sums that cancelled. Its scale is therefore at least
    sqrt(terms), the size that a sum of so many products of standard normal numbers has.
    """
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape, f"shape {actual.shape} instead of {expected.shape}"
    scale = max(float(np.abs(expected).max(initial=0.0)), sqrt(terms))
    allowed = TOLERANCES[kind][dtype] * sqrt(terms) * scale
    difference = np.abs(actual.astype(np.float64) - expected.astype(np.float64))
    # Written so that a NaN fails: no comparison with NaN is true.
    within = difference <= allowed
    worst = np.unravel_index(np.argmax(np.where(within, 0.0, np.nan_to_num(difference, nan=np.inf))), difference.shape)
    assert within.all(), (
        f"{(~within).sum()} of {within.size} differ by more than {allowed:.3g} ({kind}, {dtype}, {terms} terms); "
        f"at {tuple(int(i) for i in worst)}: {actual[worst]!r} instead of {expected[worst]!r}"
    )
