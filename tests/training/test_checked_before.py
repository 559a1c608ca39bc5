"""Labels, shapes and ranges of all splits are looked at before the first step, also of data that stay in their file."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import nbcnn
from nbcnn.errors import DataError
from nbcnn.spec import parse

RANDOM = np.random.default_rng(0)
PIXELS = [{"type": "conv", "out_channels": 3, "kernel_size": 3, "padding": 1}]
VECTOR = [{"type": "flatten"}, {"type": "linear", "out_features": 3}]


def arrays(**changes: np.ndarray) -> dict[str, np.ndarray]:
    """Float images and maps of three classes, in all three splits."""
    found = {}
    for split in ("train", "val", "test"):
        found[f"x_{split}"] = RANDOM.standard_normal((20, 1, 6, 6), dtype=np.float32)
        found[f"y_{split}"] = RANDOM.integers(0, 3, (20, 6, 6))
    return found | changes


def changed(values: np.ndarray, value: float) -> np.ndarray:
    values = values.copy()
    values.reshape(len(values), -1)[13, 0] = value
    return values


MAPS = arrays()
LABELS = {name: values[:, 0, 0] if name[0] == "y" else values for name, values in MAPS.items()}
NUMBERS = {name: values.astype(np.float32) if name[0] == "y" else values for name, values in MAPS.items()}
WRONG: list[tuple[dict[str, np.ndarray], Any, str, float, str]] = [
    *((MAPS, PIXELS, f"y_{each}", 3, "labels from 0 to 2 .* received 3 at sample") for each in ("train", "test")),
    (MAPS, PIXELS, "y_val", -1, "labels from 0 to 2 .* received -1 at sample 13"),
    (MAPS, PIXELS, "x_val", np.nan, "inputs are expected to be finite, sample 13 is not"),
    (MAPS, PIXELS, "x_train", np.inf, "inputs are expected to be finite, sample 13 is not"),
    (LABELS, VECTOR, "y_train", 3, "labels from 0 to 2|classes"),
    (NUMBERS, PIXELS, "y_train", 0, "integers"),
]


@pytest.mark.parametrize("ending", ["npz", "h5"])
@pytest.mark.parametrize(("sound", "layers", "name", "value", "message"), WRONG)
def test_a_wrong_number_anywhere_is_found_before_a_folder_is_made(
    tmp_path: Path, ending: str, sound: dict[str, np.ndarray], layers: Any, name: str, value: float, message: str
) -> None:
    path = tmp_path / f"data.{ending}"
    held = sound | {name: changed(sound[name], value)}
    if ending == "npz":
        np.savez(path, **held)
    else:
        with h5py.File(path, "w") as file:
            for key, values in held.items():
                file[key] = values
    spec = parse(
        {
            "input": {"shape": [1, 6, 6]},
            "layers": layers,
            "data": {"source": str(path), "normalize": False},
            "train": {"epochs": 1},
        }
    )
    with pytest.raises(DataError, match=message):
        nbcnn.train(spec, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
