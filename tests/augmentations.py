"""An augmentation of every type, each as a spec has it and with an input that it suits."""

from typing import Any

import numpy as np

from nbcnn.augmentation.augmentation import Augmentation
from nbcnn.spec import Spec, parse

IMAGE, SIGNAL, VOLUME = (3, 9, 7), (2, 33), (1, 4, 5, 6)

EXAMPLES: dict[str, list[tuple[tuple[int, ...], dict[str, Any]]]] = {
    "horizontal_flip": [(IMAGE, {}), (SIGNAL, {}), (VOLUME, {})],
    "vertical_flip": [(IMAGE, {}), (VOLUME, {"p": 0.7})],
    "depth_flip": [(VOLUME, {})],
    "random_crop": [
        (IMAGE, {"padding": 4}),
        (IMAGE, {"padding": [[0, 3], [8, 1]], "padding_mode": "reflect", "p": 0.5}),
        (SIGNAL, {"padding": 40, "fill": 0.5}),
        (VOLUME, {"padding": [1, 2, 3], "padding_mode": "edge"}),
    ],
    "random_resized_crop": [(IMAGE, {}), (IMAGE, {"scale": [0.5, 1], "interpolation": "nearest"})],
    "random_rotation": [(IMAGE, {"degrees": 30, "fill": [0.1, 0.2, 0.3]})],
    "random_affine": [
        (IMAGE, {"degrees": [5, 30], "translate": [0.2, 0.1], "scale": [0.8, 1.2], "shear": 10}),
        (IMAGE, {"shear": [-5, 5, -10, 10], "interpolation": "bilinear", "fill": 1}),
    ],
    "random_erasing": [(IMAGE, {}), (SIGNAL, {"value": 0.5, "p": 1.0}), (VOLUME, {"value": "random", "p": 1})],
    "color_jitter": [
        (IMAGE, {"brightness": 0.4, "contrast": 0.4, "saturation": [0.2, 2], "hue": 0.5}),
        ((1, 9, 7), {"contrast": [0.5, 1.5], "p": 0.8}),
    ],
    "gaussian_noise": [(IMAGE, {}), (SIGNAL, {"sigma": 0.01, "mean": 0.1})],
    "rand_augment": [(IMAGE, {}), ((1, 30, 20), {"num_ops": 3, "magnitude": 20})],
    "amplitude_scaling": [(SIGNAL, {}), (IMAGE, {"scale": [2, 3]})],
    "mixup": [(IMAGE, {}), (SIGNAL, {"alpha": 0.2, "p": 0.5})],
    "cutmix": [(IMAGE, {}), (SIGNAL, {"alpha": 0.2, "p": 0.8}), (VOLUME, {})],
    "time_shift": [(SIGNAL, {"max_shift": 0.5}), (SIGNAL, {"rollover": True})],
}


def spec_of(shape: tuple[int, ...], *tables: dict[str, Any], **more: Any) -> Spec:
    """A spec with these augmentations and a small network with ten classes."""
    layers = [{"type": "flatten"}, {"type": "linear", "out_features": 10}]
    return parse({"input": {"shape": list(shape)}, "layers": layers, "augment": list(tables), **more})


def augmentation_of(shape: tuple[int, ...], *tables: dict[str, Any], kind: Any = np.uint8, **more: Any) -> Augmentation:
    found = Augmentation.of(spec_of(shape, *tables, **more), (10,), np.dtype(kind))
    assert found is not None
    return found


def samples_of(shape: tuple[int, ...], count: int, kind: Any = np.uint8, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if kind == np.uint8:
        return rng.integers(0, 256, (count, *shape), dtype=np.uint8)
    return rng.random((count, *shape), dtype=np.float32)
