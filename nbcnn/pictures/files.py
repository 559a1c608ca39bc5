"""Where pictures and pages may be written, asked before there is any work for them."""

from collections.abc import Sequence
from pathlib import Path

from nbcnn.errors import InputError


def check_out(path: Path, endings: Sequence[str] = ()) -> None:
    """Raises InputError for a place where no file can be made, and for a name without one of `endings`, if any."""
    if endings and path.suffix.lower() not in endings:
        *others, last = endings
        raise InputError(
            f"out: {path}: a name that ends in {', '.join(others)}{' or ' * bool(others)}{last} is expected; give it "
            f"{'one of these endings' if others else 'this ending'}"
        )
    if path.is_dir() or not path.parent.is_dir():
        what = "this is a folder" if path.is_dir() else f"there is no folder {path.parent}"
        raise InputError(f"out: {path}: a file in a folder that is there is expected, {what}; choose another out")
