"""The shipped specs that stand by themselves, as starts for specs of one's own.

They are those of the folder `specs` of the repository, which are installed beside this package's code.
"""

import difflib
from pathlib import Path

from nbcnn.errors import InputError
from nbcnn.spec.reader import read, read_text

_ROOM = Path(__file__).parents[1]


def names() -> dict[str, str]:
    """Names of all templates with the first sentence of their comments."""
    return {path.stem: _description(path) for path in sorted(_folder().glob("*.toml")) if _stands_alone(path)}


def text_of(name: str) -> str:
    """The text of a template; raises InputError for a name that there is not."""
    known = names()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        cure = f'the nearest is "{near[0]}"' if near else "`nbcnn new --list` has them"
        raise InputError(f"template {name!r}: there is none of this name among {len(known)}; {cure}")
    return read_text(_folder() / f"{name}.toml")


def _folder() -> Path:
    # A checkout that is not installed has them at its top.
    installed = _ROOM / "templates"
    return installed if installed.is_dir() else _ROOM.parent / "specs"


def _stands_alone(path: Path) -> bool:
    return "extends" not in read(path)[0]


def _description(path: Path) -> str:
    lines = []
    for line in read_text(path).splitlines():
        if not line.startswith("#") or line == "#":
            break
        lines.append(line.lstrip("# "))
    return " ".join(lines).partition(". ")[0].rstrip(".")
