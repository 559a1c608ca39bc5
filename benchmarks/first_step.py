"""One training step of document 002's network in this process, then a line; `fashion.py` times it from outside.

usage: first_step.py nbcnn|torch
"""

import sys

import numpy as np
from document_network import BATCH_SIZE, LEARNING_RATE, Training


def with_nbcnn(images: np.ndarray, labels: np.ndarray) -> None:
    from measuring import SPECS

    import nbcnn

    model = nbcnn.Model(nbcnn.build(nbcnn.load_spec(SPECS / "fashion.toml")))
    nbcnn.Trainer(model, optimizer={"type": "adam", "lr": LEARNING_RATE}, batch_size=BATCH_SIZE).step(images, labels)


def with_torch(images: np.ndarray, labels: np.ndarray) -> None:
    import torch

    Training(torch).step(torch.from_numpy(images).float() / 255, torch.from_numpy(labels)).item()


if __name__ == "__main__":
    random = np.random.default_rng(0)
    batch = random.integers(0, 256, (BATCH_SIZE, 1, 28, 28), dtype=np.uint8), random.integers(0, 10, BATCH_SIZE)
    {"nbcnn": with_nbcnn, "torch": with_torch}[sys.argv[1]](*batch)
    print("done", flush=True)
