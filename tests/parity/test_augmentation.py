"""Augmentation beside torchvision's transforms, each with the same parameters."""

import numpy as np
import pytest
from augmentations import samples_of
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_operations import torch
from torchvision_networks import models  # noqa: F401  (makes torchvision importable)

from nbcnn.augmentation import tones
from nbcnn.augmentation.resizing import resize_bilinear
from nbcnn.augmentation.warps import about_centre, inverse, warp_bilinear, warp_nearest

transforms = pytest.importorskip("torchvision.transforms.v2.functional")

SHAPE = (3, 17, 14)
ONE = np.array([0])
FACTORS = st.floats(0.0, 3.0)
KINDS = st.sampled_from([np.uint8, np.float32])


def tensor(x: np.ndarray):
    return torch.from_numpy(x.copy())


def toned(x: np.ndarray, code: int, amount: float) -> np.ndarray:
    found = x[np.newaxis].copy()
    one, rounding = (255.0, 0.5) if x.dtype == np.uint8 else (1.0, 0.0)
    tones.tone(found, ONE, np.array([code]), np.array([amount]), one, rounding)
    return found[0]


def assert_same(found: np.ndarray, expected) -> None:
    """torchvision cuts bytes where we round, so that they may differ by one; float32 is rounded in another order."""
    difference = np.abs(found.astype(float) - expected.numpy().astype(float)).max()
    assert difference <= (1 if found.dtype == np.uint8 else 2e-6)


def assert_toned(x: np.ndarray, code: int, amount: float, function) -> None:
    """Beside what torchvision makes of floating-point numbers: it cuts bytes on the way where we round in the end."""
    found = toned(x, code, amount).astype(float)
    one, atol = (255.0, 0.5 + 2e-3) if x.dtype == np.uint8 else (1.0, 1e-5)
    expected = one * function(tensor((x / one).astype(np.float32)), amount).numpy()
    np.testing.assert_allclose(found, expected, rtol=0, atol=atol)


@given(FACTORS, KINDS, st.sampled_from([1, 3]))
def test_brightness_and_contrast(factor, kind, channels) -> None:
    x = samples_of((channels, 9, 8), 1, kind)[0]
    assert_toned(x, tones.BRIGHTNESS, factor, transforms.adjust_brightness)
    assert_toned(x, tones.CONTRAST, factor, transforms.adjust_contrast)


@given(FACTORS, KINDS)
def test_saturation(factor, kind) -> None:
    assert_toned(samples_of((3, 9, 8), 1, kind)[0], tones.SATURATION, factor, transforms.adjust_saturation)


@given(st.floats(-0.5, 0.5), KINDS)
def test_hue(turn, kind) -> None:
    x = samples_of((3, 9, 8), 1, kind)[0]
    x[:, 0] = x[:1, 0]  # some of it is grey
    assert_toned(x, tones.HUE, turn, transforms.adjust_hue)


@pytest.mark.parametrize("code,amount,name,exact", [
    (tones.SHARPNESS, 1.9, "adjust_sharpness", False), (tones.SHARPNESS, 0.1, "adjust_sharpness", False),
    *((tones.POSTERIZE, bits, "posterize", True) for bits in range(4, 9)),
    *((tones.SOLARIZE, threshold, "solarize", True) for threshold in (0.0, 100.5, 178.5, 255.0)),
    (tones.AUTOCONTRAST, None, "autocontrast", False), (tones.EQUALIZE, None, "equalize", True),
])  # fmt: skip
@pytest.mark.parametrize("picture", ["noise", "dark", "flat", "large"])
def test_what_is_for_bytes(code, amount, name, exact, picture) -> None:
    x = samples_of((3, 40, 50) if picture == "large" else SHAPE, 1)[0]
    x = {"dark": x // 5 + 20, "flat": x * 0 + 77, "large": x // 2 + (x > 200)}.get(picture, x).astype(np.uint8)
    found = x[np.newaxis].copy()
    tones.tone_bytes(found, ONE, np.array([code]), np.array([amount or 0.0], dtype=float))
    arguments = () if amount is None else (amount,)
    expected = getattr(transforms, name)(tensor(x), *arguments).numpy()
    assert np.abs(found[0].astype(int) - expected.astype(int)).max() <= (0 if exact else 1)


def warped(x: np.ndarray, matrices: np.ndarray, bilinear: bool) -> np.ndarray:
    found, filler = x[np.newaxis].copy(), np.zeros(len(x), x.dtype)
    if bilinear:
        warp_bilinear(found, ONE, matrices, filler, 0.5 if x.dtype == np.uint8 else 0.0)
    else:
        warp_nearest(found, ONE, matrices, filler)
    return found[0]


@settings(max_examples=50)
@given(
    st.floats(-180, 180), st.integers(-5, 5), st.integers(-5, 5), st.floats(0.5, 2.0), st.floats(-40, 40),
    st.floats(-40, 40), st.booleans(),
)  # fmt: skip
def test_affine_maps(angle, right, down, scale, shear_x, shear_y, bilinear) -> None:
    x = samples_of(SHAPE, 1, np.float32)[0]
    turn = inverse(*(np.array([each]) for each in (angle, scale, shear_x, shear_y)))
    centre = (SHAPE[2] - 1) / 2, (SHAPE[1] - 1) / 2
    matrices = about_centre(turn, np.array([[right, down]]), centre)
    found = warped(x, matrices, bilinear)
    mode = transforms.InterpolationMode.BILINEAR if bilinear else transforms.InterpolationMode.NEAREST
    expected = transforms.affine(tensor(x), angle, [right, down], scale, [shear_x, shear_y], mode).numpy()
    assert_same_but_for_edges(found, expected, matrices, bilinear)


def assert_same_but_for_edges(found, expected, matrices, bilinear) -> None:
    """Places on the edge between two pixels may fall to either side, since torchvision computes them in float32."""
    if bilinear:
        np.testing.assert_allclose(found, expected, rtol=0, atol=2e-4)
        return
    rows, columns = np.indices(SHAPE[1:])
    a, b, c, d, e, f = matrices[0]
    places = np.stack([a * columns + b * rows + c, d * columns + e * rows + f])
    off_edge = (np.abs(places % 1 - 0.5) > 1e-3).all(axis=0)
    np.testing.assert_array_equal(found[:, off_edge], expected[:, off_edge])


@settings(max_examples=50)
@given(st.floats(-180, 180), st.booleans())
def test_rotations(angle, bilinear) -> None:
    """Counter-clockwise."""
    x = samples_of(SHAPE, 1, np.float32)[0]
    zero = np.zeros(1)
    matrices = about_centre(inverse(np.array([-angle]), zero + 1, zero, zero), np.zeros((1, 2)), (6.5, 8.0))
    mode = transforms.InterpolationMode.BILINEAR if bilinear else transforms.InterpolationMode.NEAREST
    expected = transforms.rotate(tensor(x), angle, mode).numpy()
    assert_same_but_for_edges(warped(x, matrices, bilinear), expected, matrices, bilinear)


@settings(max_examples=50)
@given(st.data(), KINDS)
def test_resized_crops(data, kind) -> None:
    x = samples_of(SHAPE, 1, kind)[0]
    height, width = data.draw(st.integers(1, SHAPE[1])), data.draw(st.integers(1, SHAPE[2]))
    top, left = data.draw(st.integers(0, SHAPE[1] - height)), data.draw(st.integers(0, SHAPE[2] - width))
    found = x[np.newaxis].copy()
    box = np.array([[top, left, height, width]])
    resize_bilinear(found, ONE, box, 0.5 if kind == np.uint8 else 0.0)
    expected = transforms.resized_crop(tensor(x), top, left, height, width, list(SHAPE[1:]))
    assert_same(found[0], expected)


def test_rand_augment_has_torchvisions_operations_and_magnitudes() -> None:
    """Its space of operations, in their order, and how strong each is at a magnitude."""
    import torchvision.transforms.v2 as v2

    space = v2.RandAugment._AUGMENTATION_SPACE
    assert list(space) == [
        "Identity", "ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate", "Brightness", "Color", "Contrast",
        "Sharpness", "Posterize", "Solarize", "AutoContrast", "Equalize",
    ]  # fmt: skip
    bins, height, width = 31, 30, 40
    for magnitude in (0, 9, 17, 30):
        strength = magnitude / (bins - 1)
        at = {name: values(bins, height, width) for name, (values, _) in space.items()}
        expected = {
            "ShearX": 0.3 * strength, "TranslateX": 150 / 331 * width * strength, "Rotate": 30 * strength,
            "TranslateY": 150 / 331 * height * strength, "Brightness": 0.9 * strength,
            "Posterize": 8 - round(4 * strength),
        }  # fmt: skip
        for name, value in expected.items():
            assert float(at[name][magnitude]) == pytest.approx(value, abs=1e-4), name
        assert float(at["Solarize"][magnitude]) * 255 == pytest.approx(255 * (1 - strength), abs=1e-3)
