"""Detect the vertical edges of an image with the kernel [1, -1], then learn that kernel from the image and its edges.

Run it with `python examples/edge_detection.py`.
"""

import numpy as np

from nbcnn import functional


def black_bar() -> np.ndarray:
    """Return a white image of 6x8 pixels with a black bar four columns wide."""
    image = np.ones((1, 1, 6, 8), dtype=np.float32)
    image[..., 2:6] = 0.0
    return image


def edges(image: np.ndarray) -> np.ndarray:
    """Return 1 where white turns black, -1 where black turns white, 0 elsewhere."""
    kernel = np.array([[[[1.0, -1.0]]]], dtype=np.float32)
    return functional.conv(image, kernel)


def learn_kernel(image: np.ndarray, target: np.ndarray, steps: int = 10, learning_rate: float = 0.03) -> np.ndarray:
    """Find a 1x2 kernel whose output is `target`, by gradient descent on the squared error."""
    kernel = np.random.default_rng(0).standard_normal((1, 1, 1, 2)).astype(np.float32)
    for step in range(1, steps + 1):
        output, pullback = functional.vjp(functional.conv, image, kernel)
        error = output - target
        _, kernel_gradient = pullback(2.0 * error)
        kernel -= learning_rate * kernel_gradient
        if step % 2 == 0:
            print(f"step {step:2d}, squared error {np.sum(error**2):.3f}")
    return kernel


if __name__ == "__main__":
    image = black_bar()
    found = edges(image)
    print("Edges of every row:", found[0, 0, 0].astype(int))
    print("The same kernel on the transposed image finds", np.count_nonzero(edges(image.swapaxes(2, 3))), "edges.")
    print("Learned kernel:", np.round(learn_kernel(image, found)[0, 0, 0], 3))
