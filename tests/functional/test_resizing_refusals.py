"""Functions that resize refuse arguments that do not fit, with both numbers and a cure."""

import numpy as np
import pytest

from nbcnn import functional
from nbcnn.errors import InputError

X = np.zeros((1, 2, 6, 5), dtype="float32")
WEIGHT = np.zeros((2, 3, 3, 3), dtype="float32")

REFUSED = {
    "no space": (lambda: functional.pad(np.zeros((3, 4)), 1), "pad: x must be .* received shape \\(3, 4\\)"),
    "reflected too far": (lambda: functional.pad(X, 5, "reflect"), "pad: reflect padding of 5 does not fit 5 columns"),
    "negative": (lambda: functional.pad(X, -1), "pad: padding = -1 is not a whole number of at least 0"),
    "unknown mode": (lambda: functional.pad(X, 1, "mirror"), "pad: mode = 'mirror' is not known; use one of 'const"),
    "value without use": (lambda: functional.pad(X, 1, "reflect", 2.0), "pad: value = 2.0 has no meaning with mode"),
    "crop": (lambda: functional.crop(X, 3), "crop: crop of 3 and 3 leaves nothing of 6 rows; leave out at most 5"),
    "upsample": (lambda: functional.upsample(X), "upsample: neither size nor scale_factor is given"),
    "upsample's mode": (lambda: functional.upsample(X, 2, mode="cubic"), "upsample: mode = 'cubic' is not known"),
    "size of no axis": (lambda: functional.upsample(X, [2]), "size has 1 entry but the input has 2 spatial axes"),
    "fraction": (lambda: functional.upsample(X, scale_factor=1.5), "scale_factor = 1.5 is not a whole number"),
    "padding mode": (lambda: functional.conv(X, WEIGHT[:, :2], padding_mode="wrap"), "padding_mode = 'wrap' is not"),
    "circular": (
        lambda: functional.conv(X, WEIGHT[:, :2], padding=6, padding_mode="circular"),
        "conv: circular padding of 6 does not fit 5 columns",
    ),
    "channels": (lambda: functional.conv_transpose(X, WEIGHT[:1]), "expects 1 input channels, .* received 2; change"),
    "bias": (lambda: functional.conv_transpose(X, WEIGHT, np.zeros(2)), "bias: shape \\(3,\\) is expected"),
    "output padding": (
        lambda: functional.conv_transpose(X, WEIGHT, stride=2, output_padding=2),
        "output_padding of 2 along the rows must be smaller than stride \\(=2\\) or dilation \\(=1\\)",
    ),
}


@pytest.mark.parametrize("call, message", REFUSED.values(), ids=REFUSED)
def test_refused(call, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()
