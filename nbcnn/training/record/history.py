"""history.csv and history.jsonl: one row an epoch, appended while the run goes on.

The rows that count are those in last.h5, which is written as one piece. A run that is resumed writes both files anew
from there, so that rows of epochs that are run again, or half a row from a crash, do not stay.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from nbcnn.errors import NbcnnError
from nbcnn.training.events import EpochRecord
from nbcnn.weights.files import read_whole, write_atomically

CSV = "history.csv"
JSONL = "history.jsonl"

_MEASURED = {"val_metrics": "val_", "train_metrics": "train_"}
"""Fields of a record that are figures by name, and what begins the names of their columns."""
_OWN = tuple(field.name for field in fields(EpochRecord) if field.name not in _MEASURED)
"""Fields of a record that are columns by themselves."""


def write_history(folder: Path, records: Iterable[EpochRecord], measured: Mapping[str, Sequence[str]]) -> None:
    """Both files anew with these rows, whose fields of figures by name have the `measured` ones.

    Raises NbcnnError where they cannot be written.
    """
    rows = [row_of(record) for record in records]
    columns = [*_OWN, *(prefix + name for field, prefix in _MEASURED.items() for name in measured.get(field, ()))]
    write_atomically(folder / CSV, "".join(map(_csv_line, [columns, *(row.values() for row in rows)])).encode())
    write_atomically(folder / JSONL, "".join(map(_json_line, rows)).encode())


def append_history(folder: Path, record: EpochRecord) -> None:
    """One more row in both files; raises NbcnnError where they cannot be written."""
    row = row_of(record)
    for name, line in ((CSV, _csv_line(row.values())), (JSONL, _json_line(row))):
        try:
            with (folder / name).open("a", encoding="utf-8", newline="") as file:
                file.write(line)
        except OSError as error:
            raise NbcnnError(
                f"{folder / name}: the file cannot be written ({error.strerror or error}); make room, then --resume"
            ) from None


def written_lines(folder: Path) -> list[bytes]:
    """The lines of history.jsonl, but for a last one without an end, which a run may be writing at this moment."""
    *lines, _ = read_whole(folder / JSONL).split(b"\n")
    return lines


def row_of(record: EpochRecord) -> dict[str, Any]:
    """The record with a column of its own for every metric, `val_f1` and so on."""
    row = asdict(record)
    for field, prefix in _MEASURED.items():
        row |= {prefix + name: value for name, value in row.pop(field).items()}
    return row


def record_of(row: Mapping[str, Any]) -> EpochRecord:
    """The record of a row; raises TypeError for anything else."""
    if not all(value is None or type(value) in (int, float) for value in row.values()):
        raise TypeError("numbers are expected")
    own = {name: row[name] for name in _OWN if name in row}
    others = row.keys() - own.keys()
    measured: dict[str, Any] = {
        field: {name.removeprefix(prefix): row[name] for name in row if name in others and name.startswith(prefix)}
        for field, prefix in _MEASURED.items()
    }
    return EpochRecord(**own, **measured)


def _csv_line(values: Iterable[Any]) -> str:
    """None becomes an empty field."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()


def _json_line(row: dict[str, Any]) -> str:
    return json.dumps(row, allow_nan=False) + "\n"
