"""Whether two contestants compute the same from the same weights; if not, comparing their speed means nothing."""

from typing import Any

import numpy as np

# Of the first loss, before any update: what rounding in another order of additions comes to.
FIRST_LOSS = 1e-5
# Of the losses after one and two updates, which carry the difference on and multiply it: most with batch norm, and with
# Adam, whose first steps have one length however small the gradient is.
LATER_LOSSES = 2e-3
# Of logits in inference, as a share of the largest one.
LOGITS = 1e-4


def disagreement(ours: dict[str, Any], theirs: dict[str, Any]) -> str | None:
    """What is not the same, or None; both are what a worker answers first."""
    tolerances = [FIRST_LOSS, *[LATER_LOSSES] * (len(ours["losses"]) - 1)]
    for number, (one, other, tolerance) in enumerate(zip(ours["losses"], theirs["losses"], tolerances, strict=True), 1):
        if not abs(one - other) <= tolerance * abs(one):
            return f"loss {number} from the same weights is {other:.6g} and not {one:.6g} (within {tolerance:g})"
    if "logits" in ours:
        one, other = np.array(ours["logits"]), np.array(theirs["logits"])
        difference, scale = np.abs(one - other).max(), np.abs(one).max()
        if not difference <= LOGITS * scale:
            return f"logits differ by {difference / scale:.2g} of the largest one (within {LOGITS:g})"
    return None
