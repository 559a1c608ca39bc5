"""A first spec for what is in a data source, with comments that say what to change."""

import json
from collections.abc import Iterator
from math import prod
from pathlib import Path
from textwrap import wrap

from nbcnn.data.looking import Found

LEAST_POOLED = 8
"""Nothing is pooled below so many positions an axis."""
MOST_FLATTENED = 4096
"""More numbers than these behind the convolutions are averaged over their positions, fewer go on one by one."""
ENOUGH_TO_TEST = 100
"""Of so many samples some are set apart, where the data have no test split."""
NAMED = 10
"""Classes that a comment names."""
UNBALANCED = 5
"""So many times as many samples of the largest class as of the smallest are told."""


def draft(found: Found, source: str, name: str) -> str:
    """The text of a TOML file, its data's path as it is written there."""
    parts = [
        *_head(found, source, name),
        *_layers(found),
        *_data(found, source),
        *_training(found),
    ]
    return "\n".join(parts) + "\n"


def _head(found: Found, source: str, name: str) -> Iterator[str]:
    samples = ", ".join(f"{count:,} {split}" for split, count in found.samples.items())
    yield f"# A first network for {_quoted(Path(source).name)}: {samples} samples."
    if found.counts:
        named = list(zip(found.classes, found.counts, strict=True))
        listed = ", ".join(f"{_quoted(label)} {count:,}" for label, count in named[:NAMED])
        text = f"{found.outputs:,} classes: {listed}{', ...' if len(named) > NAMED else ''}."
        yield from (f"# {line}" for line in wrap(text, 110, break_long_words=False, break_on_hyphens=False))
    if found.sizes is not None:
        yield f"# The images are of {found.sizes} pixels (rows x columns)."
    yield f"name = {_quoted(name)}"
    yield ""
    yield "[input]"
    axes = {1: "positions", 2: "rows, columns", 3: "depth, rows, columns"}[len(found.shape) - 1]
    yield f"shape = {json.dumps(found.shape)}  # channels, {axes}"


def _layers(found: Found) -> Iterator[str]:
    channels, space = 16, found.shape[1:]
    by_pixel = found.targets == "classes by pixel"
    kernel = 7 if len(space) == 1 and space[0] >= 64 else 3
    number = 0
    while True:
        number += 1
        size = f"kernel_size = {kernel}"
        yield from _layer("conv", f'name = "conv{number}"', f"out_channels = {channels}", size, 'padding = "same"')
        yield 'activation = "relu"'
        if by_pixel:
            if number == 3:
                yield from _layer("conv", 'name = "classes"', f"out_channels = {found.outputs}", "kernel_size = 1")
                return
            continue
        if min(space) < LEAST_POOLED or number == 4:
            break
        pool = 4 if len(space) == 1 and space[0] >= 256 else 2
        fits = all(size % pool == 0 for size in space)
        yield from _layer("max_pool", f"kernel_size = {pool}", *(() if fits else ("ceil_mode = true",)))
        space = tuple(-(-size // pool) for size in space)
        channels *= 2
    if channels * prod(space) > MOST_FLATTENED:
        yield from _layer("global_avg_pool")
    yield from _layer("flatten")
    if found.targets == "class":
        yield from _layer("dropout", "p = 0.25  # more where training accuracy runs ahead of validation, 0 where not")
        yield from _layer("linear", 'name = "classes"', f"out_features = {found.outputs}  # one number per class")
    else:
        yield from _layer("linear", 'name = "numbers"', f"out_features = {found.outputs}")


def _layer(layer_type: str, *lines: str) -> tuple[str, ...]:
    return ("", "[[layers]]", f'type = "{layer_type}"', *lines)


def _data(found: Found, source: str) -> Iterator[str]:
    yield ""
    yield "[data]"
    yield f"source = {_quoted(source)}"
    if found.resize is not None:
        yield f'resize = "{found.resize}"  # fills the input and cuts off the rest; or "pad", "stretch"'
    if "test" not in found.samples and found.samples["training"] >= ENOUGH_TO_TEST:
        yield "test = 0.1  # the share of the samples that the finished network is measured by"
    if "validation" in found.samples:
        return
    if found.samples["training"] < 20:
        yield "validation = 0  # too few samples to hold some out"
    else:
        yield "validation = 0.1  # the share of training samples that chooses the best epoch"


def _training(found: Found) -> Iterator[str]:
    yield ""
    yield "[train]"
    yield "epochs = 20"
    yield f"batch_size = {max(1, min(32, found.samples['training'] // 4))}"
    filled = [count for count in found.counts if count]
    if filled and max(filled) >= UNBALANCED * min(filled):
        yield 'sampling = "balanced"  # the classes are of very different sizes: each is drawn as often'
    if found.targets == "numbers":
        yield 'loss = "mse_loss"'
    if found.void is not None:
        yield ""
        yield "[train.loss]"
        yield 'type = "cross_entropy"'
        yield f"ignore_index = {found.void}  # pixels of no class"
    yield ""
    yield "[train.optimizer]"
    yield 'type = "adam"'
    yield "lr = 0.001  # the first number to try others for: three times as much, a third"
    yield ""
    yield "[train.schedule]"
    yield 'type = "cosine"'


def _quoted(text: str) -> str:
    """A string as both TOML and JSON write it."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
