"""Folders of class folders."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nbcnn import data
from nbcnn.data.class_folders import load_folder
from nbcnn.data.dataset import Splits
from nbcnn.errors import DataError

SHAPE = (3, 4, 6)


def write(path: Path, value: int = 0, size: tuple[int, int] = (6, 4), mode: str = "RGB") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, value if mode in "LP" else (value, value, value)).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, values in (("cat", (10, 11)), ("Ant", (20,)), ("bee", (30, 31, 32))):
        for value in values:
            write(tmp_path / name / f"{value}.png", value)
    return tmp_path


def first_pixels(splits: Splits) -> list[int]:
    return [int(each) for each in splits.train.inputs[:, 0, 0, 0]]


def test_classes_are_in_the_order_of_their_names(folder: Path) -> None:
    splits = load_folder(folder, SHAPE)
    assert splits.classes == ("Ant", "bee", "cat")
    assert splits.train.inputs.shape == (6, *SHAPE) and splits.train.inputs.dtype == np.uint8
    assert first_pixels(splits) == [20, 30, 31, 32, 10, 11]
    assert splits.train.targets.tolist() == [0, 1, 1, 1, 2, 2]
    assert splits.test is splits.validation is None and splits.skipped == ()


def test_the_catalogue_knows_it_by_its_looks(folder: Path) -> None:
    assert data.load(str(folder), input_shape=SHAPE).classes == ("Ant", "bee", "cat")


def test_deeper_images_count_and_other_files_do_not(folder: Path) -> None:
    write(folder / "cat" / "more" / "0.PNG", 40)
    (folder / "cat" / "notes.txt").write_text("not an image")
    (folder / "cat" / ".hidden.png").write_text("not an image")
    (folder / ".git").mkdir()
    (folder / "README.md").write_text("not a class")
    splits = load_folder(folder, SHAPE)
    assert first_pixels(splits) == [20, 30, 31, 32, 10, 11, 40]


@pytest.mark.parametrize("name", ["val", "valid", "validation"])
def test_splits(tmp_path: Path, name: str) -> None:
    for split in ("train", name, "test"):
        for label in ("a", "b"):
            write(tmp_path / split / label / "0.png", 1)
    (tmp_path / "test" / "b" / "0.png").unlink()
    (tmp_path / "test" / "b").rmdir()
    splits = load_folder(tmp_path, SHAPE)
    assert splits.validation is not None and splits.test is not None
    assert [len(each) for each in (splits.train, splits.validation, splits.test)] == [2, 2, 1]
    assert splits.classes == ("a", "b")


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    for label in ("boat", "test", "train"):
        write(tmp_path / label / "0.png")
    assert load_folder(tmp_path, SHAPE).classes == ("boat", "test", "train")


def test_a_class_that_train_lacks(tmp_path: Path) -> None:
    for path in ("train/glass", "train/metal", "test/glas"):
        write(tmp_path / path / "0.png")
    with pytest.raises(DataError, match=r'glas: train has 2 classes and none called "glas", glass, metal; .*"glass"'):
        load_folder(tmp_path, SHAPE)


def test_an_empty_class(folder: Path) -> None:
    (folder / "dog").mkdir()
    with pytest.raises(DataError, match="dog: at least one image is expected"):
        load_folder(folder, SHAPE)


@pytest.mark.parametrize("mode", ["L", "P", "RGB"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_colours_become_the_networks(tmp_path: Path, mode: str, channels: int) -> None:
    write(tmp_path / "a" / "0.png", 9, mode=mode)
    assert load_folder(tmp_path, (channels, 4, 6)).train.inputs.shape == (1, channels, 4, 6)


def test_other_sizes_are_refused_unless_told_how(folder: Path) -> None:
    write(folder / "cat" / "wide.png", 50, size=(12, 4))
    with pytest.raises(DataError, match=r"wide.png: 4 x 6 pixels are expected, received 4 x 12; set resize"):
        load_folder(folder, SHAPE)


@pytest.mark.parametrize(("resize", "columns"), [("crop", "AAABBB"), ("pad", "......"), ("stretch", "AAABBB")])
def test_resizing(tmp_path: Path, resize: Any, columns: str) -> None:
    picture = np.zeros((8, 24), np.uint8)
    picture[:, :12], picture[:, 12:] = 100, 200
    (tmp_path / "a").mkdir()
    Image.fromarray(picture).save(tmp_path / "a" / "0.png")
    row = load_folder(tmp_path, (1, 4, 6), resize=resize).train.inputs[0, 0, 0]
    shown = "".join("." if value == 0 else "A" if value < 150 else "B" for value in row)
    assert shown == columns


def test_photographs_stand_upright(tmp_path: Path) -> None:
    picture = Image.new("L", (4, 6))
    exif = picture.getexif()
    exif[0x0112] = 6  # turned by a quarter
    (tmp_path / "a").mkdir()
    picture.save(tmp_path / "a" / "0.jpg", exif=exif)
    assert load_folder(tmp_path, (1, 4, 6)).train.inputs.shape == (1, 1, 4, 6)


@pytest.fixture
def damaged(folder: Path) -> Path:
    whole = (folder / "bee" / "31.png").read_bytes()
    (folder / "bee" / "31.png").write_bytes(whole[: len(whole) // 2])
    return folder


def test_an_unreadable_image_is_named(damaged: Path) -> None:
    with pytest.raises(DataError, match=r"bee.31\.png: not a readable image .*skip_unreadable = true"):
        load_folder(damaged, SHAPE)


def test_unreadable_images_are_skipped_by_choice_and_listed(damaged: Path) -> None:
    splits = load_folder(damaged, SHAPE, skip_unreadable=True)
    assert splits.skipped == (str(damaged / "bee" / "31.png"),)
    assert first_pixels(splits) == [20, 30, 32, 10, 11] and splits.train.targets.tolist() == [0, 1, 1, 2, 2]


def test_a_class_of_unreadable_images_is_an_error_even_so(folder: Path) -> None:
    (folder / "Ant" / "20.png").write_bytes(b"")
    with pytest.raises(DataError, match="Ant: none of its images can be read"):
        load_folder(folder, SHAPE, skip_unreadable=True)


def test_progress_is_in_bytes(folder: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    load_folder(folder, SHAPE, on_progress=lambda what, done, total: seen.append((done, total)))
    assert len(seen) == 6 and seen[-1][0] == seen[-1][1] == sum(path.stat().st_size for path in folder.rglob("*.png"))


def test_signals_have_no_images(folder: Path) -> None:
    with pytest.raises(DataError, match=r"two axes, the network's input has shape \(1, 100\)"):
        load_folder(folder, (1, 100))


def in_bytes(shares: np.ndarray) -> np.ndarray:
    return np.round(255 * shares).astype(np.uint8)


def test_digits_as_images_are_the_bundled_digits(tmp_path: Path) -> None:
    bundled = data.load("digits")
    assert bundled.test is not None
    for name, dataset in (("train", bundled.train), ("test", bundled.test)):
        for number, (image, label) in enumerate(zip(dataset.inputs, dataset.targets, strict=True)):
            path = tmp_path / name / str(label) / f"{number:04}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(in_bytes(image[0])).save(path)
    found = load_folder(tmp_path, (1, 8, 8))
    assert found.test is not None and found.classes == bundled.classes
    for dataset, original in ((found.train, bundled.train), (found.test, bundled.test)):
        order = np.argsort(original.targets, kind="stable")
        assert np.array_equal(dataset.targets, original.targets[order])
        assert np.array_equal(dataset.inputs, in_bytes(original.inputs[order]))
