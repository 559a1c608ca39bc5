"""Losses; their upstream gradient is 1, as the trainer's is."""

from math import prod

import numpy as np
from hypothesis import strategies as st

from families.drawing import BATCHES, per_axis
from families.example import Example, Shape


def of_classes(
    operation: str,
    why: str,
    input_shape: Shape,
    *,
    weight: bool = False,
    ignore_index: int = -100,
    ignored: float = 0.0,
    **attributes: float,
) -> Example:
    """`ignored` is the share of targets that do not count; the first one always does."""
    samples, classes, *space = input_shape

    def draw(random, example) -> list:
        x = random.standard_normal(input_shape)
        target = random.integers(0, classes, (samples, *space))
        target[random.random(target.shape) < ignored] = ignore_index
        target.flat[0] = (ignore_index + 1) % classes if 0 <= ignore_index < classes else 0
        return [x, target, random.uniform(0.2, 2.0, classes) if weight else None]

    return Example(
        operation,
        why,
        input_shape,
        {"target": (samples, *space), "weight": (classes,) if weight else None},
        {"ignore_index": ignore_index, **attributes},
        draw=draw,
        # A sample's loss sums over the classes of a pixel, and over pixels.
        terms=lambda kind, output: classes + prod(space) if kind == "forward" else classes,
        is_loss=True,
    )


def cross_entropy(why: str, input_shape: Shape, *, label_smoothing: float = 0.0, **fields) -> Example:
    return of_classes("cross_entropy", why, input_shape, label_smoothing=label_smoothing, **fields)


def probabilities(why: str, input_shape: Shape, *, weight: bool = False, label_smoothing: float = 0.0) -> Example:
    """Cross-entropy with the probability of each class; some are 0, and some samples or pixels are certain."""
    classes = input_shape[1]

    def draw(random, example) -> list:
        x = random.standard_normal(input_shape)
        shares = np.moveaxis(random.dirichlet(np.full(classes, 0.3), (input_shape[0], *input_shape[2:])), -1, 1)
        shares = np.where(shares.max(axis=1, keepdims=True) > 0.9, np.round(shares), shares)
        return [x, shares, random.uniform(0.2, 2.0, classes) if weight else None]

    return Example(
        "cross_entropy",
        why,
        input_shape,
        {"target": input_shape, "weight": (classes,) if weight else None},
        {"ignore_index": -100, "label_smoothing": label_smoothing},
        draw=draw,
        terms=lambda kind, output: classes + prod(input_shape[2:]) if kind == "forward" else classes,
        is_loss=True,
    )


def nll_loss(why: str, input_shape: Shape, **fields) -> Example:
    return of_classes("nll_loss", why, input_shape, **fields)


def of_numbers(operation: str, why: str, input_shape: Shape, **attributes: float) -> Example:
    def draw(random, example) -> list:
        x, target = random.standard_normal((2, *input_shape))
        if operation == "binary_cross_entropy_with_logits":
            # Certain answers and uncertain ones.
            return [3.0 * x, np.clip(target, 0.0, 1.0)]
        # Halves, so that errors of 0 and of exactly delta are common.
        return [np.round(2.0 * x) / 2.0, np.round(2.0 * target) / 2.0]

    return Example(
        operation,
        why,
        input_shape,
        {"target": input_shape},
        attributes,
        kinks=operation in ("l1_loss", "huber_loss"),
        draw=draw,
        terms=lambda kind, output: prod(input_shape[1:]) if kind == "forward" else 1,
        is_loss=True,
    )


def binary(why: str, input_shape: Shape, *, pos_weight: float = 1.0) -> Example:
    return of_numbers("binary_cross_entropy_with_logits", why, input_shape, pos_weight=pos_weight)


EXAMPLES = [
    cross_entropy("ten classes", (17, 10)),
    cross_entropy("two classes, batch of one", (1, 2)),
    cross_entropy("more classes than lanes", (33, 37)),
    cross_entropy("smoothed", (17, 10), label_smoothing=0.1),
    cross_entropy("nothing but smoothing", (5, 4), label_smoothing=1.0),
    cross_entropy("class weights", (17, 5), weight=True),
    cross_entropy("some targets do not count", (33, 5), ignored=0.4),
    cross_entropy("a class does not count", (17, 3), ignore_index=1),
    cross_entropy(
        "pixels, weighed, smoothed, some of no class", (17, 3, 4, 5), weight=True, ignored=0.3, label_smoothing=0.2
    ),
    cross_entropy("a signal", (5, 4, 9), ignore_index=255, ignored=0.2),
    cross_entropy("a volume, batch of one", (1, 2, 3, 4, 2), label_smoothing=0.05),
    probabilities("probabilities", (17, 10)),
    probabilities("probabilities of two classes, batch of one", (1, 2)),
    probabilities("probabilities of pixels, weighed and smoothed", (33, 3, 2, 5), weight=True, label_smoothing=0.2),
    nll_loss("ten classes", (17, 10)),
    nll_loss("pixels, weighed, some of no class", (5, 3, 4, 5), weight=True, ignored=0.3),
    binary("one question", (17, 1)),
    binary("pixels, a yes counts more", (5, 2, 4, 3), pos_weight=2.5),
    of_numbers("mse_loss", "one number", (17, 1)),
    of_numbers("mse_loss", "images", (5, 3, 4, 5)),
    of_numbers("l1_loss", "features", (17, 7)),
    of_numbers("l1_loss", "volumes", (3, 2, 3, 2, 4)),
    of_numbers("huber_loss", "features", (17, 7), delta=1.0),
    of_numbers("huber_loss", "a signal, squares end early", (5, 2, 9), delta=0.5),
]


@st.composite
def class_losses(draw, ranks: tuple[int, ...] = (1, 2, 3)) -> Example:
    space = per_axis(draw, draw(st.sampled_from((0, *ranks))), st.integers(1, 4))
    shape = (draw(BATCHES), draw(st.integers(2, 40 if not space else 5)), *space)
    fields = {
        "weight": draw(st.booleans()),
        "ignore_index": draw(st.sampled_from([-100, 0, 255])),
        "ignored": draw(st.sampled_from([0.0, 0.5])),
    }
    if draw(st.booleans()):
        return nll_loss("random", shape, **fields)
    if draw(st.booleans()):
        return probabilities(
            "random", shape, weight=fields["weight"], label_smoothing=draw(st.sampled_from([0.0, 0.3]))
        )
    return cross_entropy("random", shape, label_smoothing=draw(st.sampled_from([0.0, 0.1, 0.7])), **fields)


@st.composite
def number_losses(draw, ranks: tuple[int, ...] = (1, 2, 3)) -> Example:
    shape = (
        draw(BATCHES),
        draw(st.integers(1, 5)),
        *per_axis(draw, draw(st.sampled_from((0, *ranks))), st.integers(1, 4)),
    )
    operation = draw(st.sampled_from(["binary_cross_entropy_with_logits", "mse_loss", "l1_loss", "huber_loss"]))
    settings = {"binary_cross_entropy_with_logits": "pos_weight", "huber_loss": "delta"}
    attributes = {settings[operation]: draw(st.sampled_from([0.5, 1.0, 3.0]))} if operation in settings else {}
    return of_numbers(operation, "random", shape, **attributes)


STRATEGIES = (class_losses, number_losses)


def torch_loss(name: str):
    def run(attributes, x, target, weight=None):
        import torch

        attributes = dict(attributes)
        if "pos_weight" in attributes:
            attributes["pos_weight"] = torch.tensor(attributes["pos_weight"], dtype=x.dtype)
        if weight is not None:
            attributes["weight"] = weight
        return getattr(torch.nn.functional, name)(x, target, **attributes)

    return run


TORCH = {
    name: torch_loss(name)
    for name in ("cross_entropy", "nll_loss", "binary_cross_entropy_with_logits", "mse_loss", "l1_loss", "huber_loss")
}
