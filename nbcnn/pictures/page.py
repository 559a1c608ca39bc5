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


def write_report(run: Path, out: Path, data_dir: AnyPath | None, report: OnEvent) -> None:
    """Write the page on a run; raises what `contents` raises, and NbcnnError where it cannot be written."""
    write_atomically(out, page(contents(run, data_dir, report)).encode())


def page(found: dict[str, Any]) -> str:
    """The page: its script draws the values, as text and never as markup."""
    parts = {name: files(__package__).joinpath(f"page.{name}").read_text("utf-8") for name in ("html", "css", "js")}
    # "</script>" and "<!--" would end or change the element that the values stand in.
    values = json.dumps(_finite(found), ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace(
        "<", "\\u003c"
    )
    texts = {
        "TITLE": escape(f"{found['name']} ({found['run']})"),
        "STYLE": parts["css"],
        "VALUES": values,
        "SCRIPT": parts["js"],
    }
    # Cut once, so that nothing that is put in is taken for a marker.
    pieces = re.split(f"@({'|'.join(texts)})@", parts["html"])
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
