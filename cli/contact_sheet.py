"""A contact sheet: a row for each sample, the sample first and then what became of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

    from nbcnn.api import Preview

GAP, LINE = 6, 14
"""Points between pictures, and of a line of text."""
SHORTEST_SIDE = 72
"""Small images are enlarged by a whole number until their longer side has so many points."""
LONGEST_SIDE = 256
SIGNAL = (60, 140)
"""Rows and columns of points for a signal."""
INK, PAPER = (31, 35, 40), (255, 255, 255)
LINES = ((31, 111, 235), (209, 36, 47), (26, 127, 55), (240, 180, 41), (130, 80, 223))
"""Of the channels of a signal, in turn."""


def require_pillow(out: Path) -> None:
    """What cannot be drawn is said before anything is read."""
    try:
        import PIL  # noqa: F401
    except ImportError:
        raise click.UsageError(
            f"--out {out}: Pillow writes PNG and is not installed; pip install 'nbcnn[image]'"
        ) from None


def draw(preview: "Preview") -> "Image":
    """The sheet: labels above the samples, and above what is a mixture what it is made of."""
    from PIL import Image, ImageDraw

    cells = [
        [_cell(each, *_bounds(sample, changed)) for each in (sample, *changed)]
        for sample, changed in zip(preview.samples, preview.augmented, strict=True)
    ]
    rows, columns = cells[0][0].shape[:2]
    widest = max(columns, 6 * max(len(_plain(text)) for row in _texts(preview) for text in row))
    step_down, step_right = rows + LINE + GAP, widest + GAP
    # What is augmented stands apart from what it was.
    apart = 2 * GAP
    size = (2 * GAP + apart + step_right * len(cells[0]), GAP + step_down * len(cells))
    sheet = Image.new("RGB", size, PAPER)
    pen = ImageDraw.Draw(sheet)
    for down, (row, texts) in enumerate(zip(cells, _texts(preview), strict=True)):
        for right, (cell, text) in enumerate(zip(row, texts, strict=True)):
            corner = GAP + right * step_right + (apart if right else 0), GAP + down * step_down
            pen.text(corner, _plain(text), fill=INK)
            sheet.paste(Image.fromarray(cell), (corner[0], corner[1] + LINE))
    return sheet


def _texts(preview: "Preview") -> list[list[str]]:
    count = preview.augmented.shape[1]
    return [
        [label, *(mixtures or ("",) * count)] for label, mixtures in zip(preview.labels, preview.mixtures, strict=True)
    ]


def _plain(text: str) -> str:
    """Pillow's own font has Latin letters alone."""
    return text.encode("latin-1", "replace").decode("latin-1")


def _bounds(sample: NDArray[Any], changed: NDArray[Any]) -> tuple[float, float]:
    """The lowest and the highest number of a row; bytes have theirs."""
    if sample.dtype == np.uint8:
        return 0.0, 255.0
    low, high = (float(extreme([extreme(sample), *map(extreme, changed)])) for extreme in (np.min, np.max))
    return low, high if high > low else low + 1.0


def _cell(sample: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    """A sample as points (rows, columns, 3), its numbers shown from the lowest to the highest."""
    heights = (sample.astype(np.float64) - low) / (high - low)
    if sample.ndim == 2:
        return _signal(heights)
    if sample.ndim == 4:
        heights = heights[:, sample.shape[1] // 2]
    if len(heights) != 3:
        heights = heights.mean(axis=0, keepdims=True).repeat(3, axis=0)
    image = np.moveaxis(np.rint(255 * heights).astype(np.uint8), 0, -1)
    longer = max(image.shape[:2])
    larger, smaller = max(1, SHORTEST_SIDE // longer), -(-longer // LONGEST_SIDE)
    return np.kron(image[::smaller, ::smaller], np.ones((larger, larger, 1), np.uint8))


def _signal(heights: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Every channel as a line, from 0 at the bottom to 1 at the top."""
    from PIL import Image, ImageDraw

    rows, columns = SIGNAL
    picture = Image.new("RGB", (columns, rows), (246, 248, 250))
    pen = ImageDraw.Draw(picture)
    for channel, line in enumerate(heights):
        across = np.linspace(0, columns - 1, len(line))
        down = (rows - 1) * (1 - line)
        pen.line([*zip(across.tolist(), down.tolist(), strict=True)], fill=LINES[channel % len(LINES)])
    return np.asarray(picture)
