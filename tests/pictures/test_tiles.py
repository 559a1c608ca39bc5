"""Kernels and maps side by side."""

import zlib

import numpy as np
import pytest

from nbcnn.pictures.contents import painted
from nbcnn.pictures.png import png
from nbcnn.pictures.samples import as_dict, image_of
from nbcnn.pictures.tiles import kernels, maps


@pytest.mark.parametrize(
    ("shape", "in_colours", "size", "caption"),
    [
        ((6, 1, 5, 5), False, (11, 17), "6 kernels"),
        ((100, 1, 3, 3), False, (31, 31), "64 of 100 kernels"),
        ((4, 3, 2, 2), True, (5, 5, 3), "4 kernels"),
        ((4, 3, 2, 2), False, (11, 8), "a row for each of 4 kernels, a column for each of 3 inputs"),
        ((20, 40, 3, 3), False, (63, 63), "a row for each of 16 of 20 kernels, a column for each of 16 of 40 inputs"),
        ((4, 2, 9), False, (5, 19), "4 kernels, a row for each of 2 inputs"),
        (
            (4, 2, 3, 3, 3),
            False,
            (15, 11),
            "a row for each of 4 kernels, its slices along depth side by side, of the first of 2 inputs",
        ),
    ],
)
def test_kernels(shape: tuple[int, ...], in_colours: bool, size: tuple[int, ...], caption: str) -> None:
    weight = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    mosaic = kernels(weight, in_colours)
    assert mosaic.values.shape == size and mosaic.caption == caption
    corner = mosaic.values[: shape[-2] if len(shape) > 3 else shape[1], : shape[-1]]
    if mosaic.is_coloured:
        assert corner.min() == 0.0 and corner.max() == 1.0
        assert np.ptp(weight[0]) * corner[1, 0, 2] + weight[0].min() == pytest.approx(weight[0, 2, 1, 0], abs=1e-6)
    else:
        first = weight[0]
        while first.ndim > 2:
            first = first[0]
        np.testing.assert_array_equal(corner, first)


@pytest.mark.parametrize(
    ("shape", "size", "caption"),
    [
        ((5,), (2, 3), "5 features, row by row"),
        ((3, 10), (3, 10), "a row for each of 3 channels"),
        ((3, 4, 4), (9, 9), "3 channels"),
        ((2, 5, 4, 4), (4, 9), "2 channels, slice 2 of 5 along slices"),
    ],
)
def test_maps(shape: tuple[int, ...], size: tuple[int, ...], caption: str) -> None:
    given = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    mosaic = maps(given)
    assert mosaic.values.shape == size
    assert mosaic.caption.startswith(caption.split(",")[0])
    if len(shape) == 4:
        np.testing.assert_array_equal(mosaic.values[:4, :4], given[0, 2])


def test_painted_kernels_are_blue_below_and_red_above_zero() -> None:
    pixels = painted(kernels(np.array([[[[-2.0, 0.0, 1.0]]], [[[2.0, 2.0, 2.0]]]]), False))
    assert pixels[0, 0].tolist() == [0x1F, 0x5F, 0xBF, 255]
    assert pixels[0, 1].tolist() == [0xF4, 0xF4, 0xF4, 255]
    assert pixels[0, 3, 3] == 0
    assert pixels[0, 4].tolist() == [0xC0, 0x39, 0x2B, 255]


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_png_holds_its_pixels(channels: int, tmp_path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, channels), dtype=np.uint8)
    data = png(pixels)
    length = int.from_bytes(data[33:37], "big")
    lines = np.frombuffer(zlib.decompress(data[41 : 41 + length]), np.uint8).reshape(5, -1)
    np.testing.assert_array_equal(lines[:, 1:].reshape(5, 7, channels), pixels)
    image = pytest.importorskip("PIL.Image")
    (tmp_path / "a.png").write_bytes(data)
    with image.open(tmp_path / "a.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture).reshape(5, 7, channels), pixels)


def test_samples_become_images_or_lines() -> None:
    grey = np.array([[[0, 128], [255, 7]]], np.uint8)
    np.testing.assert_array_equal(image_of(grey)[..., 0], grey[0])
    floats = np.array([[[[0.0, 1.0]], [[-1.0, 3.0]]]], np.float32)
    assert image_of(floats)[..., 0].tolist() == [[0, 255]]
    assert image_of(np.zeros((3, 4, 5), np.float32)).shape == (4, 5, 3)
    assert as_dict(np.array([[1.0, 3.0, 2.0]], np.float32)) == {"lines": [[0.0, 1.0, 0.5]], "width": 3}
