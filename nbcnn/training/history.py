"""history.csv and history.jsonl: one row an epoch, appended while the run goes on.

The rows that count are those in last.h5, which is written as one piece. A run that is resumed writes both files anew
from there, so that rows of epochs that are run again, or half a row from a crash, do not stay.
"""

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from nbcnn.errors import NbcnnError
from nbcnn.training.events import EpochRecord
from nbcnn.weights.files import write_atomically

CSV = "history.csv"
JSONL = "history.jsonl"
COLUMNS = [field.name for field in fields(EpochRecord)]


def write_history(folder: Path, records: Iterable[EpochRecord]) -> None:
    """Both files anew with these rows; raises NbcnnError where they cannot be written."""
    rows = [asdict(record) for record in records]
    write_atomically(folder / CSV, (_csv_line(COLUMNS) + "".join(_csv_line(row.values()) for row in rows)).encode())
    write_atomically(folder / JSONL, "".join(map(_json_line, rows)).encode())


def append_history(folder: Path, record: EpochRecord) -> None:
    """One more row in both files; raises NbcnnError where they cannot be written."""
    row = asdict(record)
    for name, line in ((CSV, _csv_line(row.values())), (JSONL, _json_line(row))):
        try:
            with (folder / name).open("a", encoding="utf-8", newline="") as file:
                file.write(line)
        except OSError as error:
            raise NbcnnError(
                f"{folder / name}: the file cannot be written ({error.strerror or error}); make room, then --resume"
            ) from None


def _csv_line(values: Iterable[Any]) -> str:
    """None becomes an empty field."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()


def _json_line(row: dict[str, Any]) -> str:
    return json.dumps(row, allow_nan=False) + "\n"
