"""Tables of signals, and of images and labels."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nbcnn import data
from nbcnn.errors import DataError

SIGNAL = (1, 3)


def write(folder: Path, text: str, name: str = "a.csv") -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def load(folder: Path, text: str, shape: tuple[int, ...] = SIGNAL, name: str = "a.csv", **options: Any) -> data.Splits:
    return data.load(write(folder, text, name), input_shape=shape, **options)


def test_signals(tmp_path: Path) -> None:
    splits = load(tmp_path, "t0,t1,t2,label\n1,2,3.5,walk\n-1e3,0,.5,run\n\n4,5,6,walk\n")
    assert splits.classes == ("run", "walk") and splits.test is splits.validation is None
    assert splits.train.targets.tolist() == [1, 0, 1] and splits.train.targets.dtype == np.int64
    assert splits.train.inputs.dtype == np.float32
    assert splits.train.inputs.tolist() == [[[1, 2, 3.5]], [[-1000, 0, 0.5]], [[4, 5, 6]]]


def test_several_channels_come_one_after_the_other(tmp_path: Path) -> None:
    splits = load(tmp_path, "class,a,b,c,d\n0,1,2,3,4\n1,5,6,7,8\n", (2, 2))
    assert splits.train.inputs.tolist() == [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]


@pytest.mark.parametrize(
    ("labels", "classes"), [("10 2 2", ("2", "10")), ("-1 1 1", ("-1", "1")), ("b a a", ("a", "b"))]
)
def test_classes_are_in_order(tmp_path: Path, labels: str, classes: tuple[str, ...]) -> None:
    rows = "".join(f"{label},1,2,3\n" for label in labels.split())
    splits = load(tmp_path, "label,x,y,z\n" + rows)
    assert splits.classes == classes
    assert splits.train.targets.tolist() == [classes.index(label) for label in labels.split()]


def test_a_table_of_numbers_begins_with_its_classes(tmp_path: Path) -> None:
    splits = load(tmp_path, "1\t0.5\t0.25\t1\n2\t3\t4\t5\n", name="GunPoint_TRAIN.tsv")
    assert splits.classes == ("1", "2") and splits.train.targets.tolist() == [0, 1]
    assert splits.train.inputs[0].tolist() == [[0.5, 0.25, 1]]


def test_numbers_to_be_given(tmp_path: Path) -> None:
    splits = load(tmp_path, "target,target_b,x,y,z\n0.5,1,1,2,3\n")
    assert splits.classes == () and splits.train.targets.tolist() == [[0.5, 1]]
    assert splits.train.targets.dtype == np.float32


def test_splits(tmp_path: Path) -> None:
    rows = "train,a,1,2,3\nVal,b,4,5,6\ntest,a,7,8,9\ntrain,b,1,1,1\n"
    splits = load(tmp_path, "split,label,x,y,z\n" + rows)
    assert splits.validation is not None and splits.test is not None
    assert [len(each) for each in (splits.train, splits.validation, splits.test)] == [2, 1, 1]
    assert splits.validation.targets.tolist() == [1]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    (tmp_path / "pictures").mkdir()
    for value in (10, 20, 30):
        Image.new("L", (6, 4), value).save(tmp_path / "pictures" / f"{value}.png")
    return tmp_path


def test_images(pictures: Path) -> None:
    text = "label,path,note\ncat,pictures/20.png,x\ndog,pictures/10.png,y\n"
    splits = load(pictures, text, (1, 4, 6))
    assert splits.train.inputs[:, 0, 0, 0].tolist() == [20, 10] and splits.classes == ("cat", "dog")
    with pytest.raises(DataError, match="30.png: 5 x 6 pixels are expected, received 4 x 6"):
        load(pictures, "label,file\ncat,pictures/30.png\n", (1, 5, 6))


def test_images_that_cannot_be_read(pictures: Path) -> None:
    (pictures / "pictures" / "10.png").write_bytes(b"\x89PNG")
    text = "label,path\ncat,pictures/20.png\ndog,pictures/10.png\ndog,pictures/30.png\ncat,pictures/none.png\n"
    with pytest.raises(DataError, match=r"10\.png: not a readable image"):
        load(pictures, text, (1, 4, 6))
    splits = load(pictures, text, (1, 4, 6), skip_unreadable=True)
    assert [Path(each).name for each in splits.skipped] == ["10.png", "none.png"]
    assert splits.train.targets.tolist() == [0, 1]


@pytest.mark.parametrize("name", ["/etc/passwd", "../a.png", "pictures/../../a.png", "", "\0"])
def test_images_elsewhere(pictures: Path, name: str) -> None:
    with pytest.raises(DataError, match=r"a\.csv:2: a path within .* is expected|not a readable table"):
        load(pictures, f"label,path\ncat,{name}\n", (1, 4, 6))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("label,x,y,z\n", "rows to train on are expected"),
        (
            "x,y,z\n1,2,3\n",
            "a.csv:1: a column label, or columns that begin .* neither is there; .* x, y, z so",
        ),
        ("label,target,x\n1,2,3\n", "both are there"),
        ("label,class,x,y,z\na,b,1,2,3\n", "one column label or class is expected, received 2"),
        ("label\na\n", "a column path, or columns of numbers, are expected"),
        ("label,x,y,z\na,1,2,3\nb,1,2\n", "a.csv:3: 4 columns are expected, received 3"),
        ("label,x,y,z\na,1,2,3\n,1,2,3\n", "a.csv:3: a class is expected in column 1, it is empty"),
        ("label,x,y,z\na,1,2,3\nb,1,nan,3\n", "a.csv:3: a finite number is expected in column 3, received 'nan'"),
        ("label,x,y,z\na,1,2,3\nb,1,,3\n", "a.csv:3: a finite number is expected in column 3, received ''"),
        ("label,x,y,z\na,1,2,1e60\n", "a.csv:2: a finite number is expected in column 4, received '1e60'"),
        ("label,x,y\na,1,2\n", r"3 numbers a row are expected for \[input\] shape \[1, 3\], received 2"),
        ("split,label,x,y,z\ndev,a,1,2,3\n", "a.csv:2: split = 'dev' is expected to be one of train, "),
        ("split,label,x,y,z\ntest,a,1,2,3\n", "rows to train on are expected"),
    ],
)
def test_what_is_wrong_is_named_by_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load(tmp_path, text)


@pytest.mark.parametrize("content", [b"\xff\xfe\0a", b"label,x\n" + b'"' + b"a" * 200_000])
def test_other_files(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.csv: not a readable table"):
        data.load(str(tmp_path / "a.csv"), input_shape=SIGNAL)


def test_a_class_that_train_lacks(tmp_path: Path) -> None:
    rows = "walk,1,2,3,train\nrun,1,2,4,train\nwalk,1,2,5,test\nwalkk,1,2,6,test\n"
    with pytest.raises(DataError, match=r'a\.csv:5: train has 2 classes and none called "walkk", .*nearest is "walk"'):
        load(tmp_path, "label,x,y,z,split\n" + rows)
