"""Matplotlib's figures, drawn without a display and written as the same bytes whenever they are drawn again."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from nbcnn.errors import InputError, NbcnnError
from nbcnn.network import Node
from nbcnn.pictures.files import check_out
from nbcnn.pictures.samples import image_of
from nbcnn.pictures.source import Sample
from nbcnn.pictures.tiles import Mosaic
from nbcnn.training.lr_find import RateTest

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METADATA: dict[str, dict[str, Any]] = {
    ".png": {"Software": None},
    ".svg": {"Date": None},
    ".pdf": {"CreationDate": None},
}
"""By the endings that there are, what would tell one drawing from the next."""
POINTS = 150
"""Of a PNG, by inch."""
MOST_NAMES = 30
"""Classes that are named along a confusion matrix, and whose counts are written."""

History = Sequence[dict[str, Any]]


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure of so many inches; raises InputError where there is no Matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise InputError("plot: Matplotlib draws and is not installed; pip install 'nbcnn[plot]'") from None
    return Figure(figsize=(width, height), layout="constrained")


def check(out: Path) -> None:
    """Raises InputError where no figure can be written to this file, or drawn at all."""
    check_out(out, (*METADATA,))
    new_figure(1.0, 1.0)


def write(figure: "Figure", path: Path) -> None:
    """Write a .png, .svg or .pdf, without dates; raises NbcnnError where that cannot be done."""
    import matplotlib

    # Names within an SVG are by default random.
    with matplotlib.rc_context({"svg.hashsalt": "nbcnn"}):
        try:
            figure.savefig(path, dpi=POINTS, metadata=METADATA[path.suffix.lower()])
        except OSError as error:
            raise NbcnnError(f"{path}: the picture cannot be written ({error.strerror}); choose another out") from None


def curves(runs: Sequence[tuple[str, History]]) -> "Figure":
    """Loss and accuracy by epoch of one run or several: training as a line, validation dashed.

    Training is measured as validation is where the history has that, else as it was counted while the epoch trained.
    """
    from matplotlib.ticker import MaxNLocator

    wanted = [
        key for key in ("loss", "accuracy") if any(_column(rows, each) for _, rows in runs for each in _pair(key, rows))
    ]
    figure = new_figure(5.2 * len(wanted), 3.6)
    for place, key in enumerate(wanted):
        axes = figure.add_subplot(1, len(wanted), place + 1)
        for number, (name, rows) in enumerate(runs):
            for column, style, kind in zip(_pair(key, rows), ("-", "--"), ("training", "validation"), strict=True):
                points = _column(rows, column)
                if points:
                    label = kind if len(runs) == 1 else f"{name}, {kind}"
                    marker = "o" if len(points) == 1 else None
                    axes.plot(
                        *zip(*points, strict=True), style, marker=marker, color=f"C{number}", label=_literal(label)
                    )
        axes.set_title(key)
        axes.set_xlabel("epoch")
        axes.grid(alpha=0.3)
        axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
        axes.legend()
    return figure


def _pair(key: str, rows: History) -> tuple[str, str]:
    measured = f"train_{key}"
    return measured if _column(rows, measured) else key, f"val_{key}"


def _column(rows: History, name: str) -> list[tuple[int, float]]:
    return [(row["epoch"], row[name]) for row in rows if row.get(name) is not None]


def rates(found: RateTest, title: str) -> "Figure":
    """The loss of each step over its learning rate, with the rate that is suggested."""
    figure = new_figure(6.4, 4.0)
    axes = figure.add_subplot(xscale="log", xlabel="learning rate", ylabel="loss", title=_literal(title))
    axes.plot(found.rates, found.losses, color="#c9d1d9", label="of each step")
    axes.plot(found.rates, found.smoothed, color="#1f6feb", label="smoothed")
    low, high = min(found.losses), found.highest_shown
    margin = 0.05 * (high - low) or 1.0
    axes.set_ylim(low - margin, high + margin)
    if found.suggestion is not None:
        axes.axvline(found.suggestion, color="#d1242f", linestyle="--", label=f"suggested: {found.suggestion:.2g}")
    axes.legend()
    return figure


def confusion(matrix: NDArray[np.int64], classes: Sequence[str], title: str) -> "Figure":
    """Rows are what samples are, columns what they were taken for; shades are shares of a row."""
    count = len(matrix)
    side = min(max(4.0, 0.45 * count + 1.5), 12.0)
    figure = new_figure(side + 0.8, side)
    axes = figure.add_subplot()
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    if count <= MOST_NAMES:
        axes.set_xticks(
            range(count), [_literal(each) for each in classes], rotation=90 if max(map(len, classes)) > 3 else 0
        )
        axes.set_yticks(range(count), [_literal(each) for each in classes])
        for row, column in np.argwhere(matrix).tolist():
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, str(matrix[row, column]), ha="center", va="center", color=colour, fontsize=8)
    axes.set_xlabel("taken for")
    axes.set_ylabel("is")
    axes.set_title(_literal(title))
    figure.colorbar(image, ax=axes, shrink=0.8, label="share of the row")
    return figure


def mosaic(drawn: Mosaic, title: str, *, signed: bool) -> "Figure":
    """Tiles as they are, in colours where they have them; `signed` numbers are red above and blue below 0."""
    rows, columns = drawn.values.shape[:2]
    width = min(max(4.0, columns / 12), 9.0)
    figure = new_figure(width + 1.0, min(max(1.6, width * rows / columns), 12.0) + 0.9)
    axes = figure.add_subplot()
    if drawn.is_coloured:
        axes.imshow(np.nan_to_num(drawn.values, nan=1.0), interpolation="nearest")
    else:
        most = float(np.nanmax(np.abs(drawn.values))) or 1.0
        limits: dict[str, Any] = {"cmap": "RdBu_r", "vmin": -most, "vmax": most} if signed else {"cmap": "viridis"}
        # A few long rows, such as a signal's, are drawn as high as they are wide.
        aspect: Literal["auto", "equal"] = "auto" if columns > 6 * rows else "equal"
        image = axes.imshow(drawn.values, interpolation="nearest", aspect=aspect, **limits)
        figure.colorbar(image, ax=axes, shrink=0.8)
    axes.set_axis_off()
    axes.set_title(_literal(f"{title}\n{drawn.caption}"), fontsize=9)
    return figure


def heat(sample: Sample, values: NDArray[np.float32], title: str, node: Node | None) -> "Figure":
    """A sample beside how much its places count, for a `node` the units of whose output `values` are.

    Where units have windows, each covers the middle of its own. Of three axes the middle slice is shown.
    """
    numbers = sample.numbers
    if numbers.ndim == 2:
        return _heat_of_signal(sample, values, title, node)
    rows, columns = numbers.shape[-2:]
    if values.ndim == 3:
        values = values[len(values) // 2]
    figure = new_figure(9.0, 4.0 * min(max(rows / columns, 0.4), 2.0) + 0.6)
    pixels = image_of(numbers)
    grey = pixels[..., 0] if pixels.shape[-1] == 1 else pixels.mean(axis=-1)
    left, right = figure.add_subplot(1, 2, 1), figure.add_subplot(1, 2, 2)
    left.imshow(grey if pixels.shape[-1] == 1 else pixels, cmap="gray")
    left.set_title(_literal(sample.words), fontsize=9)
    limits: dict[str, Any] = {"vmin": 0.0, "vmax": float(values.max()) or 1.0}
    if node is None:
        image = right.imshow(values, cmap="magma", **limits)
    else:
        vertical, horizontal = (
            _extent(node, axis, numbers.shape[1 + axis]) for axis in range(numbers.ndim - 3, numbers.ndim - 1)
        )
        right.imshow(grey, cmap="gray")
        extent = (*horizontal, vertical[1], vertical[0])
        image = right.imshow(values, cmap="inferno", alpha=0.55, extent=extent, interpolation="bilinear", **limits)
        right.set_xlim(-0.5, columns - 0.5)
        right.set_ylim(rows - 0.5, -0.5)
    right.set_title(_literal(title), fontsize=9)
    figure.colorbar(image, ax=right, shrink=0.8)
    for axes in (left, right):
        axes.set_axis_off()
    return figure


def _heat_of_signal(sample: Sample, values: NDArray[np.float32], title: str, node: Node | None) -> "Figure":
    channels, size = sample.numbers.shape
    figure = new_figure(9.0, 4.0)
    above, below = figure.subplots(2, 1, sharex=True)
    for channel in range(min(channels, 8)):
        above.plot(sample.numbers[channel], linewidth=0.8)
    above.set_title(_literal(sample.words), fontsize=9)
    first, last = (-0.5, size - 0.5) if node is None else _extent(node, 0, size)
    middles = first + (np.arange(len(values)) + 0.5) * (last - first) / len(values)
    below.fill_between(middles, values, step="mid", color="C1")
    below.set_xlim(-0.5, size - 0.5)
    below.set_ylim(0.0, 1.05 * float(values.max()) or 1.0)
    below.set_title(_literal(title), fontsize=9)
    return figure


def _extent(node: Node, axis: int, size: int) -> tuple[float, float]:
    """From where to where an axis of a layer's units lies on the input's; the whole where units have no windows."""
    if node.field is None:
        return -0.5, size - 0.5
    jump, centre = node.field.jump[axis], node.field.centre[axis]
    return centre - jump / 2, centre + jump * (node.output_shape[1 + axis] - 0.5)


def _literal(text: str) -> str:
    """Matplotlib takes what stands between dollar signs for mathematics."""
    return text.replace("$", r"\$")
