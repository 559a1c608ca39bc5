"""The spec: what a person writes about a network, its data and its training."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, Strict, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from nbcnn.layers.catalogue import AnyLayer
from nbcnn.layers.fields import LARGEST, Expects, LayerName, Positive, Size
from nbcnn.layers.table import Table
from nbcnn.spec.augment import AnyAugment
from nbcnn.spec.linting import Lint
from nbcnn.spec.losses import AnyLoss, CrossEntropy
from nbcnn.spec.names import default_names
from nbcnn.spec.optimizers import Adam, AnyOptimizer
from nbcnn.spec.places import Path, Place, layer_place
from nbcnn.spec.schedules import AnySchedule, Constant
from nbcnn.spec.sources import Sources

MOST_LAYERS = 10_000
MOST_AUGMENTATIONS = 100

Text = Annotated[
    str,
    # No control characters, nor what turns text around: it is printed to terminals and names files.
    Field(pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+$", max_length=256),
    Expects("a string of 1 to 256 printable characters"),
]


class Input(Table):
    """The `[input]` table."""

    shape: Annotated[
        tuple[Annotated[int, Field(ge=1, le=LARGEST)], ...],
        Strict(False),
        Field(min_length=2, max_length=4, description="Channels, then one, two or three spatial sizes."),
        Expects(f"a list of 2 to 4 whole numbers from 1 to {LARGEST}: channels, then one, two or three spatial sizes"),
    ]


class Data(Table):
    """The `[data]` table."""

    source: Annotated[Text, Field(description='Such as "digits" or "fashion-mnist".')]
    resize: Literal["crop", "pad", "stretch"] | None = Field(
        None, description="How images of other sizes are brought to the input's; without it they are refused."
    )
    skip_unreadable: bool = Field(False, description="Leave out images that cannot be read, and count them.")
    normalize: bool = Field(
        True, description="Subtract the training split's mean, divide by its deviation, per channel."
    )
    validation: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.1, description="Share of the training data held out to choose the best epoch; 0 trains on all."
    )
    test: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.0, description="Share of the training data set apart for the test, where the source has no test split."
    )
    folds: Annotated[int | None, Field(ge=2, le=1000), Expects("a whole number from 2 to 1000")] = Field(
        None, description="Cross-validation: into so many parts is the training data cut, of which one validates."
    )
    fold: Annotated[int, Field(ge=0, lt=1000)] = Field(0, description="Which of the folds validates, counted from 0.")
    loader_threads: Annotated[int, Field(ge=0, le=64), Expects("a whole number from 0 to 64")] = Field(
        2, description="Threads that prepare batches ahead of the step; 0 prepares them in between. No result changes."
    )

    @field_validator("fold")
    @classmethod
    def _one_of_the_folds(cls, fold: int, info: ValidationInfo) -> int:
        folds = info.data.get("folds")
        if fold >= (folds or 1):
            expected = f"a whole number from 0 to {folds - 1}, below folds (={folds})" if folds else "0 without folds"
            raise PydanticCustomError("expected", "{expected}", {"expected": expected})
        return fold


class Pretrained(Table):
    """The `[pretrained]` table: training begins with the arrays of a weights file that fit by name and shape."""

    weights: Annotated[Text, Field(description="A weights file; a relative path begins at the spec's folder.")]
    exclude: Annotated[
        tuple[LayerName, ...],
        Strict(False),
        Field(max_length=MOST_LAYERS, description="Layers, or blocks of layers, that keep their own first values."),
        Expects("a list of names of layers or of blocks"),
    ] = ()


class EarlyStopping(Table):
    """The `[train.early_stopping]` table: training ends where epochs no longer get better than the best one."""

    patience: Annotated[Size, Field(description="Epochs in a row without a better one after which training ends.")]


class Ema(Table):
    """The `[train.ema]` table: a running average of the weights, which is measured and kept in their place."""

    decay: Annotated[float, Field(gt=0, lt=1, description="Share of the average that each update leaves.")] = 0.999
    warmup: bool = Field(False, description="Leave less at first: (1 + t) / (10 + t) in update t, at most decay.")


class Train(Table):
    """The `[train]` table."""

    epochs: Size = 10
    batch_size: Size = 64
    loss: AnyLoss = CrossEntropy.model_construct(type="cross_entropy")
    seed: Annotated[int, Field(ge=0, lt=2**63), Expects("a whole number from 0 to 2**63 - 1")] = 0
    shuffle: bool = Field(True, description="A new order of the samples in every epoch.")
    sampling: Literal["balanced"] | None = Field(
        None, description="Balanced: an epoch has as many samples of each class, those of rare ones several times."
    )
    optimizer: AnyOptimizer = Adam.model_construct(type="adam")
    schedule: AnySchedule = Constant.model_construct(type="constant")
    train_metrics: bool = Field(
        False,
        description="Measure the training split after each epoch as the validation split is: `train_f1` and so on.",
    )
    early_stopping: EarlyStopping | None = None
    max_time: Positive | None = Field(
        None, description="Seconds of training, without validation, after which no further epoch begins."
    )
    accumulation_steps: Annotated[Size, Field(description="Batches that make one update, by their mean gradient.")] = 1
    ema: Ema | None = None
    clip_grad_value: Positive | None = Field(
        None, description="No component of a gradient goes beyond plus or minus this."
    )
    clip_grad_norm: Positive | None = Field(
        None, description="All gradients together are scaled down to this 2-norm where theirs is larger."
    )
    non_finite: Literal["stop", "skip"] = Field(
        "stop", description="Where a loss or a gradient is not a finite number: stop, or leave that step out."
    )
    max_skips: Annotated[Size, Field(description="Steps left out one after the other at which training stops.")] = 10
    shared_gradients: Literal["sum", "mean"] = Field(
        "sum", description="What a convolution's kernel gets from its positions: the sum is the derivative."
    )

    @field_validator("sampling")
    @classmethod
    def _shuffled(cls, sampling: str | None, info: ValidationInfo) -> str | None:
        if sampling is not None and info.data.get("shuffle") is False:
            raise PydanticCustomError("expected", "{expected}", {"expected": "nothing where shuffle = false"})
        return sampling


class Engine(Table):
    """The `[engine]` table."""

    winograd: bool = Field(
        True, description="Convolutions of 3 x 3 with fewer products where that is faster, at a little larger error."
    )
    checkpointing: bool = Field(
        False, description="Keep few activations and compute the others again on the way back: less memory, more time."
    )


class Spec(Table):
    """A whole spec file; layers without a name have been given their default one."""

    name: Text = "network"
    input: Input
    layers: Annotated[tuple[AnyLayer, ...], Strict(False), Field(min_length=1, max_length=MOST_LAYERS)]
    data: Data | None = None
    augment: Annotated[
        tuple[AnyAugment, ...],
        Strict(False),
        Field(max_length=MOST_AUGMENTATIONS, description="What is done to training samples, in this order."),
    ] = ()
    pretrained: Pretrained | None = None
    # Made without a check, which would have to be built for it.
    train: Train = Train.model_construct()
    engine: Engine = Engine.model_construct()
    lint: Lint = Lint.model_construct()

    _sources: Sources = PrivateAttr(Sources())
    _places: tuple[Place, ...] = PrivateAttr(())
    _placed: tuple[AnyLayer, ...] | None = PrivateAttr(None)

    @field_validator("layers")
    @classmethod
    def _name_layers(cls, layers: tuple[AnyLayer, ...]) -> tuple[AnyLayer, ...]:
        names = default_names([(layer.type, layer.name) for layer in layers])
        return tuple(
            layer if layer.name else layer.model_copy(update={"name": name})
            for layer, name in zip(layers, names, strict=True)
        )

    @property
    def file(self) -> str | None:
        """The file that the spec was read from, as the caller named it."""
        return self._sources.file

    @property
    def overridden(self) -> tuple[Path, ...]:
        """The paths whose values are not those of the file but were set in their place."""
        return self._sources.overridden

    @property
    def sources(self) -> Sources:
        """The texts that the spec was read from; none for a copy with other layers, which stands in no file."""
        return self._sources if self._placed is self.layers else Sources(name=self.file)

    @property
    def places(self) -> tuple[Place, ...]:
        """Where each layer is written, as messages say it: `layers[3] "pool2" (max_pool)`."""
        if self._placed is self.layers:
            return self._places
        # The layers are not those that were read: a copy with others, or tables that were never in a file.
        return tuple(layer_place(index, layer.name, layer.type) for index, layer in enumerate(self.layers))

    def _read_from(self, sources: Sources, places: Sequence[Place]) -> None:
        """Note where the spec was written."""
        self._sources, self._places = sources, tuple(places)
        self._placed = self.layers

    def __eq__(self, other: object) -> bool:
        """Whether both say the same, wherever they were read."""
        return isinstance(other, Spec) and self.resolved() == other.resolved()

    def resolved(self) -> dict[str, Any]:
        """The spec with all defaults filled in, ready for JSON; parsing it gives an equal spec."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)
