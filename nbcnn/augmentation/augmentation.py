"""All augmentations of a spec, one after the other, on batch after batch."""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbcnn.augmentation.batch import Array, Batch, Picture
from nbcnn.augmentation.colours import amplitude_scaling, color_jitter
from nbcnn.augmentation.draws import Draws
from nbcnn.augmentation.erasing import random_erasing
from nbcnn.augmentation.flips import depth_flip, horizontal_flip, vertical_flip
from nbcnn.augmentation.mixing import cutmix, mixup, probabilities
from nbcnn.augmentation.noise import gaussian_noise
from nbcnn.augmentation.rand_augment import rand_augment
from nbcnn.augmentation.resizing import random_resized_crop
from nbcnn.augmentation.shifts import random_crop, time_shift
from nbcnn.augmentation.warps import random_affine, random_rotation
from nbcnn.errors import InputError
from nbcnn.spec import CrossEntropy, Spec
from nbcnn.spec.augment import Augment, mixes
from nbcnn.spec.augmentations import RandAugment

OPERATIONS: dict[str, Callable[[Any, Batch, Draws], None]] = {
    "horizontal_flip": horizontal_flip,
    "vertical_flip": vertical_flip,
    "depth_flip": depth_flip,
    "random_crop": random_crop,
    "random_resized_crop": random_resized_crop,
    "random_rotation": random_rotation,
    "random_affine": random_affine,
    "random_erasing": random_erasing,
    "color_jitter": color_jitter,
    "gaussian_noise": gaussian_noise,
    "rand_augment": rand_augment,
    "time_shift": time_shift,
    "amplitude_scaling": amplitude_scaling,
    "mixup": mixup,
    "cutmix": cutmix,
}


@dataclass(frozen=True)
class Augmentation:
    """What a spec does to training samples of `input_shape`; results follow from seed, epoch and sample alone.

    `mask_shape` is the shape of a sample's targets, (channels, *space), where there is one for each pixel, else None;
    `outside` is the target of what was no pixel. Targets become probabilities of so many `classes`, unless it is None.
    """

    tables: tuple[Augment, ...]
    seed: int
    input_shape: tuple[int, ...]
    mask_shape: tuple[int, ...] | None = None
    outside: float = 0.0
    classes: int | None = None

    @classmethod
    def of(cls, spec: Spec, output_shape: tuple[int, ...], kind: np.dtype[Any]) -> "Augmentation | None":
        """That of a spec whose network has outputs (channels, *space), for samples of uint8 or float32.

        None where the spec has no [[augment]]; raises InputError where its numbers do not suit bytes.
        """
        if not spec.augment:
            return None
        if kind == np.uint8:
            _refuse_beyond_bytes(spec)
        else:
            _refuse_what_is_for_bytes(spec)
        loss, space, shape = spec.train.loss, output_shape[1:], spec.input.shape
        follows = prod(space) > 1 and space == shape[1:]
        by_class = isinstance(loss, CrossEntropy)
        return cls(
            spec.augment,
            spec.train.seed,
            shape,
            ((1, *space) if by_class else output_shape) if follows else None,
            loss.ignore_index if isinstance(loss, CrossEntropy) else 0.0,
            output_shape[0] if mixes(spec.augment) else None,
        )

    def __call__(
        self,
        inputs: Array,
        targets: Array,
        indices: NDArray[np.int64],
        epoch: int,
        on_table: Callable[[str, int, int], None] | None = None,
    ) -> tuple[Array, Array]:
        """Change a batch: `inputs` (N, C, *space), uint8 or float32, and its targets; returns those to train on.

        Both arrays are the caller's own copies, contiguous, and are written to. `indices` (int64) are the samples'
        places in the training data, and `epoch` counts from 1. Any thread may call this. Each table's code is compiled
        when it is first used, before which `on_table` hears of its type, and how many there are before it and in all.
        """
        if self.classes is not None:
            targets = probabilities(self.classes, targets)
        masks = None if self.mask_shape is None else Picture(_five_axes(targets, self.mask_shape), True, self.outside)
        batch = Batch(len(self.input_shape) - 1, Picture(_five_axes(inputs, self.input_shape)), masks, targets)
        for number, table in enumerate(self.tables):
            if on_table is not None:
                on_table(table.type, number, len(self.tables))
            OPERATIONS[table.type](table, batch, Draws(self.seed, epoch, number, indices))
        return inputs, batch.targets


def _refuse_beyond_bytes(spec: Spec) -> None:
    """Raises InputError where something brighter than the brightest byte is asked for."""
    for number, table in enumerate(spec.augment):
        for name, fill in table.fills.items():
            wrong = [each for each in (fill if isinstance(fill, tuple) else (fill,)) if not 0 <= each <= 1]
            if wrong:
                raise InputError(
                    f"{spec.file or spec.name}: augment[{number}].{name}: numbers from 0 to 1 are expected, since the "
                    f"samples are bytes, which mean value / 255, received {wrong[0]:g}; divide it by 255"
                )


def _refuse_what_is_for_bytes(spec: Spec) -> None:
    """Raises InputError where samples of numbers would have to be bytes."""
    for number, table in enumerate(spec.augment):
        if isinstance(table, RandAugment):
            raise InputError(
                f"{spec.file or spec.name}: augment[{number}]: {table.type} works on bytes, the samples are floating-"
                "point numbers; store them as uint8, or use color_jitter and random_affine"
            )


def _five_axes(numbers: Array, shape: tuple[int, ...]) -> Array:
    """A view as (N, channels, slices, rows, columns)."""
    ones = (1,) * (4 - len(shape))
    return numbers.reshape(len(numbers), shape[0], *ones, *shape[1:])
