"""A new spec file, which never takes another one's place."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from nbcnn.errors import InputError
from nbcnn.spec.templates import text_of

if TYPE_CHECKING:
    from nbcnn.data import Progress

DEFAULT = "digits"
"""The template whose data come with nbcnn."""


def new(
    path: Path, template: str | None, data: str | None, data_dir: Path | None, on_progress: "Progress | None"
) -> str:
    """Write the file and return its text; raises InputError as `nbcnn.new` says."""
    if template is not None and data is not None:
        raise InputError(f"a template or data are expected, received {template!r} and {data!r}; leave one of them out")
    if path.suffix.lower() != ".toml":
        raise InputError(f"{path}: a name that ends in .toml is expected; write {path.with_suffix('.toml')}")
    if path.exists():
        raise _taken(path)
    text = text_of(template or DEFAULT) if data is None else _drafted(path, data, data_dir, on_progress)
    try:
        with path.open("x", encoding="utf-8", errors="replace", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise _taken(path) from None
    except OSError as error:
        raise InputError(f"{path}: the file cannot be written ({error.strerror}); choose another place") from None
    return text


def _taken(path: Path) -> InputError:
    return InputError(f"{path}: there is a file already, and nothing is overwritten; choose another name")


def _drafted(path: Path, data: str, data_dir: Path | None, on_progress: "Progress | None") -> str:
    # They bring NumPy, for which a template need not wait.
    from nbcnn.data import NAMES
    from nbcnn.data.looking import look
    from nbcnn.spec.drafting import draft
    from nbcnn.spec.paths import moved_path

    found = look(data, data_dir, on_progress)
    source = data if data in NAMES else moved_path(os.path.expanduser(data), Path(), path.parent)
    return draft(found, source, path.stem)
