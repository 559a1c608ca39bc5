"""`[blocks.NAME]`: a stack of layers that is written once and used often, as a person writes it."""

from typing import Annotated, Any, Literal

from pydantic import Field

from nbcnn.layers.fields import Expects, LayerName
from nbcnn.layers.table import Table
from nbcnn.spec.model import MOST_LAYERS

_FEW = Annotated[int, Field(ge=1, le=MOST_LAYERS)]
_NUMBER = Annotated[int, Field(ge=0, le=MOST_LAYERS)]


class Block(Table):
    """A stack of layers with parameters; inside it, "input" is what the block reads."""

    parameters: dict[str, Any] = Field({}, description='Names and default values; layers write "$name" for them.')
    layers: list[dict[str, Any]] = Field(min_length=1, max_length=MOST_LAYERS)


class BlockLayer(Table):
    """The layers of a block in the place of one layer; its output is that of the block's last layer."""

    type: Literal["block"]
    name: LayerName | None = Field(None, description="Unique name; by default the block's and a number.")
    from_: Annotated[str, Expects("the name of one layer, because a block reads one input")] | None = Field(
        None,
        alias="from",
        description='What the block reads: a layer\'s name, or "input"; by default the layer before.',
    )
    block: str = Field(description="Which of the [blocks].")
    with_: dict[str, Any] = Field({}, alias="with", description="Values for parameters of the block.")
    repeat: Annotated[_FEW, Expects(f"a whole number from 1 to {MOST_LAYERS}")] | None = Field(
        None, description="So many times in a row, numbered NAME.0, NAME.1, ...; left out, once and without a number."
    )
    first: Annotated[_NUMBER, Expects(f"a whole number from 0 to {MOST_LAYERS}")] = Field(
        0, description="Number of the first repetition."
    )
    trainable: bool | None = Field(None, description="For the block's layers that do not say it themselves.")
