"""Cross-correlation and true convolution by hand: a kernel that slides over a small image, and the total of two dice.

Run it with `python examples/convolution.py`.
"""

import numpy as np

from nbcnn import functional


def cross_correlation() -> np.ndarray:
    """Slide a 2x2 kernel over a 3x3 image; each output is the sum of four products."""
    image = np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3)
    kernel = np.arange(4, dtype=np.float32).reshape(1, 1, 2, 2)
    return functional.conv(image, kernel)[0, 0]


def total_of_two_dice() -> dict[int, float]:
    """Return the chance of every total: the convolution of one die's chances with the other's.

    The chance of 4 is f(1) g(3) + f(2) g(2) + f(3) g(1): one factor runs backwards, which is what `flip=True` means.
    """
    die = np.full((1, 1, 6), 1 / 6, dtype=np.float32)
    chances = functional.conv(die, die, padding=5, flip=True)[0, 0]
    return dict(enumerate(chances.tolist(), start=2))


if __name__ == "__main__":
    print("Cross-correlation of 0..8 (3x3) with 0..3 (2x2):")
    print(cross_correlation().astype(int))
    print("\nTwo dice, chance of each total in 36ths:")
    for total, chance in total_of_two_dice().items():
        print(f"{total:4d}: {36 * chance:.2f}")
