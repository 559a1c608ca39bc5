"""`nbcnn new`: templates, and specs for data of every kind, which validate, read their data and train."""

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nbcnn
from nbcnn.training.events import ignore
from nbcnn.training.samples import load_samples

Run = Callable[..., Any]
GUIDE = Path(__file__).parents[2] / "docs" / "guide.md"
SPECS = Path(__file__).parents[2] / "specs"


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def pixels(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def labels(count: int, classes: int = 3) -> np.ndarray:
    return np.arange(count) % classes


def archive(x: np.ndarray, y: np.ndarray) -> str:
    np.savez("data.npz", x_train=x, y_train=y, x_test=x[:8], y_test=y[:8])
    return "data.npz"


def pictures(sizes: list[tuple[int, int]], mode: str) -> str:
    from PIL import Image

    for index, size in enumerate(sizes):
        path = Path("pets", "train", ("cat", 'dog "x"')[index % 2], f"{index}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new(mode, size, index).save(path)
    return "pets"


def table() -> str:
    rows = ["a,b,c,label", *(f"{index},{index / 7},0.5,{'xy'[index % 2]}" for index in range(40))]
    Path("table.csv").write_text("\n".join(rows) + "\n")
    return "table.csv"


def table_of_images() -> str:
    pictures([(20, 20)] * 24, "L")
    rows = ["path,target", *(f"{path},{index / 9}" for index, path in enumerate(sorted(Path("pets").rglob("*.png"))))]
    Path("table.csv").write_text("\n".join(rows) + "\n")
    return "table.csv"


def void_maps() -> np.ndarray:
    maps = np.random.default_rng(0).integers(0, 4, (24, 12, 14))
    maps[:, 0] = 255
    return maps


KINDS: dict[str, tuple[Callable[[], str], list[int], dict[str, Any]]] = {
    "a named set": (lambda: "digits", [1, 8, 8], {"layers.-1.out_features": 10, "data.source": "digits"}),
    "grey images": (lambda: archive(pixels(40, 12, 10), labels(40)), [1, 12, 10], {"layers.-1.out_features": 3}),
    "channels last": (lambda: archive(pixels(40, 12, 10, 3), labels(40)), [3, 12, 10], {}),
    "channels first": (lambda: archive(pixels(40, 3, 12, 10), labels(40)), [3, 12, 10], {}),
    "signals": (lambda: archive(numbers(40, 2, 300), labels(40)), [2, 300], {"layers.0.kernel_size": 7}),
    "rows of numbers": (lambda: archive(numbers(40, 5), labels(40)), [1, 5], {}),
    "volumes": (lambda: archive(numbers(24, 9, 10, 11), labels(24)), [1, 9, 10, 11], {}),
    "volumes of channels": (lambda: archive(numbers(24, 2, 9, 10, 11), labels(24)), [2, 9, 10, 11], {}),
    "targets in numbers": (
        lambda: archive(numbers(40, 5), numbers(40, 2)),
        [1, 5],
        {"layers.-1.out_features": 2, "train.loss": "mse_loss"},
    ),
    "classes by pixel": (
        lambda: archive(pixels(24, 3, 12, 14), void_maps()),
        [3, 12, 14],
        {"layers.-1.out_channels": 4, "train.loss.ignore_index": 255},
    ),
    "a table": (table, [1, 3], {"layers.-1.out_features": 2}),
    "a table of images": (table_of_images, [1, 20, 20], {"train.loss": "mse_loss"}),
    "images of many sizes": (
        lambda: pictures([(30, 41), (52, 37), (640, 480)] * 8, "RGB"),
        [3, 32, 32],
        {"data.resize": "crop", "layers.-1.out_features": 2},
    ),
    "images of one size": (lambda: pictures([(20, 28)] * 24, "L"), [1, 28, 20], {}),
    "few samples": (
        lambda: archive(numbers(12, 5), labels(12, 2)),
        [1, 5],
        {"data.validation": 0, "train.batch_size": 3},
    ),
    "classes of very different sizes": (
        lambda: archive(numbers(40, 5), (np.arange(40) % 10 == 0) * 1),
        [1, 5],
        {"train.sampling": "balanced"},
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_spec_for_data_is_one_without_warnings_and_reads_them(nbcnn: Run, kind: str) -> None:
    make, shape, expected = KINDS[kind]
    Path("networks").mkdir()
    outcome = nbcnn("new", "networks/mine.toml", "--data", make())
    assert outcome.code == 0, outcome.err
    document = tomllib.loads(Path("networks/mine.toml").read_text())
    assert document["name"] == "mine" and document["input"]["shape"] == shape
    for key, value in expected.items():
        found: Any = document
        for part in key.split("."):
            found = found[int(part)] if part.lstrip("-").isdigit() else found[part]
        assert found == value, key
    network = built("networks/mine.toml")
    assert [finding for finding in network.findings if finding.severity == "warning"] == []
    splits = load_samples(network, None, Path("networks"), ignore)
    assert splits.train.inputs.shape[1:] == tuple(shape)


def built(path: str) -> Any:
    return nbcnn.build(nbcnn.load_spec(path))


@pytest.mark.parametrize("kind", ["a table", "images of many sizes"])
def test_a_spec_for_data_trains(nbcnn: Run, kind: str) -> None:
    nbcnn("new", "mine.toml", "--data", KINDS[kind][0]())
    outcome = nbcnn("train", "mine.toml", "--epochs", "1", "--out", "run")
    assert outcome.code == 0, outcome.err


def test_comments_say_what_was_found(nbcnn: Run) -> None:
    outcome = nbcnn("new", "mine.toml", "--data", pictures([(30, 41), (52, 37), (640, 480)] * 8, "RGB"))
    assert outcome.out.splitlines() == [
        '# A first network for "pets": 24 training samples.',
        '# 2 classes: "cat" 12, "dog \\"x\\"" 12.',
        "# The images are of 37x52 to 480x640 pixels (rows x columns).",
        "mine.toml is written; `nbcnn validate mine.toml` shows the network, `nbcnn train mine.toml` trains it",
    ]
    assert Path("mine.toml").read_text().splitlines()[:3] == outcome.out.splitlines()[:3]


def test_the_guide_shows_what_it_prints(nbcnn: Run) -> None:
    shown = re.search(r"\$ nbcnn new my.toml --data digits\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert shown is not None
    assert nbcnn("new", "my.toml", "--data", "digits").out == shown[1]


def test_every_template_is_the_shipped_spec(nbcnn: Run) -> None:
    names = json.loads(nbcnn("new", "--list", "--format", "json").out)
    assert {"digits", "lenet5", "resnet18", "unet", "gunpoint"} <= names.keys()
    assert all(names.values())
    for name in names:
        assert "extends" not in tomllib.loads((SPECS / f"{name}.toml").read_text())
    nbcnn("new", "mine.toml", "--template", "unet")
    assert Path("mine.toml").read_text() == (SPECS / "unet.toml").read_text()
    listed = nbcnn("new", "--list").out.splitlines()
    assert len(listed) == 1 + len(names) and listed[0].split()[0] == "name"


def test_without_a_word_it_is_what_can_be_trained_at_once(nbcnn: Run) -> None:
    outcome = nbcnn("new", "mine.toml", "--format", "json")
    found = json.loads(outcome.out)
    assert found["file"] == "mine.toml" and found["text"] == (SPECS / "digits.toml").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["taken.toml"], "taken.toml: there is a file already, and nothing is overwritten"),
        (["mine.json"], "mine.json: a name that ends in .toml is expected; write mine.toml"),
        (["nowhere/mine.toml"], "nowhere/mine.toml: the file cannot be written"),
        (["mine.toml", "--template", "resnet19"], "template 'resnet19': .*; the nearest is \"resnet18\""),
        (["--list", "mine.toml"], "--list only lists templates; leave out the file"),
        (["--list", "--data", "digits"], "--list only lists templates"),
        (["mine.toml", "--template", "zzz"], "`nbcnn new --list` has them"),
        (["mine.toml", "--template", "unet", "--data", "digits"], "leave one of them out"),
        (["mine.toml", "--data", "nowhere"], "data source 'nowhere'"),
        (["mine.toml", "--data", "."], "a folder"),
        (["mine.toml", "--data", "broken.npz"], "broken.npz: not a readable"),
        ([], "the name of a new file is missing"),
    ],
)
def test_what_does_not_do_is_told_and_writes_nothing(nbcnn: Run, arguments: list[str], message: str) -> None:
    Path("taken.toml").write_text("mine")
    Path("broken.npz").write_text("PK")
    outcome = nbcnn("new", *arguments)
    assert outcome.code == 2 and outcome.out == ""
    assert re.search(message, outcome.err), outcome.err
    assert Path("taken.toml").read_text() == "mine" and not Path("mine.toml").exists()
