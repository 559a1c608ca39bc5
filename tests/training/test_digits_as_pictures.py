"""The bundled digits, written as PNG files into class folders, are learnt as well as they are from the bundle."""

from pathlib import Path

import numpy as np

import nbcnn
from nbcnn import data

SPEC = Path(__file__).parents[2] / "specs" / "digits.toml"


def write_pictures(folder: Path) -> None:
    """train/0/0.png and so on, all 1,797."""
    from PIL import Image

    splits = data.load("digits")
    for split, dataset in (("train", splits.train), ("test", splits.test)):
        for label in splits.classes:
            (folder / split / label).mkdir(parents=True)
        for index, (digit, label) in enumerate(zip(dataset.inputs, dataset.targets, strict=True)):
            pixels = np.rint(255 * digit[0]).astype(np.uint8)
            Image.fromarray(pixels).save(folder / split / str(label) / f"{index}.png")


def test_they_train_to_the_same_accuracy(tmp_path: Path) -> None:
    write_pictures(tmp_path / "digits")
    accuracies = []
    for name, source in (("bundle", "digits"), ("pictures", str(tmp_path / "digits"))):
        spec = nbcnn.load_spec(SPEC, {"data.source": source})
        result = nbcnn.train(spec, out=tmp_path / name)
        assert result.test is not None and result.test.samples == 355
        accuracies.append(result.test.accuracy)
    assert accuracies[0] > 0.97
    # The order of the samples is another one, and pixels are rounded to bytes: as large a difference as between seeds.
    assert accuracies[1] > accuracies[0] - 5 / 355
