"""The JSON Schema of spec files, for editors."""

from typing import Any

from nbcnn.layers.catalogue import ACTIVATIONS, LAYER_TYPES
from nbcnn.spec.blocks import Block, BlockLayer
from nbcnn.spec.model import Spec
from nbcnn.spec.places import BLOCK
from nbcnn.spec.variables import EXPRESSION

_VARIABLE = "Variable"
_DEFINITIONS = "#/$defs/"


def schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a spec; a TOML file names it in a first line `#:schema nbcnn.schema.json`."""
    document = Spec.model_json_schema()
    definitions = document["$defs"]
    for layer_type in LAYER_TYPES.values():
        # The declarations take any string here, because a layer cannot know the activations that come after it.
        choices = definitions[layer_type.__name__]["properties"]["activation"]["anyOf"]
        choices[0]["enum"] = list(ACTIVATIONS)
    definitions["BlockLayer"] = BlockLayer.model_json_schema()
    for table in definitions.values():
        for key, value in table["properties"].items():
            if key != "type":  # it has to be told before variables are known
                table["properties"][key] = _or_variable(value)
    _add_blocks(document, definitions)
    definitions[_VARIABLE] = {
        "type": "string",
        "pattern": EXPRESSION,
        "description": 'A variable, "$width", or a calculation with two operands, "$width * 4".',
    }
    document["properties"]["$schema"] = {"type": "string"}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **document, "title": "nbcnn spec"}


def _add_blocks(document: dict[str, Any], definitions: dict[str, Any]) -> None:
    """The tables that are gone once a file is written out."""
    layers = document["properties"]["layers"]
    layers["items"]["oneOf"].append({"$ref": "#/$defs/BlockLayer"})
    layers["items"]["discriminator"]["mapping"][BLOCK] = "#/$defs/BlockLayer"
    definitions["Block"] = Block.model_json_schema()
    definitions["Block"]["properties"]["layers"] |= {"items": layers["items"]}
    document["properties"] |= {
        "extends": {
            "type": "string",
            "description": "A spec file, relative to this one, whose tables this one's are put over.",
        },
        "vars": {"type": "object", "description": 'Names and values; elsewhere "$name" stands for the value.'},
        "blocks": {"type": "object", "additionalProperties": {"$ref": "#/$defs/Block"}},
    }
    _let_files_extend(document, definitions)


def _let_files_extend(document: dict[str, Any], definitions: dict[str, Any]) -> None:
    """What a file leaves out, in the tables that merge too, may be in the file that it extends."""
    definitions["BlockPart"] = {key: value for key, value in definitions["Block"].items() if key != "required"}
    whole = {key: document["properties"][key] for key in ("input", "data", "train", "engine", "blocks")}
    document["properties"] |= {key: _part(value, definitions) for key, value in whole.items()}
    required = document.pop("required")
    document["anyOf"] = [{"required": required, "properties": whole}, {"required": ["extends"]}]


def _part(value: Any, definitions: dict[str, Any]) -> Any:
    """What a part of a value may be; the definitions that it refers to are made."""
    if isinstance(value, list):
        return [_part(each, definitions) for each in value]
    if not isinstance(value, dict):
        return value
    table = value.get("$ref", "").removeprefix(_DEFINITIONS)
    if "properties" in definitions.get(table, {}):
        if f"{table}Part" not in definitions:
            definitions[f"{table}Part"] = _part(definitions[table], definitions)
        return value | {"$ref": f"{_DEFINITIONS}{table}Part"}
    # Without its type a table may be one of several.
    return {
        "anyOf" if key == "oneOf" else key: _part(each, definitions)
        for key, each in value.items()
        if key not in ("required", "discriminator")
    }


def _or_variable(value: dict[str, Any]) -> dict[str, Any]:
    """What a value may be, or a variable in its place; so may the entries of a list."""
    said = {key: value[key] for key in ("title", "description", "default") if key in value}
    alone = {key: each for key, each in value.items() if key not in said}
    choices = [
        each | {"items": _or_variable(each["items"])} if "items" in each else each
        for each in alone.get("anyOf", [alone])
    ]
    return said | {"anyOf": [*choices, {"$ref": f"{_DEFINITIONS}{_VARIABLE}"}]}
