"""The `[[augment]]` tables: what is done to training samples before each step, in the order in which they are written.

Types and settings have the names that they have in `torchvision.transforms.v2`, and do what they do there, except where
a description says otherwise. The tables of all types are in `augmentations`, which is read when a spec has one.
"""

from collections.abc import Mapping
from math import prod
from typing import Annotated, ClassVar

from pydantic import Field

from nbcnn.layers.axes import Shape, axes
from nbcnn.layers.problems import Code, Problem
from nbcnn.layers.table import OneOf, Table, Types
from nbcnn.spec.losses import Loss

Probability = Annotated[float, Field(ge=0, le=1, description="Share of the samples that are changed.")]


class Augment(Table):
    """What all augmentations have."""

    type: str
    p: Probability = 1.0

    ranks: ClassVar[tuple[int, ...]] = (1, 2, 3)
    """How many spatial axes an input may have."""
    moves: ClassVar[bool] = False
    """Whether pixels move, so that targets for each pixel must follow them."""
    mixes: ClassVar[bool] = False
    """Whether samples of several classes become one, so that targets become probabilities."""

    def check(self, input_shape: Shape, output_shape: Shape | None, loss: Loss) -> None:
        """Raise Problem where this does not suit an input or an output (channels, *space), or a loss.

        The output is None where it is not known.
        """
        rank = len(input_shape) - 1
        if rank not in self.ranks:
            works_on = " or ".join(axes(each) for each in self.ranks)
            raise Problem(
                Code.WRONG_AXES,
                f"{self.type} works on inputs with {works_on}, this one has {axes(rank)}",
                "delete it",
                "type",
            )
        if (
            self.moves
            and output_shape is not None
            and prod(output_shape[1:]) > 1
            and output_shape[1:] != input_shape[1:]
        ):
            raise Problem(
                Code.WRONG_VALUE,
                f"{self.type} moves the input's {_sizes(input_shape)} pixels, and targets for {_sizes(output_shape)} "
                "places cannot follow",
                "delete it, or let the network answer for every pixel of its input",
                "type",
            )
        for name, fill in self.fills.items():
            if isinstance(fill, tuple) and len(fill) != input_shape[0]:
                raise Problem(
                    Code.WRONG_VALUE,
                    f"{name} has {len(fill)} numbers, the input has {input_shape[0]} channels",
                    "give one number, or one for each channel",
                    name,
                )
        self.check_settings(input_shape, loss)

    @property
    def fills(self) -> dict[str, float | tuple[float, ...]]:
        """What stands where there was no pixel, one number or one a channel, by the setting that says it."""
        values = {name: getattr(self, name, None) for name in ("fill", "value")}
        return {name: value for name, value in values.items() if isinstance(value, float | tuple)}

    def check_settings(self, input_shape: Shape, loss: Loss) -> None:
        """Raise Problem where one of the settings does not suit."""


def _sizes(shape: Shape) -> str:
    return " x ".join(map(str, shape[1:]))


_CLASSES = {
    "horizontal_flip": "HorizontalFlip",
    "vertical_flip": "VerticalFlip",
    "depth_flip": "DepthFlip",
    "random_crop": "RandomCrop",
    "random_resized_crop": "RandomResizedCrop",
    "random_rotation": "RandomRotation",
    "random_affine": "RandomAffine",
    "random_erasing": "RandomErasing",
    "color_jitter": "ColorJitter",
    "gaussian_noise": "GaussianNoise",
    "rand_augment": "RandAugment",
    "time_shift": "TimeShift",
    "amplitude_scaling": "AmplitudeScaling",
    "mixup": "MixUp",
    "cutmix": "CutMix",
}

AUGMENTATIONS: Mapping[str, type[Augment]] = Types(_CLASSES, "nbcnn.spec.augmentations")

AnyAugment = Annotated[Augment, OneOf(AUGMENTATIONS)]


def mixes(augment: tuple[Augment, ...]) -> bool:
    """Whether targets become class probabilities on the way."""
    return any(each.mixes for each in augment)
