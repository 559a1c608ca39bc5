"""The rules that every table of a spec obeys."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict
from pydantic_core import CoreSchema, SchemaValidator, core_schema

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue


class Table(BaseModel):
    """A table as a person writes it: no unknown keys, no conversions, no infinities, immutable."""

    # What checks a table is built when the first of its kind is read: a spec has few of all kinds.
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)


TableT = TypeVar("TableT", bound=Table)


@cache
def _named(module: str, name: str) -> Any:
    return getattr(import_module(module), name)


class Types(Mapping[str, type[TableT]]):
    """Tables by the name of their type, each a class of a module that is imported when the type is asked for.

    `module` is where they are; braces in it stand for the type.
    """

    def __init__(self, classes: Mapping[str, str], module: str):
        self._classes = classes
        self._module = module

    def __getitem__(self, kind: str) -> type[TableT]:
        table: type[TableT] = _named(self._module.format(kind), self._classes[kind])
        return table

    def __contains__(self, kind: object) -> bool:
        return kind in self._classes

    def __iter__(self) -> Iterator[str]:
        return iter(self._classes)

    def __len__(self) -> int:
        return len(self._classes)


class OneOf:
    """Annotates a field that holds one of several tables, told by its `type`.

    With `by_name`, a string stands for the table of that type with all defaults. It accepts and refuses what pydantic's
    discriminated union does, but touches only those tables that are asked for.
    """

    def __init__(self, tables: Mapping[str, type[Table]], *, by_name: bool = False):
        self.tables = tables
        self._by_name = by_name
        self._validators: dict[str, SchemaValidator] = {}

    @classmethod
    def union(cls, union: Any, *, by_name: bool = False) -> "OneOf":
        """The tables of a union, each with a literal `type`."""
        return cls(
            {get_args(each.model_fields["type"].annotation)[0]: each for each in get_args(union)}, by_name=by_name
        )

    def __get_pydantic_core_schema__(self, source: Any, handler: "GetCoreSchemaHandler") -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._checked)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: "GetJsonSchemaHandler") -> "JsonSchemaValue":
        union = self._union(*self.tables)
        names = core_schema.literal_schema([*self.tables])
        return handler(core_schema.union_schema([names, union]) if self._by_name else union)

    def _checked(self, value: Any) -> Any:
        if self._by_name and isinstance(value, str):
            value = {"type": value}
        kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
        known = kind if isinstance(kind, str) and kind in self.tables else ""
        if known not in self._validators:
            self._validators[known] = SchemaValidator(self._union(*filter(None, [known])))
        return self._validators[known].validate_python(value)

    def _union(self, *kinds: str) -> CoreSchema:
        """A union of some of the tables; of none, what refuses every type."""
        choices = {}
        for kind in kinds:
            table = self.tables[kind]
            table.model_rebuild()
            choices[kind] = table.__pydantic_core_schema__
        return core_schema.tagged_union_schema(choices, "type", strict=True)
