"""Training on folders of images: the same weights whether they are held or decoded when used, on any threads."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from augmentations import spec_of
from PIL import Image

import nbcnn
from nbcnn.data import image_files
from nbcnn.errors import DataError
from nbcnn.training.events import Event, Loading
from nbcnn.training.run import Result

KEY = "linear1.weight"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of three classes 8, 16 and 24 images to train on, and 6 of each to validate."""
    random = np.random.default_rng(0)
    for split, counts in (("train", (8, 16, 24)), ("val", (6, 6, 6))):
        for label, count in enumerate(counts):
            (tmp_path / "images" / split / str(label)).mkdir(parents=True)
            for number in range(count):
                pixels = (random.integers(0, 80, (8, 8)) + 80 * label).astype(np.uint8)
                Image.fromarray(pixels).save(tmp_path / "images" / split / str(label) / f"{number:02}.png")
    return tmp_path


def train(folder: Path, out: str, *, held: bool = False, threads: int = 2, **train: Any) -> Result:
    options = {key: train.pop(key) for key in ("resume", "callbacks", "on_event") if key in train}
    tables: list[dict[str, Any]] = train.pop("augment", [])
    data = {"source": str(folder / "images"), "loader_threads": threads}
    spec = spec_of(
        (1, 8, 8), *tables, data=data, train={"epochs": 2, "batch_size": 10, "schedule": {"type": "cosine"}} | train
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(image_files, "machine_memory", lambda: 1 << 30 if held else 1)
        return nbcnn.train(spec, out=folder / out, **options)


@pytest.mark.parametrize(
    "settings", [{}, {"sampling": "balanced", "augment": [{"type": "gaussian_noise"}]}, {"shuffle": False}]
)
def test_the_weights_are_the_same(folder: Path, settings: dict[str, Any]) -> None:
    held = train(folder, "held", held=True, **settings)
    for threads in (0, 1, 4):
        decoded = train(folder, str(threads), threads=threads, **settings)
        np.testing.assert_array_equal(decoded.model.parameters[KEY], held.model.parameters[KEY])
        assert [each.val_loss for each in decoded.history] == [each.val_loss for each in held.history]
    assert decoded.model.normalization == held.model.normalization


def test_the_reading_for_mean_and_deviation_is_reported(folder: Path) -> None:
    seen: list[Event] = []
    train(folder, "a", on_event=seen.append)
    (last,) = [each for each in seen if isinstance(each, Loading) and each.what.endswith(", mean and deviation")]
    assert last.done == last.total == 48 * 64


class Damage(nbcnn.Callback):
    """Leaves nothing but the header of an image, when an epoch has ended."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def on_epoch_end(self, training: Any, record: Any) -> None:
        self._path.write_bytes(self._path.read_bytes()[:50])


@pytest.mark.parametrize("name", ["train/1/03.png", "val/0/00.png"])
def test_an_image_that_is_damaged_meanwhile_is_named_and_the_run_goes_on_with_it_repaired(
    folder: Path, name: str
) -> None:
    path = folder / "images" / name
    whole, content = train(folder, "whole"), path.read_bytes()
    with pytest.raises(DataError, match=rf"{path.name}: not a readable image .*; the run is saved, .* by --resume"):
        train(folder, "parts", callbacks=[Damage(path)])
    path.write_bytes(content)
    saved = json.loads((folder / "parts" / "run.json").read_text())["starts"][0]["last_step"]
    assert 5 < saved < 10 if name.startswith("train") else saved == 10
    resumed = train(folder, "parts", resume=True)
    np.testing.assert_array_equal(resumed.model.parameters[KEY], whole.model.parameters[KEY])
    assert [(each.loss, each.val_loss, each.lr) for each in resumed.history] == [
        (each.loss, each.val_loss, each.lr) for each in whole.history
    ]


def test_batches_that_no_update_has_used_are_trained_on_again(folder: Path) -> None:
    path = folder / "images" / "train/1/03.png"
    whole, content = train(folder, "whole", accumulation_steps=5), path.read_bytes()
    with pytest.raises(DataError, match="not a readable image"):
        train(folder, "parts", callbacks=[Damage(path)], accumulation_steps=5)
    path.write_bytes(content)
    resumed = train(folder, "parts", resume=True, accumulation_steps=5)
    np.testing.assert_array_equal(resumed.model.parameters[KEY], whole.model.parameters[KEY])
