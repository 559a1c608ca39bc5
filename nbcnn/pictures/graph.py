"""A network drawn as a graph: boxes in rows from the input down, and lines between them.

Rows, order and places as in E. Gansner et al., A technique for drawing directed graphs, 1993, sections 2 to 4, each by
its simplest method: longest paths, mean places of neighbours, and least squares along a row.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from nbcnn.network import INPUT, Network, Node

BOX, ROW, GAP, LINE = (184, 60), 90, 28, 20
"""Width and height of a box, from row to row, between boxes, and the room of a line that passes a row."""
MANY = 150
"""Boxes from which on blocks are drawn as one box."""
MOST = 1500
"""Boxes, or rows that lines pass, that are drawn at all."""
SWEEPS = 8


@dataclass
class Box:
    """Layers that are drawn as one; `layers` are their numbers, none for the input."""

    title: str
    subtitle: str
    shape: tuple[int, ...]
    layers: list[int]
    reads: list[int] = field(default_factory=list)


def graph(network: Network) -> dict[str, Any] | None:
    """JSON-able: width, height, `boxes` with their places and `lines`, each a list of points; None for too many."""
    boxes = _boxes(network)
    if len(boxes) > MOST:
        return None
    rows = [0] * len(boxes)
    for number, box in enumerate(boxes):
        rows[number] = max((rows[each] + 1 for each in box.reads), default=0)
    drawing = _Drawing([BOX[0]] * len(boxes), rows)
    lines = [drawing.line(each, number) for number, box in enumerate(boxes) for each in sorted(set(box.reads))]
    if len(drawing.widths) > len(boxes) + 4 * MOST:
        return None
    places = drawing.placed()
    left = min(place - width / 2 for place, width in zip(places, drawing.widths, strict=True))
    right = max(place + width / 2 for place, width in zip(places, drawing.widths, strict=True))

    def point(item: int, down: int) -> list[float]:
        return [round(places[item] - left, 1), drawing.rows[item] * ROW + down]

    return {
        "width": round(right - left, 1),
        "height": max(rows) * ROW + BOX[1],
        "box": list(BOX),
        "boxes": [
            {
                "x": round(places[number] - left - BOX[0] / 2, 1),
                "y": rows[number] * ROW,
                "title": box.title,
                "subtitle": box.subtitle,
                "shape": list(box.shape),
                "layers": box.layers,
            }
            for number, box in enumerate(boxes)
        ],
        # From the bottom of a box, straight through the rows that the line passes, to the top of another.
        "lines": [
            [
                point(line[0], BOX[1]),
                *(point(item, down) for item in line[1:-1] for down in (0, BOX[1])),
                point(line[-1], 0),
            ]
            for line in lines
        ],
    }


def _boxes(network: Network) -> list[Box]:
    """Functions of single numbers and norms stand in the box of what they read, and in large networks so do blocks."""
    readers = Counter(name for node in network.layers for name in node.inputs)
    homes: list[str] = []
    home: dict[str, str] = {INPUT: INPUT}
    for node in network.layers:
        (source, *others) = node.inputs
        joins = not others and not node.macs and node.input_shapes[0] == node.output_shape
        joins &= readers[source] == 1 and source != INPUT
        home[node.name] = home[source] if joins else node.name
        homes.append(home[node.name])
    while len(set(homes)) > MANY and any("." in each for each in homes):
        deepest = max(each.count(".") for each in homes)
        homes = [each.rpartition(".")[0] if each.count(".") == deepest else each for each in homes]
    numbers = {INPUT: 0} | {name: number for number, name in enumerate(dict.fromkeys(homes), 1)}
    boxes = [Box("input", "", network.input_shape, [])] + [Box(name, "", (), []) for name in dict.fromkeys(homes)]
    box_of = {INPUT: 0} | {node.name: numbers[name] for node, name in zip(network.layers, homes, strict=True)}
    for number, node in enumerate(network.layers):
        box = boxes[box_of[node.name]]
        box.layers.append(number)
        box.shape = node.output_shape
        box.reads += [box_of[each] for each in node.inputs if box_of[each] != box_of[node.name]]
    for box in boxes[1:]:
        box.subtitle = _subtitle([network.layers[number] for number in box.layers])
    return boxes


def _subtitle(nodes: Sequence[Node]) -> str:
    """conv 3 x 3, batch_norm, relu; or how many layers of a block."""
    if sum(node.macs > 0 for node in nodes) > 1:
        return f"{len(nodes)} layers"
    kernel = nodes[0].parameters["weight"].shape[2:] if "weight" in nodes[0].parameters and nodes[0].macs else ()
    first = " ".join([nodes[0].type, " × ".join(map(str, kernel))]).strip()
    return ", ".join([first, *(node.type for node in nodes[1:])])


class _Drawing:
    """Items in rows, boxes and what lines leave free where they pass a row, and who is joined with whom."""

    def __init__(self, widths: list[int], rows: list[int]) -> None:
        self.widths, self.rows = widths, list(rows)
        self._above: list[list[int]] = [[] for _ in widths]
        self._below: list[list[int]] = [[] for _ in widths]

    def line(self, start: int, end: int) -> list[int]:
        """A line from a box to one in a later row, as the items that it joins."""
        items = [start]
        for row in range(self.rows[start] + 1, self.rows[end]):
            items.append(len(self.widths))
            self.widths.append(LINE)
            self.rows.append(row)
            self._above.append([])
            self._below.append([])
        items.append(end)
        for upper, lower in zip(items, items[1:], strict=False):
            self._below[upper].append(lower)
            self._above[lower].append(upper)
        return items

    def placed(self) -> list[float]:
        """The middle of every item."""
        order: list[list[int]] = [[] for _ in range(max(self.rows) + 1)]
        for item, number in enumerate(self.rows):
            order[number].append(item)
        rank = [0.0] * len(self.rows)
        for sweep in range(SWEEPS):
            down = sweep % 2 == 0
            neighbours = self._above if down else self._below
            for row in order if down else reversed(order):
                # Where nothing pulls, an item keeps its place.
                row.sort(key=lambda item: _mean([rank[each] for each in neighbours[item]], rank[item]))
                for place, item in enumerate(row):
                    rank[item] = place - (len(row) - 1) / 2
        places = [0.0] * len(self.rows)
        for sweep in range(SWEEPS):
            down = sweep % 2 == 0
            for row in order if down else reversed(order):
                for item, middle in zip(row, self._settled(row, places, down, sweep), strict=True):
                    places[item] = middle
        return places

    def _settled(self, row: list[int], places: list[float], down: bool, sweep: int) -> list[float]:
        """Places in a row, as near as can be to the mean of their neighbours, without overlap: pooled violators."""
        wanted = []
        for item in row:
            neighbours = (self._above if down else self._below)[item]
            if sweep > 1:
                neighbours = [*self._above[item], *self._below[item]]
            wanted.append(_mean([places[each] for each in neighbours], places[item]))
        offsets = [0.0]
        for left, right in zip(row, row[1:], strict=False):
            offsets.append(offsets[-1] + (self.widths[left] + self.widths[right]) / 2 + GAP)
        pools: list[tuple[float, int]] = []
        for goal, offset in zip(wanted, offsets, strict=True):
            pools.append((goal - offset, 1))
            while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
                (first, count), (second, others) = pools[-2:]
                pools[-2:] = [((first * count + second * others) / (count + others), count + others)]
        shifts = [shift for shift, count in pools for _ in range(count)]
        return [shift + offset for shift, offset in zip(shifts, offsets, strict=True)]


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
