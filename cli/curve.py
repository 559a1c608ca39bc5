"""A curve in characters, over an axis of powers of ten."""

import math
from collections.abc import Sequence

HEIGHT = 12
LEAST_TICK = 7
"""Columns between two ticks, so that their texts do not touch."""


def in_characters(xs: Sequence[float], ys: Sequence[float], marked: float | None, columns: int) -> list[str]:
    """Lines of at most so many columns: y over the logarithm of x, which rises, with one x marked below the axis."""
    low, high = min(ys), max(ys)
    labels = [f"{high:.3g}", f"{low:.3g}"]
    margin = max(map(len, labels))
    width = max(columns - margin - 2, 2)
    first, last = math.log10(xs[0]), math.log10(xs[-1])

    def column(x: float) -> int:
        return round((math.log10(x) - first) / ((last - first) or 1.0) * (width - 1))

    rows = [[" "] * width for _ in range(HEIGHT)]
    for x, y in zip(xs, ys, strict=True):
        rows[round((high - y) / ((high - low) or 1.0) * (HEIGHT - 1))][column(x)] = "*"
    names = [labels[0], *[""] * (HEIGHT - 2), labels[1]]
    lines = [f"{name:>{margin}} |{''.join(row)}" for name, row in zip(names, rows, strict=True)]
    axis, texts = ["-"] * width, [" "] * width
    free = 0
    for power in range(math.ceil(first), math.floor(last) + 1):
        place, text = column(10.0**power), f"1e{power}"
        start = min(place, width - len(text))
        if start >= free:
            axis[place] = "+"
            texts[start : start + len(text)] = text
            free = start + LEAST_TICK
    lines += [" " * (margin + 1) + "+" + "".join(axis), " " * (margin + 2) + "".join(texts)]
    if marked is not None:
        text = f"{marked:.2g}"
        place = column(marked)
        beside = f"^ {text}" if place + 2 + len(text) <= width else f"{text} ^"
        start = place if beside.startswith("^") else place + 1 - len(beside)
        lines.append(" " * (margin + 2 + max(start, 0)) + beside)
    return [line.rstrip() for line in lines]
