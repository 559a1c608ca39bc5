"""Field types that the layers share, each with its own words for what it accepts."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, GetCoreSchemaHandler, Strict, ValidationError
from pydantic_core import CoreSchema, PydanticCustomError, core_schema


@dataclass(frozen=True)
class Expects:
    """Replaces all complaints about a value by one: what was expected. For unions, where each member complains."""

    text: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(self._check, handler(source))

    def _check(self, value: Any, validate: core_schema.ValidatorFunctionWrapHandler) -> Any:
        try:
            return validate(value)
        except ValidationError as error:
            raise PydanticCustomError("expected", "{expected}", {"expected": self.text}) from error


LARGEST = 2**24
"""The largest size along one axis; a larger number in a spec is a slip, and up to here float32 counts exactly."""

LARGEST_REAL = 3e38
"""About the largest number that float32 holds."""

Real = Annotated[float, Field(ge=-LARGEST_REAL, le=LARGEST_REAL)]
NonNegative = Annotated[float, Field(ge=0, le=LARGEST_REAL)]
Positive = Annotated[float, Field(gt=0, le=LARGEST_REAL)]

Size = Annotated[int, Field(ge=1, le=LARGEST), Expects(f"a whole number from 1 to {LARGEST}")]
_Positive = Annotated[int, Field(ge=1, le=LARGEST)]
_Natural = Annotated[int, Field(ge=0, le=LARGEST)]

Axes = Annotated[
    _Positive | Annotated[tuple[_Positive, ...], Strict(False), Field(min_length=1, max_length=3)],
    Expects(f"a whole number from 1 to {LARGEST}, or a list with one per axis"),
]
_NaturalOrPairs = (
    _Natural
    | Annotated[
        tuple[_Natural | Annotated[tuple[_Natural, _Natural], Strict(False)], ...],
        Strict(False),
        Field(min_length=1, max_length=3),
    ]
)
NaturalAxes = Annotated[
    _Natural | Annotated[tuple[_Natural, ...], Strict(False), Field(min_length=1, max_length=3)],
    Expects(f"a whole number from 0 to {LARGEST}, or a list with one per axis"),
]
MarginsField = Annotated[
    _NaturalOrPairs,
    Expects(f"a whole number from 0 to {LARGEST}, or a list with a number or a pair [before, after] per axis"),
]
AxisNumbers = Annotated[
    tuple[Annotated[int, Field(ge=1, le=4)], ...],
    Strict(False),
    Field(min_length=1, max_length=4),
    Expects("a list of axes from 1 (channels) to 4"),
]
NewShape = Annotated[
    tuple[_Positive | Literal[-1], ...],
    Strict(False),
    Field(min_length=1, max_length=4),
    Expects(f"a list of 1 to 4 whole numbers from 1 to {LARGEST}, one of which may be -1"),
]
PaddingField = Annotated[
    _NaturalOrPairs | Literal["same", "same_lower", "valid"],
    Expects(
        f'a whole number from 0 to {LARGEST}, a list with a number or a pair [before, after] per axis, "same", '
        '"same_lower" or "valid"'
    ),
]

MOST_NAME = 128
"""Characters of a layer's name: room for the names of nested blocks."""
MOST_SOURCES = 256
_NAME = r"[A-Za-z][A-Za-z0-9_-]*"
# The activation of a layer features.0 is features.0_relu.
_NUMBER = r"[0-9]+(_[A-Za-z0-9_-]+)?"
_Name = Annotated[str, Field(pattern=rf"^{_NAME}(\.({_NAME}|{_NUMBER}))*$", max_length=MOST_NAME)]

LayerName = Annotated[
    _Name,
    Expects(
        f"a name of at most {MOST_NAME} letters, digits, _ and -, starting with a letter; dots part it into names and "
        "numbers"
    ),
]
Sources = Annotated[
    _Name | Annotated[tuple[_Name, ...], Strict(False), Field(min_length=1, max_length=MOST_SOURCES)],
    Expects(f'the name of a layer, or "input", or a list of 1 to {MOST_SOURCES} of them'),
]
