"""Data sets that their authors publish as four IDX files: looked for on disk, else fetched."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from nbcnn.data import idx
from nbcnn.data.dataset import Shape, Splits
from nbcnn.data.download import Progress, fetch
from nbcnn.errors import DataError
from nbcnn.reach import DATA, data_folder


@dataclass(frozen=True)
class PublishedFile:
    """One of the four files: name, size in bytes and SHA-256 as published, and the SHA-256 of what it unpacks to."""

    name: str
    size: int
    sha256: str
    content_sha256: str


@dataclass(frozen=True)
class Collection:
    """A data set's name, what it is, and its classes.

    `files` are by part and content, as `idx.find` has them; `folders` are those to fetch from by HTTPS.
    """

    name: str
    description: str
    classes: tuple[str, ...]
    files: dict[tuple[str, str], PublishedFile]
    folders: tuple[str, ...]


def data_directory(argument: Path | None) -> Path:
    """Where named data sets lie: the argument, else the folder of the user's data; raises DataError without a home."""
    if (folder := argument or data_folder()) is None:
        raise DataError(f"data: you have no home folder to keep data sets in; name a folder by --data-dir or {DATA}")
    return folder


def fetch_named(
    name: str,
    path: Path,
    urls: Iterable[str],
    size: int,
    sha256: str,
    on_progress: Progress | None,
    *,
    together: Iterable[str],
) -> None:
    """Fetches a file of the data set `name` into its folder; the DataError names all that belong there, `together`."""
    try:
        fetch(urls, path, size, sha256, on_progress)
    except DataError as error:
        raise DataError(
            f"{name}: {path.name} is not in {path.parent} and could not be fetched: {error}; place "
            f"{', '.join(together)} in that folder, or name the data directory that has a folder {name} by --data-dir "
            "or NBCNN_DATA"
        ) from None


def load(
    collection: Collection, data_dir: Path | None, input_shape: Shape | None, on_progress: Progress | None = None
) -> Splits:
    """The data set from <data directory>/<its name>/, its files plain or gzip; what is missing there is fetched.

    A name stands for the published data: files with other content are refused. Raises DataError.
    """
    folder = data_directory(data_dir) / collection.name
    found = idx.find(folder) if folder.is_dir() else {}
    for key, file in collection.files.items():
        if key in found:
            continue
        path, names = folder / file.name, [each.name for each in collection.files.values()]
        urls = [base + file.name for base in collection.folders]
        fetch_named(collection.name, path, urls, file.size, file.sha256, on_progress, together=names)
        found[key] = path
    parts = {}
    for part in ("train", "test"):
        images, labels = (part, "images"), (part, "labels")
        digests = (collection.files[images].content_sha256, collection.files[labels].content_sha256)
        parts[part] = idx.pair(found[images], found[labels], input_shape, digests)
    return Splits(parts["train"], parts["test"], None, collection.classes)
