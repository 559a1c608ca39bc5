"""`digits`: 1,797 handwritten digits of 8 x 8 pixels, bundled; origin and licence are in digits-NOTICE.txt."""

from pathlib import Path

import numpy as np

from nbcnn.data import npz
from nbcnn.data.dataset import Dataset, Splits

DESCRIPTION = "1,797 handwritten digits, grey, 8x8"
CLASSES = tuple("0123456789")
# One image in five is kept for the test.
TEST_EVERY = 5


def load() -> Splits:
    """1,442 training and 355 test images, (N, 1, 8, 8) float32 from 0 to 1 (the file's 0 to 16, divided by 16).

    Of each digit the 5th, 10th, 15th, ... image in the order of the file is a test image, so that the split is
    stratified, runs over the whole file and is the same for all time.
    """
    path = Path(__file__).with_name("digits.npz")
    with path.open("rb") as file:
        arrays = npz.read(file, path)
    labels = arrays["labels"].astype(np.int64)
    digits = Dataset((arrays["images"] / np.float32(16))[:, np.newaxis], labels)
    is_test = np.zeros(len(labels), np.bool_)
    for digit in range(len(CLASSES)):
        is_test[np.flatnonzero(labels == digit)[TEST_EVERY - 1 :: TEST_EVERY]] = True
    return Splits(digits.take(np.flatnonzero(~is_test)), digits.take(np.flatnonzero(is_test)), None, CLASSES)
