"""`nbcnn rf`: what a unit sees, as a table, a picture and JSON."""

import json
import xml.etree.ElementTree as ElementTree
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

from nbcnn import api
from nbcnn_cli.picture import PADDING, SEEN, UNSEEN, Plane, in_characters

SPEC = "specs/lenet5.toml"
HOLES = {
    "input": {"shape": [1, 7]},
    "layers": [{"type": "conv", "name": "a", "out_channels": 1, "kernel_size": 3, "dilation": 2, "padding": 2}],
}


@pytest.fixture
def holes(tmp_path: Path) -> Path:
    path = tmp_path / "holes.json"
    path.write_text(json.dumps(HOLES))
    return path


def test_a_unit_at_the_border(nbcnn) -> None:
    result = nbcnn("rf", SPEC, "--layer", "C3", "--unit", "0,-1")
    assert result.code == 0, result.err
    lines = result.out.splitlines()
    assert lines[0] == "C3 (conv), row 0, column 9 of 10x10, sees 144 of 784 pixels"
    assert lines[2].split() == ["rows", "0", "to", "11", "-2", "to", "11", "14", "2", "+", "0", "4.5", "2"]
    picture = lines[5:-1]
    assert picture[0] == " " * 32 + "░░" * 14
    assert picture[2] == "· " * 16 + "██" * 12 + "░░" * 2
    assert picture[-1] == ("· " * 28).rstrip()
    assert len(picture) == 2 + 28


def test_json_is_all_there_is_to_know(nbcnn) -> None:
    result = nbcnn("rf", SPEC, "--layer", "C3", "--format", "json")
    found = json.loads(result.out)
    assert found["unit"] == {"channel": None, "position": [5, 5]}
    assert [axis["axis"] for axis in found["axes"]] == ["rows", "columns"]
    assert found["axes"][0]["runs"] == [[8, 21]]
    assert found == api.receptive_field(api.load_spec(SPEC), "C3").as_dict()


def test_what_sees_everything_says_so(nbcnn) -> None:
    result = nbcnn("rf", SPEC, "--layer", "output", "--unit", "3")
    assert result.out.splitlines()[0] == "output (linear), feature 3, sees everything: all 784 pixels"
    assert "██" not in result.out


def test_holes_are_told_and_drawn(nbcnn, holes: Path) -> None:
    result = nbcnn("rf", holes, "--layer", "a", "--unit", "3")
    lines = result.out.splitlines()
    assert lines[0] == "a (conv), position 3 of 7, sees 3 of 7 pixels"
    assert lines[2].startswith("positions  1, 3, 5  1 to 5")
    assert lines[4] == "· ██· ██· ██·"


def test_a_product_is_told_from_a_union(nbcnn, tmp_path: Path) -> None:
    layers = [
        {"type": "conv", "name": "a", "out_channels": 1, "kernel_size": 3, "dilation": 3, "padding": 3},
        {"type": "conv", "name": "b", "from": "input", "out_channels": 1, "kernel_size": 3, "padding": 1},
        {"type": "add", "name": "both", "from": ["a", "b"]},
    ]
    path = tmp_path / "union.json"
    path.write_text(json.dumps({"input": {"shape": [1, 9, 9]}, "layers": layers}))
    result = nbcnn("rf", path, "--layer", "both")
    assert "not every crossing of these rows and columns is seen" in result.out


def test_pictures_are_scaled_to_the_columns() -> None:
    seen = api.receptive_field(api.load_spec("specs/resnet18.toml"), "layer1.0.conv1")
    lines = in_characters(seen, 40, "utf-8")
    assert max(map(len, lines[:-1])) <= 40
    assert "12 x 12 pixels" in lines[-1]
    assert any("██" in line for line in lines[:-1]) and any("▒▒" in line for line in lines[:-1])


def test_an_encoding_without_blocks_gets_letters() -> None:
    lines = in_characters(api.receptive_field(api.load_spec(SPEC), "C1"), 80, "ascii")
    assert "##" in "".join(lines) and "".join(lines).isascii()


def test_a_plane_of_three_axes_and_a_line_of_one() -> None:
    layers = [{"type": "conv", "name": "a", "out_channels": 1, "kernel_size": 3, "padding": 1}]
    deep = api.receptive_field(_spec([1, 4, 5, 6], layers), "a", (0, 0, 5))
    plane = Plane.of(deep)
    assert plane.note == "slice 1 of 4, of which 2 are seen"
    assert plane.places.shape == (6, 7)
    assert plane.places[0, 4] == PADDING and plane.places[1, 4] == SEEN and plane.places[1, 0] == UNSEEN
    line = Plane.of(api.receptive_field(_spec([1, 6], layers), "a", (0,)))
    assert line.places.tolist() == [[PADDING, SEEN, SEEN, UNSEEN, UNSEEN, UNSEEN, UNSEEN]]


def _spec(shape: list[int], layers: list[dict]):
    from nbcnn.spec import parse

    return parse({"input": {"shape": shape}, "layers": layers})


def test_svg_has_a_shape_for_each_kind_of_place(nbcnn, tmp_path: Path) -> None:
    path = tmp_path / "seen.svg"
    result = nbcnn("rf", SPEC, "--layer", "C3", "--unit", "0,0", "--out", path)
    assert result.code == 0, result.err
    root = ElementTree.parse(StringIO(path.read_text())).getroot()
    paths = [each for each in root if each.tag.endswith("path")]
    assert [each.get("d").count("M") for each in paths] == [784 - 144, 144, 14 * 14 - 144]
    assert root[0].text.startswith("C3 (conv), row 0, column 0")


def test_png_has_the_pixels(nbcnn, tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    path = tmp_path / "seen.png"
    assert nbcnn("rf", SPEC, "--layer", "C3", "--unit", "0,0", "--out", path).code == 0
    with image.open(path) as picture:
        pixels = np.asarray(picture)
    points = 16
    middle = pixels[points + points // 2 :: points, points + points // 2 :: points][:30, :30]
    blue = (middle == (0x1F, 0x6F, 0xEB)).all(-1)
    assert blue.sum() == 144 and blue[2:14, 2:14].all()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--layer", "nope"], "no layer is named 'nope'"),
        (["--layer", "C3", "--unit", "a"], "is not a list of whole numbers"),
        (["--layer", "C3", "--unit", "3"], "has 1 number, a unit of"),
        (["--layer", "C3", "--unit", "0,10"], "column 10"),
        (["--layer", "C3", "--out", "seen.gif"], "give it one of these endings"),
        ([], "--layer"),
    ],
)
def test_what_is_wrong_is_exit_code_2(nbcnn, arguments: list[str], words: str) -> None:
    result = nbcnn("rf", SPEC, *arguments)
    assert result.code == 2
    assert words in result.err and "Traceback" not in result.err
