"""The data sets that go by a name: what they are, and whether they are on this machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nbcnn.data import cifar, digits, idx
from nbcnn.data.catalogue import COLLECTIONS, NAMES, load
from nbcnn.data.dataset import Splits
from nbcnn.data.download import Progress
from nbcnn.data.published import data_directory
from nbcnn.errors import DataError


@dataclass(frozen=True)
class NamedData:
    """A data set: `description` in a few words, and the `folder` where it lies or will lie, None where it is bundled.

    `on_disk` says whether all its files are there, or its archive; whether they are whole, loading tells.
    """

    name: str
    description: str
    folder: Path | None
    on_disk: bool


def named_data(data_dir: Path | None = None) -> list[NamedData]:
    """All of them; `data_dir` is as for `load`. Raises DataError for a folder that cannot be read."""
    directory = data_directory(data_dir)
    found = [NamedData("digits", digits.DESCRIPTION, None, True)]
    for name, published in COLLECTIONS.items():
        folder = directory / name
        there = published.files.keys() <= (idx.find(folder).keys() if folder.is_dir() else set())
        found.append(NamedData(name, published.description, folder, there))
    for name, each in cifar.COLLECTIONS.items():
        folder = directory / name
        found.append(NamedData(name, each.description, folder, cifar.is_there(folder, each)))
    return found


def get(names: Sequence[str], data_dir: Path | None, on_progress: Progress | None = None) -> dict[str, Splits]:
    """Fetch those of these data sets that are not there, and read all, which verifies them; raises DataError."""
    for name in names:
        if name not in NAMES:
            raise DataError(f"{name[:100]}: there is no data set of this name; choose among {', '.join(NAMES)}")
    return {name: load(name, data_dir, on_progress=on_progress) for name in names}
