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

Size = Annotated[int, Field(ge=1, le=LARGEST), Expects(f"a whole number from 1 to {LARGEST}")]
_Positive = Annotated[int, Field(ge=1, le=LARGEST)]
_Natural = Annotated[int, Field(ge=0, le=LARGEST)]

Axes = Annotated[
    _Positive | Annotated[tuple[_Positive, ...], Strict(False), Field(min_length=1, max_length=3)],
    Expects(f"a whole number from 1 to {LARGEST}, or a list with one per axis"),
]
PaddingField = Annotated[
    _Natural
    | Annotated[
        tuple[_Natural | Annotated[tuple[_Natural, _Natural], Strict(False)], ...],
        Strict(False),
        Field(min_length=1, max_length=3),
    ]
    | Literal["same", "same_lower", "valid"],
    Expects(
        f'a whole number from 0 to {LARGEST}, a list with a number or a pair [before, after] per axis, "same", '
        '"same_lower" or "valid"'
    ),
]
