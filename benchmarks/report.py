"""Results as tables: a row for each contestant, a column for each workload."""

import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
from measuring import Spread, ratio
from peers import CONTESTANTS, NBCNN, NOT_INSTALLED

TARGETS = Path(__file__).with_name("targets.toml")
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
# Multiply-adds of a training step to those forwards: the data gradient and the weight gradient cost as many again.
PASSES = {"training": 3, "inference": 1}
TITLES = {
    "training": "Training, images/s (* the fastest peer)",
    "inference": "Inference at batch 256, images/s (* the fastest peer)",
    "latency": "Latency of one image, microseconds (* the fastest peer)",
    "start": "From the start of a process to the end of its first training step, seconds: cold, then warm",
    "memory": "Peak memory of a training process, MB, and above that with the framework imported",
}

Table = list[list[str]]


def fastest_peer(rates: dict[str, list[float]]) -> str | None:
    """The one with the highest median, of those that took part in as many rounds as nbcnn."""
    rounds = len(rates.get(NBCNN, ()))
    medians = {
        name: Spread.of(values).median for name, values in rates.items() if name != NBCNN and len(values) == rounds
    }
    return max(medians, key=medians.__getitem__, default=None)


def _show_rate(values: list[float], show: Callable[[float], str]) -> str:
    spread = Spread.of(values)
    text = show(spread.median)
    return text if len(values) == 1 else f"{text} ±{50 * (spread.most - spread.least) / spread.median:.0f}%"


def _digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _rates_table(measure: str, workloads: dict[str, Any]) -> tuple[Table, list[str]]:
    """Rates of all, the ratio to the fastest peer with what it must be, the share of sgemm, and how long turns were."""
    columns = {name: found[measure] for name, found in workloads.items() if measure in found}
    if not columns:
        return [], []
    show = (lambda rate: _digits(1e6 / rate)) if measure == "latency" else _digits
    fastest = {name: fastest_peer(found["rates"]) for name, found in columns.items()}
    rows: Table = [["", *(name.upper() for name in columns)]]
    for contestant in CONTESTANTS:
        cells = []
        for name, found in columns.items():
            rates = found["rates"].get(contestant)
            mark = "*" if contestant == fastest[name] else ""
            cells.append(_show_rate(rates, show) + mark if rates else _failed(contestant, found))
        if any(cells):
            rows.append([contestant, *cells])
    ratios = {name: _ratio(found["rates"], fastest[name]) for name, found in columns.items()}
    rows.append(["nbcnn / fastest peer", *(f"{each.median:.2f}" if each else "" for each in ratios.values())])
    rows.append(
        ["least to most", *(f"{each.least:.2f} to {each.most:.2f}" if each else "" for each in ratios.values())]
    )
    targets = tomllib.loads(TARGETS.read_text())[measure]
    places = [int(name.removeprefix("w")) - 1 for name in columns]
    rows.append(["rounds x seconds", *(f"{found['rounds']} x {found['seconds']:g}" for found in columns.values())])
    rows.append(["floor (aim)", *(f"{targets['floor'][each]:g} ({targets['aim'][each]:g})" for each in places)])
    if measure in PASSES:
        for title, names in ((NBCNN, dict.fromkeys(columns, NBCNN)), ("fastest peer", fastest)):
            shares = [_share(found, names[name], PASSES[measure]) for name, found in columns.items()]
            rows.append([f"{title}, share of sgemm", *shares])
    return rows, _errors(columns)


def _ratio(rates: dict[str, list[float]], peer: str | None) -> Spread | None:
    return ratio(rates[NBCNN], rates[peer]) if peer else None


def _share(found: dict[str, Any], name: str | None, passes: int) -> str:
    sgemm, rates = found["sgemm"], found["rates"].get(name, ())
    if not rates or len(rates) != len(sgemm):
        return ""
    reached = [2e-9 * passes * found["macs"] * rate for rate in rates]
    return f"{100 * ratio(reached, sgemm).median:.0f}%"


def _failed(contestant: str, found: dict[str, Any]) -> str:
    error = found["errors"].get(contestant)
    return "" if error is None or error.startswith(NOT_INSTALLED) else "error"


def _errors(columns: dict[str, Any]) -> list[str]:
    """One line for each kind of error, with the workloads that it struck."""
    struck: dict[tuple[str, str], list[str]] = {}
    for name, found in columns.items():
        for contestant, error in found["errors"].items():
            struck.setdefault((contestant, error), []).append(name.upper())
    return [f"{contestant}, {', '.join(names)}: {error}" for (contestant, error), names in struck.items()]


def _show_start(seconds: list[float]) -> str:
    """The first start, and the median of the others."""
    cold, *warm = seconds
    return f"{cold:.1f}, {Spread.of(warm).median:.1f}"


def _show_memory(row: dict[str, int]) -> str:
    return f"{row['peak'] / 1e6:,.0f}, {(row['peak'] - row['imported']) / 1e6:,.0f}"


def _process_table(measure: str, workloads: dict[str, Any], show: Callable[[Any], str]) -> tuple[Table, list[str]]:
    """What was found of processes as a whole, a cell for each."""
    columns = {name: found[measure] for name, found in workloads.items() if measure in found}
    rows: Table = [["", *(name.upper() for name in columns)]]
    for contestant in CONTESTANTS:
        cells = [
            show(found["rows"][contestant]) if contestant in found["rows"] else _failed(contestant, found)
            for found in columns.values()
        ]
        if any(cells):
            rows.append([contestant, *cells])
    return (rows, _errors(columns)) if columns else ([], [])


def _tables(results: dict[str, Any]) -> dict[str, tuple[Table, list[str]]]:
    workloads = dict(sorted(results["workloads"].items()))
    tables = {measure: _rates_table(measure, workloads) for measure in ("training", "inference", "latency")}
    for measure, show in (("start", _show_start), ("memory", _show_memory)):
        tables[measure] = _process_table(measure, workloads, show)
    return {measure: table for measure, table in tables.items() if table[0]}


def as_text(results: dict[str, Any], measures: Sequence[str]) -> str:
    """The tables of these measures in aligned columns, for a terminal."""
    lines = []
    for measure, (rows, errors) in _tables(results).items():
        if measure not in measures:
            continue
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines += ["", TITLES[measure]]
        lines += [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
        ]
        lines += errors
    return "\n".join(lines)


def as_markdown(results: dict[str, Any]) -> str:
    facts = ", ".join(f"{name} {value}" for name, value in results["machine"].items())
    dates = sorted({found["measured"] for each in results["workloads"].values() for found in each.values()})
    lines = [f"Measured {' to '.join(dict.fromkeys((dates[0], dates[-1])))} on: {facts}."]
    for measure, (rows, errors) in _tables(results).items():
        head, *body = rows
        lines += ["", f"### {TITLES[measure]}", "", _row(head), "|---" * len(head) + "|"]
        lines += [_row(row) for row in body]
        lines += ["", *(f"- {error}" for error in errors)] if errors else []
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def write_between_markers(path: Path, text: str) -> None:
    """Replace what lies between the markers of a file; one without them, or a new one, gets them at its end."""
    before, after = path.read_text() if path.exists() else "", ""
    if BEGIN in before:
        before, _, rest = before.partition(BEGIN)
        if END not in rest:
            raise click.ClickException(f"{path}: {BEGIN} without {END} behind it; put it where the tables end")
        after = rest.partition(END)[2]
    path.write_text(f"{before}{BEGIN}\n{text}\n{END}{after or chr(10)}")
