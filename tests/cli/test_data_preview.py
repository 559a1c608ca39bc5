"""`nbcnn data preview`: a sheet with a row for each sample."""

import json
from pathlib import Path

import numpy as np
import pytest
from augmentations import samples_of
from click.testing import CliRunner

from nbcnn.errors import InputError
from nbcnn_cli.main import command

Image = pytest.importorskip("PIL.Image")

SPEC = """[input]
shape = {shape}
[[layers]]
type = "flatten"
[[layers]]
type = "linear"
out_features = 10
[data]
source = "{source}"
"""
FLIP = '[[augment]]\ntype = "horizontal_flip"\np = 1.0\n'


def preview(*arguments: object):
    return CliRunner().invoke(command, ["data", "preview", *map(str, arguments)])


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "spec.toml"
    path.write_text(SPEC.format(shape=[1, 8, 8], source="digits") + FLIP)
    return path


def test_a_sheet_of_digits(spec: Path, tmp_path: Path) -> None:
    result = preview(spec, "--out", tmp_path / "sheet.png", "--samples", 3, "--epochs", 2)
    assert result.exit_code == 0, result.output
    assert f"{tmp_path / 'sheet.png'}: 3 samples, each beside itself in 2 epochs" in result.output
    sheet = np.asarray(Image.open(tmp_path / "sheet.png"))
    # Images of 8 x 8 pixels are enlarged nine times; the first is the sample, and the second it seen in a mirror.
    top, left, side = 6 + 14, 6, 72
    first = sheet[top : top + side, left : left + side]
    second = sheet[top : top + side, left + side + 6 + 12 :][:, :side]
    np.testing.assert_array_equal(second, first[:, ::-1])
    assert len(np.unique(first)) > 5
    assert sheet.shape == (6 + 3 * (side + 14 + 6), 2 * 6 + 12 + 3 * (side + 6), 3)


def test_json(spec: Path, tmp_path: Path) -> None:
    result = preview(spec, "--out", tmp_path / "sheet.png", "--samples", 2, "--format", "json")
    found = json.loads(result.stdout)
    assert found == {"out": str(tmp_path / "sheet.png"), "labels": found["labels"], "epochs": 6}
    assert len(found["labels"]) == 2


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
@pytest.mark.parametrize("shape", [(2, 30), (3, 300, 10), (2, 5, 6), (1, 4, 5, 6)])
def test_signals_images_and_volumes(tmp_path: Path, shape: tuple[int, ...], kind: type) -> None:
    np.savez(tmp_path / "data.npz", x_train=samples_of(shape, 20, kind), y_train=np.arange(20) % 10)
    path = tmp_path / "spec.toml"
    path.write_text(SPEC.format(shape=list(shape), source="data.npz") + FLIP)
    result = preview(path, "--out", tmp_path / "sheet.png")
    assert result.exit_code == 0, result.output
    sheet = np.asarray(Image.open(tmp_path / "sheet.png"))
    assert sheet.min() < 100 and sheet.max() == 255


def test_without_augmentation(tmp_path: Path) -> None:
    path = tmp_path / "spec.toml"
    path.write_text(SPEC.format(shape=[1, 8, 8], source="digits"))
    result = preview(path, "--out", tmp_path / "sheet.png")
    assert "as they are: the spec has no [[augment]]" in result.output


def test_another_ending_is_refused(spec: Path, tmp_path: Path) -> None:
    result = preview(spec, "--out", tmp_path / "sheet.gif")
    assert isinstance(result.exception, InputError) and ".png is expected" in str(result.exception)
