"""A network as people read it: its layers in a table, its costs in sentences."""

from collections.abc import Iterator
from typing import Any

from .language import headings, say
from .text import bytes_text, counted, number, shape_text

Report = dict[str, Any]
"""What `nbcnn validate --format json` prints."""


def layer_table(report: Report) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The columns, ">" before those of numbers, and a row for the input and each layer."""
    rows = [("input", "", shape_text(report["input_shape"]), "", "", "", "")]
    for layer in report["layers"]:
        field = layer["receptive_field"]
        before = rows[-1][0]
        rows.append(
            (
                layer["name"],
                layer["type"],
                shape_text(layer["output_shape"]),
                number(layer["params"]),
                number(layer["macs"]),
                say("all") if field is None else shape_text(field),
                "" if layer["inputs"] == [before] else _sources(layer["name"], layer["inputs"]),
            )
        )
    columns = headings("layer", "type", "output", ">params", ">MACs", ">sees", "reads")
    shown = len(columns) if any(row[-1] for row in rows) else len(columns) - 1
    return columns[:shown], [row[:shown] for row in rows]


def totals(report: Report) -> Iterator[str]:
    """What the network costs, a line each."""
    sums = report["totals"]
    yield say(
        f"{counted(sums['weight_layers'], 'layer')} with weights, {counted(sums['params'], 'parameter')} "
        f"({bytes_text(sums['weights_bytes'])})"
    )
    if sums["trainable_params"] < sums["params"]:
        yield say(f"{number(sums['trainable_params'])} of them change in training")
    if sums["buffers"]:
        yield say(f"{number(sums['buffers'])} numbers in running statistics")
    yield say(f"{number(sums['macs'])} MACs, {number(sums['flops'])} FLOPs per sample")
    training = "" if sums["training_bytes"] is None else f"{bytes_text(sums['training_bytes'])} to train on a batch, "
    yield say(f"memory: {training}{bytes_text(sums['inference_bytes'])} to predict one sample")


def explanations(report: Report) -> Iterator[str]:
    """Sizes by floor((input + padding before + after - window) / stride) + 1, and the parameters that sharing saves."""
    for layer in report["layers"]:
        for line in layer["arithmetic"]:
            yield say(f"{layer['name']}: {line}")
        if layer["saved_params"]:
            yield say(
                f"{layer['name']}: {counted(layer['params'], 'parameter')}, {number(layer['saved_params'])} fewer than "
                "fully connected"
            )
    yield say(f"shared weights save {number(report['totals']['saved_params'])} parameters in all")


def is_valid(report: Report) -> bool:
    return not any(diagnostic["severity"] == "error" for diagnostic in report["diagnostics"])


def _sources(owner: str, names: list[str]) -> str:
    """The first names of what a layer reads; one in the same block as the layer is cut to a dot and its last part."""
    block = owner.rpartition(".")[0]
    shown = [name[len(block) :] if block and name.rpartition(".")[0] == block else name for name in names]
    return ", ".join(shown if len(shown) <= 3 else [*shown[:2], say(f"and {len(shown) - 2} more")])
