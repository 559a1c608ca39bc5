"""`extends = "base.toml"`: a file that says only what differs from another."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from nbcnn.layers.problems import Code, Problem
from nbcnn.reach import end_of, is_within, named_folders
from nbcnn.spec.diagnostics import Diagnostic, InvalidSpec
from nbcnn.spec.paths import move_existing
from nbcnn.spec.places import MOST_OF_A_PATH, echo, printable, typed
from nbcnn.spec.reader import most_bytes, read
from nbcnn.spec.sources import Source, Sources

KEY = "extends"
MOST_FILES = 16


def read_whole(path: Path, text: str | None = None) -> tuple[dict[str, Any], tuple[Source, ...]]:
    """The tables of a spec file, put over those of the file that it extends, and so on; and these files, in that order.

    Tables merge, lists and values replace; a path of data counts from the folder of the file that it stands in. `text`
    is read in the place of what the first file holds. Raises InvalidSpec for what `read` refuses, and for files that
    extend one another in a circle, or lead out of the folders that the user has named.
    """
    document, source = read(path, text)
    files, documents, sources = [path], [document], [source]
    folders = named_folders(path.parent)
    while KEY in documents[-1]:
        base = documents[-1].pop(KEY)
        if not isinstance(base, str) or not base:
            rule = f"expected the path of a file, relative to this one, received {echo(base)}"
            raise _invalid(Code.WRONG_VALUE, rule, f'such as {KEY} = "base.toml"', sources[-1])
        files.append(files[-1].parent / base)
        if not is_within(files[-1], folders):
            rule = f"{printable(base, MOST_OF_A_PATH)} leads out of the spec's folder, and of the one that you work in"
            raise _invalid(Code.UNREADABLE, rule, _cure(files[-1], path.parent), sources[-1])
        document, source = _read_base(files[-1], sources[-1])
        documents.append(document)
        if not _same(files[-1].parent, path.parent):
            move_existing(document, files[-1].parent, path.parent)
        if any(_same(files[-1], file) for file in files[:-1]):
            rule = f"the files extend one another: {' > '.join(map(str, files))}"
            raise _invalid(Code.CYCLE, rule, "one of them must stand on its own", sources[-1])
        if len(files) > MOST_FILES:
            raise _invalid(
                Code.TOO_LARGE, f"more than {MOST_FILES} files extend one another", "join some of them", sources[0]
            )
        sources.append(source)
        of_kind = sum(len(each.text) for each in sources if each.is_json or not source.is_json)
        if of_kind > most_bytes(source.is_json):
            rule = "files that extend one another are together larger than a single one may be"
            raise _invalid(Code.TOO_LARGE, rule, "leave out what is not needed", sources[0])
    whole = documents.pop()
    while documents:
        whole = _merged(whole, documents.pop())
    return whole, tuple(sources)


def _read_base(base: Path, extending: Source) -> tuple[dict[str, Any], Source]:
    try:
        return read(base)
    except InvalidSpec as error:
        (found,) = error.diagnostics
        if found.code is not Code.UNREADABLE:
            raise
        raise _invalid(found.code, f"{base}: {found.message}", found.help or "", extending) from None


def _cure(base: Path, folder: Path) -> str:
    """What to type, unless the two have but the root in common: to work in that names nothing."""
    cure = "copy it there"
    with suppress(OSError, ValueError):  # where there is no working folder; on another drive
        both = os.path.commonpath([end_of(base).parent, end_of(folder)])
        if both != os.path.dirname(both) and (folder_to_type := typed(os.path.relpath(both))):
            cure = f"copy it there, or work in a folder that holds both: cd {folder_to_type}"
    return cure


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        below = merged.get(key)
        both = isinstance(below, dict) and isinstance(value, dict)
        merged[key] = _merged(below, value) if both else value  # type: ignore[arg-type]
    return merged


def _same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()


def _invalid(code: Code, rule: str, cure: str, source: Source) -> InvalidSpec:
    return InvalidSpec(Sources((source,)).locate([Diagnostic.at((KEY,), Problem(code, rule, cure))]))
