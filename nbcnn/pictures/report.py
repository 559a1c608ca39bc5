"""A report on a run as one HTML page that needs nothing else."""

import json
import math
import re
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from nbcnn.pictures.contents import contents
from nbcnn.pictures.source import AnyPath
from nbcnn.training.events import OnEvent
from nbcnn.weights.files import write_atomically

SCRIPTS = ("elements", "curves", "network", "units", "findings", "page")
"""In the order in which they are needed."""


def write_report(run: Path, out: Path, data_dir: AnyPath | None, report: OnEvent) -> None:
    """Write the page on a run; raises what `contents` raises, and NbcnnError where it cannot be written."""
    write_atomically(out, page(contents(run, data_dir, report)).encode())


def page(found: dict[str, Any]) -> str:
    """The page: its script draws the values, as text and never as markup."""
    folder = files(__package__) / "page"
    # "</script>" and "<!--" would end or change the element that the values stand in.
    values = json.dumps(_finite(found), ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace(
        "<", "\\u003c"
    )
    texts = {
        "TITLE": escape(f"{found['name']} ({found['run']})"),
        "STYLE": (folder / "page.css").read_text("utf-8"),
        "VALUES": values,
        "SCRIPT": "\n".join((folder / f"{name}.js").read_text("utf-8") for name in SCRIPTS),
    }
    # Cut once, so that nothing that is put in is taken for a marker.
    pieces = re.split(f"@({'|'.join(texts)})@", (folder / "page.html").read_text("utf-8"))
    return "".join(texts[piece] if number % 2 else piece for number, piece in enumerate(pieces))


def _finite(value: Any) -> Any:
    """JSON has no infinities."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {name: _finite(each) for name, each in value.items()}
        case list() | tuple():
            return [_finite(each) for each in value]
    return value
