"""The JSON Schema, by which editors complete and check specs, says what the library says."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import nbcnn

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.toml"))
SCHEMA = Draft202012Validator(nbcnn.schema())
CONV = {"type": "conv", "out_channels": 4, "kernel_size": 3}
INPUT = {"shape": [1, 8, 8]}


def document(*layers: dict[str, Any], **tables: Any) -> dict[str, Any]:
    return {"input": INPUT, "layers": list(layers)} | tables


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(nbcnn.schema())


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_it_takes_every_spec(path: Path) -> None:
    written = tomllib.loads(path.read_text())
    assert not list(SCHEMA.iter_errors(written))
    # What a run's folder holds has neither blocks nor variables, and every default filled in. A layer takes
    # milliseconds, so of those that differ by names alone the first stands for all.
    resolved = nbcnn.load_spec(path).resolved()
    layers = {json.dumps(layer | {"name": "", "from": ""}): layer for layer in reversed(resolved["layers"])}
    assert not list(SCHEMA.iter_errors(resolved | {"layers": [*layers.values()]}))


@pytest.mark.parametrize(
    "wrong",
    [
        document(CONV | {"filters": 3}),
        document(CONV | {"kernel_size": 0}),
        document(CONV | {"type": "convolution"}),
        document({"type": "conv", "out_channels": 4}),
        document({"type": "dropout", "p": 1.5}),
        document(),
        document(CONV, train={"epochs": 0}),
        document(CONV, train={"loss": "cross entropy"}),
        document(CONV, train={"optimizer": {"type": "sgd", "lr": "fast"}}),
        document({"type": "block", "name": "a"}),
        {"layers": [CONV]},
    ],
)
def test_it_refuses_what_parsing_refuses(wrong: dict[str, Any]) -> None:
    assert list(SCHEMA.iter_errors(wrong))
