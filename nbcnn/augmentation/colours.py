"""Colours and brightness, and how loud a signal is."""

import numpy as np

from nbcnn.augmentation.batch import Batch
from nbcnn.augmentation.compiled import compiled
from nbcnn.augmentation.draws import Draws
from nbcnn.augmentation.tones import BRIGHTNESS, CONTRAST, HUE, SATURATION, tone
from nbcnn.augmentation.warps import around_zero
from nbcnn.spec.augmentations import AmplitudeScaling, ColorJitter


def color_jitter(table: ColorJitter, batch: Batch, draws: Draws) -> None:
    chosen = draws.chosen(table.p)
    settings = {
        BRIGHTNESS: _around_one(table.brightness),
        CONTRAST: _around_one(table.contrast),
        SATURATION: _around_one(table.saturation),
        HUE: around_zero(table.hue),
    }
    neutral = {BRIGHTNESS: (1.0, 1.0), CONTRAST: (1.0, 1.0), SATURATION: (1.0, 1.0), HUE: (0.0, 0.0)}
    used = [code for code in settings if settings[code] != neutral[code]]
    if not used:
        return
    amounts = np.stack([draws.between(chosen, *settings[code]) for code in used], axis=1)
    order = draws.uniform(chosen, len(used)).argsort(axis=1, kind="stable")
    picture = batch.inputs
    for place in range(len(used)):
        codes = np.array(used, dtype=np.int64)[order[:, place]]
        amount = amounts[np.arange(len(chosen)), order[:, place]]
        tone(picture.planes, chosen, codes, amount, picture.one, picture.rounding)


def _around_one(value: float | tuple[float, float]) -> tuple[float, float]:
    """A number v means from 1 - v, but not below 0, to 1 + v."""
    return value if isinstance(value, tuple) else (max(1.0 - value, 0.0), 1.0 + value)


@compiled("void(T[:,::1],int64[::1],float64[::1],float64,float64)")
def _multiply(numbers, chosen, factors, highest, rounding):
    """Each chosen row times its factor; where `highest` is above 0, results stay up to it."""
    for number in range(len(chosen)):
        row = chosen[number]
        for place in range(numbers.shape[1]):
            value = numbers[row, place] * factors[number]
            numbers[row, place] = (min(value, highest) if highest > 0.0 else value) + rounding


def amplitude_scaling(table: AmplitudeScaling, batch: Batch, draws: Draws) -> None:
    chosen = draws.chosen(table.p)
    picture = batch.inputs
    flat = picture.numbers.reshape(len(picture.numbers), -1)
    _multiply(flat, chosen, draws.between(chosen, *table.scale), picture.highest, picture.rounding)
