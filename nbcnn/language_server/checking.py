"""What is known about a text: its problems, and the layers that could be built, by where they are written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nbcnn import api
from nbcnn.spec import InvalidSpec
from nbcnn.spec.places import Path, Place

MOST_LAYERS = 8
"""Layers of a block that is used more often that are written out."""


@dataclass(frozen=True)
class Checked:
    """The report on a text, as `nbcnn validate` prints it, and the places of its layers."""

    report: Mapping[str, Any]
    places: Sequence[Place] = field(default=(), repr=False)

    @property
    def diagnostics(self) -> list[dict[str, Any]]:
        return list(self.report["diagnostics"])

    def layers(self, path: Path) -> list[dict[str, Any]]:
        """The layers that the table at a path stands for: one, all of a block's use, or one of each use of a block."""
        names = {place.name for place in self.places if path in (place.path, *(use.path for use in place.uses))}
        # The shorthand `activation` makes a layer of its own: conv1_relu, after conv1.
        return [row for row in self.report["layers"] if {row["name"], _owner(row)} & names]

    def is_block(self, path: Path) -> bool:
        """Whether the table at a path is the use of a block."""
        return any(path == use.path for place in self.places for use in place.uses)

    def names(self) -> list[str]:
        """Names under which layers can be read, in their order."""
        return [place.name for place in self.places if place.name]


def _owner(row: Mapping[str, Any]) -> str:
    return str(row["name"]).removesuffix(f"_{row['type']}")


def check(file: str, text: str) -> Checked:
    """The report on a text in the place of its file's; what it extends is read from the folder of the file."""
    report = api.validate(file, text=text)
    try:
        return Checked(report, api.load_spec(file, text=text).places)
    except InvalidSpec:
        return Checked(report)


def described(layers: Sequence[Mapping[str, Any]], *, as_one: bool = False) -> str:
    """Layers in Markdown: shapes, parameters, MACs and receptive field of each; `as_one`, first of all together."""
    lines = [_described(layer) for layer in layers[:MOST_LAYERS]]
    if as_one and len(layers) > 1:
        costs = {key: sum(layer[key] for layer in layers) for key in ("params", "macs")}
        whole = {**layers[-1], "input_shapes": layers[0]["input_shapes"], **costs}
        lines.insert(0, f"{len(layers)} layers: {_results(whole)}")
    if len(layers) > MOST_LAYERS:
        lines.append(f"and {len(layers) - MOST_LAYERS} more layers")
    return "\n\n".join(lines)


def _described(layer: Mapping[str, Any]) -> str:
    return f"**{layer['name']}** ({layer['type']}): {_results(layer)}"


def _results(layer: Mapping[str, Any]) -> str:
    inputs = " and ".join(map(_shape, layer["input_shapes"]))
    parts = [f"{inputs} -> **{_shape(layer['output_shape'])}**"]
    if layer["params"]:
        parts.append(f"{layer['params']:,} parameters")
    if layer["macs"]:
        parts.append(f"{layer['macs']:,} MACs")
    field = layer["receptive_field"]
    sees = "sees everything" if field is None else f"sees {_shape(field)} pixels, jump {_shape(layer['jump'])}"
    return ", ".join([*parts, sees])


def _shape(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape))
