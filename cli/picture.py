"""Pictures of the input pixels that a unit sees: in characters, as SVG and as PNG."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
from numpy.typing import NDArray

from .language import say

if TYPE_CHECKING:
    from nbcnn.api import Seen

NOWHERE, UNSEEN, SEEN, PADDING = range(4)
"""What a place of the picture is: beyond input and window, a pixel, a pixel that is seen, padding in the window."""

COLOURS = {UNSEEN: "#e4e7eb", SEEN: "#1f6feb", PADDING: "#f0b429"}
BACKGROUND = "#ffffff"
GRID_FROM = 6
"""Points that a pixel must have for a gap to be left between it and the next."""
LONGEST_SIDE = 720
MOST_POINTS = 16

BLOCKS = {NOWHERE: "  ", UNSEEN: "· ", SEEN: "██", PADDING: "░░"}
LETTERS = {NOWHERE: "  ", UNSEEN: ". ", SEEN: "##", PADDING: "++"}
"""The same where the output's encoding has no blocks."""
PART_BLOCKS, PART_LETTERS = "▒▒", "oo"
"""A character of which some pixels are seen and others not."""


@dataclass(frozen=True)
class Plane:
    """Rows and columns of places; where the input has three axes, those of one slice, `note` says which."""

    places: NDArray[np.uint8]
    note: str | None

    @classmethod
    def of(cls, seen: "Seen") -> "Plane":
        """The plane through the middle of what is seen; an input of one axis has one row."""
        pixels, axes, note = seen.pixels, seen.axes, None
        if pixels.ndim == 3:
            slices = np.flatnonzero(pixels.any((1, 2)))
            number = int(slices[len(slices) // 2]) if slices.size else len(pixels) // 2
            note = say(f"slice {number} of {len(pixels)}, of which {slices.size} are seen")
            pixels, axes = pixels[number], axes[1:]
        elif pixels.ndim == 1:
            pixels, axes = pixels[np.newaxis], [{"window": [0, 0]} if axes[0]["window"] else {"window": None}, *axes]
        sizes = pixels.shape
        windows = [axis["window"] or [0, size - 1] for axis, size in zip(axes, sizes, strict=True)]
        # Of a window that reaches far beyond the input no more is drawn than the input is long.
        windows = [
            (max(first, -size), min(last, 2 * size - 1)) for (first, last), size in zip(windows, sizes, strict=True)
        ]
        starts = [min(0, first) for first, _ in windows]
        ends = [max(size, last + 1) for (_, last), size in zip(windows, sizes, strict=True)]
        places = np.full([end - start for start, end in zip(starts, ends, strict=True)], NOWHERE, np.uint8)
        inside = tuple(slice(-start, size - start) for start, size in zip(starts, sizes, strict=True))
        if axes[0]["window"]:
            bounds = zip(starts, windows, strict=True)
            places[tuple(slice(first - start, last + 1 - start) for start, (first, last) in bounds)] = PADDING
        places[inside] = np.where(pixels, SEEN, UNSEEN)
        return cls(places, note)


def in_characters(seen: "Seen", columns: int, encoding: str) -> list[str]:
    """Lines of at most so many columns, two for a pixel, or for a square of pixels where there are too many."""
    plane = Plane.of(seen)
    blocks, part = (BLOCKS, PART_BLOCKS) if _can_write(encoding) else (LETTERS, PART_LETTERS)
    width = plane.places.shape[1]
    scale = max(1, -(-width // max(columns // 2, 1)))
    lines = ["".join(_cell(cell, blocks, part) for cell in row).rstrip() for row in _squares(plane.places, scale)]
    legend = f"{blocks[SEEN]} {say('seen')}  {blocks[UNSEEN].strip()} {say('not seen')}"
    if (plane.places == PADDING).any():
        legend += f"  {blocks[PADDING]} {say('padding in the window')}"
    if scale > 1:
        legend += f"  {part} {say('seen in part')}  {say(f'(a character for {scale} x {scale} pixels)')}"
    return [*lines, *([plane.note] if plane.note else []), legend]


def _can_write(encoding: str) -> bool:
    try:
        "".join([*BLOCKS.values(), PART_BLOCKS]).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _squares(places: NDArray[np.uint8], scale: int) -> list[list[NDArray[np.uint8]]]:
    rows, columns = places.shape
    return [
        [places[top : top + scale, left : left + scale] for left in range(0, columns, scale)]
        for top in range(0, rows, scale)
    ]


def _cell(square: NDArray[np.uint8], characters: dict[int, str], part: str) -> str:
    """What there is of the input goes before what lies around it."""
    counts = np.bincount(square.ravel(), minlength=4)
    if counts[SEEN]:
        return part if counts[UNSEEN] else characters[SEEN]
    return characters[UNSEEN if counts[UNSEEN] else PADDING if counts[PADDING] else NOWHERE]


def write(seen: "Seen", path: Path, title: str) -> None:
    """Write the picture to a file whose name ends in .svg or .png."""
    plane = Plane.of(seen)
    if path.suffix.lower() == ".svg":
        path.write_text(svg(plane, title), encoding="utf-8")
    else:
        _write_png(plane, path)


def _points(places: NDArray[np.uint8]) -> int:
    return int(min(max(LONGEST_SIDE // max(places.shape), 1), MOST_POINTS))


def svg(plane: Plane, title: str) -> str:
    """An SVG document: a rectangle for each stretch of equal places of a row."""
    points = _points(plane.places)
    gap = 1 if points >= GRID_FROM else 0
    rows, columns = plane.places.shape
    width, height = columns * points + 2 * MOST_POINTS, rows * points + 2 * MOST_POINTS
    shapes = []
    for kind, colour in COLOURS.items():
        path = "".join(
            f"M{MOST_POINTS + left * points} {MOST_POINTS + top * points}"
            f"h{(1 if gap else length) * points - gap}v{points - gap}h-{(1 if gap else length) * points - gap}z"
            for top, left, length in _stretches(plane.places == kind, whole=not gap)
        )
        if path:
            shapes.append(f'<path fill="{colour}" d="{path}"/>')
    escaped = title.replace("&", "&amp;").replace("<", "&lt;")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">\n'
        f"<title>{escaped}{f' ({plane.note})' if plane.note else ''}</title>\n"
        f'<rect width="{width}" height="{height}" fill="{BACKGROUND}"/>\n' + "\n".join(shapes) + "\n</svg>\n"
    )


def _stretches(present: NDArray[np.bool_], *, whole: bool) -> Sequence[tuple[int, int, int]]:
    """Row, first column and length of what is to be drawn: whole stretches, or each place by itself."""
    if not whole:
        return [(top, left, 1) for top, left in np.argwhere(present).tolist()]
    found: list[tuple[int, int, int]] = []
    for top, row in enumerate(present):
        edges = np.flatnonzero(np.diff(row, prepend=False, append=False)).tolist()
        found += [(top, start, end - start) for start, end in zip(edges[::2], edges[1::2], strict=True)]
    return found


def _write_png(plane: Plane, path: Path) -> None:
    try:
        from PIL import Image
    except ImportError:
        raise click.UsageError(
            f"--out {path}: Pillow writes PNG and is not installed; pip install 'nbcnn[image]', or name an .svg file"
        ) from None
    points = _points(plane.places)
    palette: dict[int, Any] = {NOWHERE: BACKGROUND} | COLOURS
    colours = np.array([[int(palette[kind][at : at + 2], 16) for at in (1, 3, 5)] for kind in range(4)], np.uint8)
    image = np.kron(colours[plane.places], np.ones((points, points, 1), np.uint8))
    if points >= GRID_FROM:
        image[points - 1 :: points] = colours[NOWHERE]
        image[:, points - 1 :: points] = colours[NOWHERE]
    Image.fromarray(np.pad(image, ((MOST_POINTS,) * 2, (MOST_POINTS,) * 2, (0, 0)), constant_values=255)).save(path)
