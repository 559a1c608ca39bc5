"""The `[lint]` table: what the linter need not say of a spec."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field, Strict, WithJsonSchema
from pydantic_core import PydanticCustomError

from nbcnn.layers.problems import Code
from nbcnn.layers.table import Table
from nbcnn.spec.names import nearest

_IGNORABLE = [code.value for code in Code if not code.is_error]


def _known(code: str) -> str:
    if code in _IGNORABLE:
        return code
    close = nearest(code.lower(), [each.lower() for each in _IGNORABLE]) or _IGNORABLE[0]
    expected = f'the code of a warning or of advice, such as "{str(close).upper()}"'
    if code in list(Code):
        expected = "the code of a warning or of advice; errors cannot be ignored"
    raise PydanticCustomError("expected", "{expected}", {"expected": expected})


_Codes = Annotated[
    tuple[
        Annotated[str, AfterValidator(_known), WithJsonSchema({"type": "string", "enum": _IGNORABLE})],
        ...,
    ],
    Strict(False),
]


class Lint(Table):
    """The `[lint]` table."""

    ignore: _Codes = Field((), description="Codes of warnings and advice that are not to be given.")
    per_layer_ignores: dict[str, _Codes] = Field(
        {}, description="The same for single layers, by their names; a block's name stands for all of its layers."
    )

    def __hash__(self) -> int:
        return hash((self.ignore, frozenset(self.per_layer_ignores.items())))

    def ignores(self, code: str, layer: str | None) -> bool:
        """Whether a code is not to be given; `layer` is the name of the layer that it would be about, if any."""
        named = self.per_layer_ignores
        if not named or layer is None:
            return code in self.ignore
        return code in self.ignore or any(code in named.get(name, ()) for name in names_for(layer))


def names_for(layer: str) -> Iterator[str]:
    """The names that stand for a layer: its own, and those of the blocks that it came from."""
    while layer:
        yield layer
        layer = layer.rpartition(".")[0]
