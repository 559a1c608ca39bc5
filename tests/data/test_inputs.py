"""Files that `predict` reads."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nbcnn.data.inputs import read_inputs
from nbcnn.errors import DataError, InputError

RGB = (3, 4, 6)
GREY = (1, 4, 6)


def pixels(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


@pytest.mark.parametrize(
    ("shape", "network", "count"),
    [
        ((3, 4, 6), RGB, None),
        ((4, 6, 3), RGB, None),
        ((5, 3, 4, 6), RGB, 5),
        ((5, 4, 6, 3), RGB, 5),
        ((1, 4, 6), GREY, None),
        ((4, 6), GREY, None),
        ((5, 4, 6), GREY, 5),
        ((5, 1, 4, 6), GREY, 5),
        ((100,), (1, 100), None),
        ((2, 100), (2, 100), None),
        ((7, 2, 100), (2, 100), 7),
    ],
)
def test_arrays(tmp_path: Path, shape: tuple[int, ...], network: tuple[int, ...], count: int | None) -> None:
    path = tmp_path / "a.npy"
    np.save(path, pixels(*shape))
    samples = read_inputs(path, network)
    names = [str(path)] if count is None else [f"{path}[{index}]" for index in range(count)]
    assert [name for name, _ in samples] == names
    assert all(sample.shape == network and sample.dtype == np.uint8 for _, sample in samples)


def test_floats_stay_as_they_are(tmp_path: Path) -> None:
    values = np.linspace(-2, 2, 24).reshape(GREY)
    np.save(tmp_path / "a.npy", values)
    ((_, sample),) = read_inputs(tmp_path / "a.npy", GREY)
    assert sample.dtype == np.float32 and np.array_equal(sample, values.astype(np.float32))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "1"])
@pytest.mark.parametrize("network", [GREY, RGB, (4, 4, 6)])
def test_images_of_any_mode(tmp_path: Path, mode: str, network: tuple[int, ...]) -> None:
    Image.fromarray(pixels(4, 6, 3)).convert(mode).save(tmp_path / "a.png")
    ((name, sample),) = read_inputs(tmp_path / "a.png", network)
    assert name == str(tmp_path / "a.png") and sample.shape == network and sample.dtype == np.uint8


def test_pixels_are_where_they_belong(tmp_path: Path) -> None:
    values = pixels(4, 6, 3)
    Image.fromarray(values).save(tmp_path / "a.png")
    ((_, sample),) = read_inputs(tmp_path / "a.png", RGB)
    assert np.array_equal(sample, values.transpose(2, 0, 1))


def test_an_image_of_another_size_names_both(tmp_path: Path) -> None:
    Image.fromarray(pixels(5, 6)).save(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"\(1, 4, 6\), received \(1, 5, 6\)"):
        read_inputs(tmp_path / "a.png", GREY)


def test_sixteen_bits_are_refused_and_not_clipped(tmp_path: Path) -> None:
    Image.fromarray(np.full((4, 6), 40_000, np.uint16)).save(tmp_path / "a.png")
    with pytest.raises(DataError, match="8 bits a channel"):
        read_inputs(tmp_path / "a.png", GREY)


@pytest.mark.parametrize("network", [(1, 24), (2, 4, 6), (1, 4, 6, 2)])
def test_a_network_without_images_refuses_them(tmp_path: Path, network: tuple[int, ...]) -> None:
    Image.fromarray(pixels(4, 6)).save(tmp_path / "a.png")
    with pytest.raises(DataError, match="an image has"):
        read_inputs(tmp_path / "a.png", network)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(GREY, np.int64),
        np.zeros(GREY, np.complex64),
        np.full(GREY, np.nan),
        np.zeros((0, *GREY)),
        np.float32(1),
        np.zeros((2, 3)),
        np.array(["text"] * 3),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_refuses_other_arrays(tmp_path: Path, array: np.ndarray) -> None:
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(DataError, match="a.npy"):
        read_inputs(tmp_path / "a.npy", GREY)


def test_refuses_pickles(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="not a readable .npy file"):
        read_inputs(tmp_path / "a.npy", GREY)


@pytest.mark.parametrize("name", ["a.npy", "a.png"])
def test_refuses_damaged_files(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name.endswith("npy"):
        np.save(path, pixels(*GREY))
    else:
        Image.fromarray(pixels(4, 6)).save(path)
    whole = path.read_bytes()
    for content in (b"", b"nonsense", whole[:50], whole[:9]):
        path.write_bytes(content)
        with pytest.raises(DataError, match=name):
            read_inputs(path, GREY)


def test_a_header_that_declares_terabytes_costs_nothing(tmp_path: Path) -> None:
    with (tmp_path / "a.npy").open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (1 << 40, 1, 4, 6)}
        np.lib.format.write_array_header_1_0(file, header)
    with pytest.raises(DataError, match="a.npy"):
        read_inputs(tmp_path / "a.npy", GREY)


def test_refuses_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_inputs(tmp_path / "a.npy", GREY)
    with pytest.raises(DataError):
        read_inputs(tmp_path, GREY)
    os.mkfifo(tmp_path / "pipe.npy")
    with pytest.raises(DataError, match="regular file"):
        read_inputs(tmp_path / "pipe.npy", GREY)


def test_names_the_extra_that_reads_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.fromarray(pixels(4, 6)).save(tmp_path / "a.png")
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    with pytest.raises(InputError, match=r"pip install 'nbcnn\[image\]'"):
        read_inputs(tmp_path / "a.png", GREY)
