"""RandAugment: operations drawn from fourteen (Cubuk et al., arXiv:1909.13719), as torchvision has them."""

import numpy as np

from nbcnn.augmentation import tones
from nbcnn.augmentation.batch import Batch
from nbcnn.augmentation.draws import Draws, Floats, Positions
from nbcnn.augmentation.warps import about_centre, centre_of, inverse, warp
from nbcnn.spec.augmentations import RandAugment

IDENTITY, SHEAR_X, SHEAR_Y, TRANSLATE_X, TRANSLATE_Y, ROTATE = range(6)
TONES = (
    tones.BRIGHTNESS,
    tones.SATURATION,
    tones.CONTRAST,
    tones.SHARPNESS,
    tones.POSTERIZE,
    tones.SOLARIZE,
    tones.AUTOCONTRAST,
    tones.EQUALIZE,
)
"""What the operations from 6 to 13 are, which move no pixel."""
COUNT = ROTATE + 1 + len(TONES)


def rand_augment(table: RandAugment, batch: Batch, draws: Draws) -> None:
    chosen = draws.chosen(table.p)
    for _ in range(table.num_ops):
        numbers = draws.uniform(chosen, 2)
        kinds = (numbers[:, 0] * COUNT).astype(np.int64)
        signs = np.where(numbers[:, 1] < 0.5, -1.0, 1.0)
        moved = (kinds > IDENTITY) & (kinds <= ROTATE)
        _move(table, batch, chosen[moved], kinds[moved], signs[moved])
        toned = kinds > ROTATE
        _tone(table, batch, chosen[toned], kinds[toned] - ROTATE - 1, signs[toned])


def _strength(table: RandAugment) -> float:
    """Of the magnitude, from 0 to 1."""
    return table.magnitude / (table.num_magnitude_bins - 1)


def _move(table: RandAugment, batch: Batch, chosen: Positions, kinds: Positions, signs: Floats) -> None:
    """Shears about the upper left corner, moves by whole pixels, and turns about the centre."""
    strength = _strength(table)
    _, rows, columns = batch.space
    shear = np.rad2deg(np.arctan(0.3 * strength * signs))
    turn = inverse(
        np.where(kinds == ROTATE, -30.0 * strength * signs, 0.0),
        np.ones(len(chosen)),
        np.where(kinds == SHEAR_X, shear, 0.0),
        np.where(kinds == SHEAR_Y, shear, 0.0),
    )
    reach = np.trunc(np.array([columns, rows]) * 150.0 / 331.0 * strength)
    move = np.stack([kinds == TRANSLATE_X, kinds == TRANSLATE_Y], axis=1) * signs[:, np.newaxis] * reach
    centre = np.where((kinds == ROTATE)[:, np.newaxis], centre_of(batch), -0.5)
    warp(batch, chosen, about_centre(turn, move, centre), table.interpolation, table.fill)


def _tone(table: RandAugment, batch: Batch, chosen: Positions, places: Positions, signs: Floats) -> None:
    strength = _strength(table)
    codes = np.array(TONES, dtype=np.int64)[places]
    amounts = 1.0 + 0.9 * strength * signs
    amounts[codes == tones.POSTERIZE] = 8 - round(4 * strength)
    amounts[codes == tones.SOLARIZE] = 255.0 * (1.0 - strength)
    tones.tone_bytes(batch.inputs.planes, chosen, codes, amounts)
