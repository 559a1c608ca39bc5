"""The tables of all types of augmentation."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, Strict

from nbcnn.layers.axes import Pairs, Shape, axes, pairs_per_axis
from nbcnn.layers.fields import Expects, MarginsField, NonNegative, Positive, Real
from nbcnn.layers.problems import Code, Problem
from nbcnn.spec.augment import Augment, Probability
from nbcnn.spec.losses import CrossEntropy, Loss

COLOURS = 3


def _rising(pair: tuple[float, float]) -> tuple[float, float]:
    if pair[0] > pair[1]:
        raise ValueError
    return pair


Angle = Annotated[float, Field(ge=-360, le=360)]
Share = Annotated[float, Field(ge=0, le=1)]
Fill = Annotated[
    Real | Annotated[tuple[Real, ...], Strict(False), Field(min_length=1, max_length=65_536)],
    Field(description="What stands where there was no pixel, or one number a channel; of bytes 1 is the brightest."),
    Expects("a number, or a list with one for each channel"),
]
Angles = Annotated[
    Annotated[float, Field(ge=0, le=360)] | Annotated[tuple[Angle, Angle], Strict(False), AfterValidator(_rising)],
    Expects("a number from 0 to 360, or a list of the lowest and the highest angle from -360 to 360"),
]
_Slant = Annotated[float, Field(gt=-90, lt=90)]
Shear = Annotated[
    Annotated[float, Field(ge=0, lt=90)]
    | Annotated[tuple[_Slant, _Slant], Strict(False), AfterValidator(_rising)]
    | Annotated[tuple[_Slant, _Slant, _Slant, _Slant], Strict(False)],
    Expects(
        "a number of degrees below 90, or a list of the lowest and the highest along rows, and perhaps along columns, "
        "between -90 and 90"
    ),
]
Scale = Annotated[
    tuple[Positive, Positive],
    Strict(False),
    AfterValidator(_rising),
    Expects("a list of the lowest and the highest factor, both above 0"),
]
Shares = Annotated[
    tuple[Annotated[float, Field(gt=0, le=1)], Annotated[float, Field(gt=0, le=1)]],
    Strict(False),
    AfterValidator(_rising),
    Expects("a list of the lowest and the highest share, both above 0 and at most 1"),
]
Factors = Annotated[
    NonNegative | Annotated[tuple[NonNegative, NonNegative], Strict(False), AfterValidator(_rising)],
    Expects("a number of at least 0, or a list of the lowest and the highest factor"),
]
HalfTurn = Annotated[float, Field(ge=-0.5, le=0.5)]
Hue = Annotated[
    Annotated[float, Field(ge=0, le=0.5)]
    | Annotated[tuple[HalfTurn, HalfTurn], Strict(False), AfterValidator(_rising)],
    Expects("a number from 0 to 0.5, or a list of the lowest and the highest from -0.5 to 0.5"),
]
Interpolation = Literal["nearest", "bilinear"]


class HorizontalFlip(Augment):
    """Left and right change places: the last axis runs backwards, that of a signal too."""

    type: Literal["horizontal_flip"]
    p: Probability = 0.5
    moves = True


class VerticalFlip(Augment):
    """Top and bottom change places."""

    type: Literal["vertical_flip"]
    p: Probability = 0.5
    ranks = (2, 3)
    moves = True


class DepthFlip(Augment):
    """The first and the last slice of a volume change places, and so on."""

    type: Literal["depth_flip"]
    p: Probability = 0.5
    ranks = (3,)
    moves = True


class RandomCrop(Augment):
    """A part of the padded input, as large as the input."""

    type: Literal["random_crop"]
    padding: Annotated[MarginsField, Field(description="For all sides, or for each axis one number or a pair.")]
    fill: Fill = 0.0
    padding_mode: Literal["constant", "edge", "reflect", "symmetric"] = "constant"
    moves = True

    def check_settings(self, input_shape: Shape, loss: Loss) -> None:
        self.pairs(len(input_shape) - 1)

    def pairs(self, rank: int) -> Pairs:
        """Padding before and after each of so many axes; raises Problem where there are more or fewer."""
        return pairs_per_axis(self.padding, rank, "padding")


class RandomResizedCrop(Augment):
    """A part of the image with a share of its area and an aspect ratio, brought to the image's size."""

    type: Literal["random_resized_crop"]
    scale: Annotated[Shares, Field(description="Shares of the area.")] = (0.08, 1.0)
    ratio: Annotated[Scale, Field(description="Width over height.")] = (3 / 4, 4 / 3)
    interpolation: Interpolation = "bilinear"
    ranks = (2,)
    moves = True


class RandomRotation(Augment):
    """Turned about the centre, counter-clockwise."""

    type: Literal["random_rotation"]
    degrees: Annotated[Angles, Field(description="A number d means from -d to d.")]
    interpolation: Interpolation = "nearest"
    fill: Fill = 0.0
    ranks = (2,)
    moves = True


class RandomAffine(Augment):
    """Turned (clockwise), scaled and sheared about the centre, and moved."""

    type: Literal["random_affine"]
    degrees: Annotated[Angles, Field(description="A number d means from -d to d.")] = 0.0
    translate: Annotated[
        tuple[Share, Share] | None,
        Strict(False),
        Field(description="Largest move to either side, as shares of width and height."),
        Expects("a list of two shares from 0 to 1, of the width and of the height"),
    ] = None
    scale: Scale | None = None
    shear: Annotated[
        Shear | None,
        Field(description="Degrees along rows: d means from -d to d; with four numbers along rows and columns."),
    ] = None
    interpolation: Interpolation = "nearest"
    fill: Fill = 0.0
    ranks = (2,)
    moves = True


class RandomErasing(Augment):
    """A box is overwritten; of a signal a stretch, of a volume a block (Zhong et al., arXiv:1708.04896)."""

    type: Literal["random_erasing"]
    p: Probability = 0.5
    scale: Annotated[Shares, Field(description="Shares of the sample that the box takes.")] = (0.02, 0.33)
    ratio: Annotated[Scale, Field(description="Height over width; without a meaning for signals.")] = (0.3, 3.3)
    value: Annotated[
        Real | Annotated[tuple[Real, ...], Strict(False), Field(min_length=1, max_length=65_536)] | Literal["random"],
        Field(description='What is written: a number, one a channel, or "random"; of bytes 1 is the brightest.'),
        Expects('a number, a list with one for each channel, or "random"'),
    ] = 0.0


class ColorJitter(Augment):
    """Brightness, contrast, saturation and hue, changed in an order of their own for every image.

    Numbers are taken for bytes or for shares of the brightest, from 0 to 1.
    """

    type: Literal["color_jitter"]
    brightness: Annotated[Factors, Field(description="A number b means factors from 1 - b to 1 + b.")] = 0.0
    contrast: Annotated[Factors, Field(description="A number c means factors from 1 - c to 1 + c.")] = 0.0
    saturation: Annotated[Factors, Field(description="A number s means factors from 1 - s to 1 + s.")] = 0.0
    hue: Annotated[Hue, Field(description="Turns of the colour circle; a number h means from -h to h.")] = 0.0
    ranks = (2,)

    def check_settings(self, input_shape: Shape, loss: Loss) -> None:
        for name in ("saturation", "hue"):
            if getattr(self, name) and input_shape[0] != COLOURS:
                raise Problem(
                    Code.WRONG_VALUE,
                    f"{name} needs the {COLOURS} channels red, green and blue, the input has {input_shape[0]}",
                    f"delete {name}",
                    name,
                )


class GaussianNoise(Augment):
    """Normal numbers are added, drawn for every number of the input; bytes stay from 0 to 255."""

    type: Literal["gaussian_noise"]
    mean: Annotated[Real, Field(description="Of the noise; of bytes 1 is the brightest.")] = 0.0
    sigma: Annotated[NonNegative, Field(description="Standard deviation of the noise.")] = 0.1


class RandAugment(Augment):
    """Some operations drawn from fourteen, all of one magnitude (Cubuk et al., arXiv:1909.13719); for bytes alone."""

    type: Literal["rand_augment"]
    num_ops: Annotated[int, Field(ge=0, le=100, description="Operations one after the other.")] = 2
    magnitude: Annotated[int, Field(ge=0, le=1000, description="How strong, from 0 to num_magnitude_bins - 1.")] = 9
    num_magnitude_bins: Annotated[int, Field(ge=2, le=1001)] = 31
    interpolation: Interpolation = "nearest"
    fill: Fill = 0.0
    ranks = (2,)
    moves = True

    def check_settings(self, input_shape: Shape, loss: Loss) -> None:
        if self.magnitude >= self.num_magnitude_bins:
            raise Problem(
                Code.WRONG_VALUE,
                f"magnitude = {self.magnitude} is not below num_magnitude_bins (={self.num_magnitude_bins})",
                f"use magnitude <= {self.num_magnitude_bins - 1}",
                "magnitude",
            )
        if input_shape[0] not in (1, COLOURS):
            raise Problem(
                Code.WRONG_VALUE,
                f"{self.type} works on images of 1 or {COLOURS} channels, the input has {input_shape[0]}",
                "delete it",
                "type",
            )


class TimeShift(Augment):
    """A signal begins earlier or later."""

    type: Literal["time_shift"]
    max_shift: Annotated[Share, Field(description="Largest move to either side, as a share of the length.")] = 0.1
    rollover: bool = Field(False, description="What leaves at one end comes in at the other.")
    fill: Fill = 0.0
    ranks = (1,)
    moves = True


class AmplitudeScaling(Augment):
    """All numbers of a sample are multiplied by one factor; bytes stay from 0 to 255."""

    type: Literal["amplitude_scaling"]
    scale: Annotated[Scale, Field(description="The lowest and the highest factor.")] = (0.8, 1.25)


class _Mixing(Augment):
    """Samples become mixtures of two of a batch, and their targets the probabilities of both classes."""

    alpha: Annotated[Positive, Field(description="Shares of the two are drawn from a beta distribution of this.")] = 1.0
    mixes = True

    def check(self, input_shape: Shape, output_shape: Shape | None, loss: Loss) -> None:
        super().check(input_shape, output_shape, loss)
        if output_shape is not None and len(output_shape) > 1:
            rank = axes(len(output_shape) - 1)
            raise Problem(
                Code.WRONG_VALUE,
                f"{self.type} mixes the classes of whole samples, and this network's answer has {rank}",
                "delete it",
                "type",
            )

    def check_settings(self, input_shape: Shape, loss: Loss) -> None:
        if not isinstance(loss, CrossEntropy):
            raise Problem(
                Code.WRONG_VALUE,
                f'{self.type} needs loss = "cross_entropy", received "{loss.type}"',
                "change the loss or delete this table",
                "type",
            )
        if loss.ignore_index >= 0:
            raise Problem(
                Code.WRONG_VALUE,
                f"{self.type} makes probabilities of class numbers, of which none is ignored; ignore_index = "
                f"{loss.ignore_index}",
                "delete ignore_index or this table",
                "type",
            )


class MixUp(_Mixing):
    """The sum of a share of one sample and the rest of another (Zhang et al., arXiv:1710.09412)."""

    type: Literal["mixup"]


class CutMix(_Mixing):
    """A box of one sample is put into another (Yun et al., arXiv:1905.04899)."""

    type: Literal["cutmix"]
