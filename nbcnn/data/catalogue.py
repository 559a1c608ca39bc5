"""From the `source` of a spec to a data set: a name of this catalogue, or a file or folder, told by its looks."""

import difflib
import os
import shlex
from pathlib import Path

from nbcnn.data import cifar, class_folders, digits, fashion_mnist, hdf5, idx, mnist, npz, published, text_table
from nbcnn.data.dataset import Shape, Splits
from nbcnn.data.download import Progress
from nbcnn.data.images import Resize
from nbcnn.errors import DataError
from nbcnn.reach import end_of, is_within, named_folders

COLLECTIONS = {module.COLLECTION.name: module.COLLECTION for module in (mnist, fashion_mnist)}
NAMES = ("digits", *COLLECTIONS, *cifar.COLLECTIONS)


def load(
    source: str,
    data_dir: Path | None = None,
    *,
    base: Path | None = None,
    is_named: bool = True,
    input_shape: Shape | None = None,
    resize: Resize | None = None,
    skip_unreadable: bool = False,
    on_progress: Progress | None = None,
) -> Splits:
    """The data set that `source` names.

    `source`: "digits", "mnist", "fashion-mnist", "cifar10", "cifar100", or the path, relative to `base` (a spec's
    folder; else the working directory), of an .npz, .h5, .hdf5, .csv or .tsv file, of a folder with IDX files named as
    MNIST's or with CIFAR's, or of one with a folder of images for each class; `resize` and `skip_unreadable` are for
    images. `is_named` says whether the user has named the source himself: the path that a file gives may lead into the
    folder of that file, the working directory and the data directory alone. A name wins over a path: write "./mnist"
    for a folder of that name. `data_dir` holds, or will hold, the named data sets, each in a folder of its name; None
    means NBCNN_DATA or the user's cache. With `input_shape`, (channels, *space), images without a channel axis or with
    the channels last are brought into that shape; `check` says whether they have it. `on_progress` hears of downloads,
    and of images read. Raises DataError.
    """
    if source == "digits":
        return digits.load()
    if source in COLLECTIONS:
        return published.load(COLLECTIONS[source], data_dir, input_shape, on_progress)
    if source in cifar.COLLECTIONS:
        return cifar.load(source, data_dir, on_progress)
    path = (base or Path()) / os.path.expanduser(source)
    if not is_named and not is_within(path, named_folders(base, data_dir)):
        words = [shlex.quote(str(each)[:1000]) for each in (source, path, end_of(path).parent)]
        raise DataError(
            f"data source {source[:200]!r}: it leads out of {str(base or Path())!r}, where the file that says so lies, "
            f"and of the folder that you work in; if that is meant, name it yourself: --data-dir {words[2]}, or "
            f"--set data.source={words[0]} for a spec and --data {words[1]} for eval"
        )
    try:
        if path.is_dir():
            if cifar.fits(path):
                return cifar.load_folder(path, data_dir)
            if input_shape is None or idx.find(path) or not any(each.is_dir() for each in path.iterdir()):
                return idx.load_folder(path, input_shape, data_dir)
            return class_folders.load_folder(
                path,
                input_shape,
                resize=resize,
                skip_unreadable=skip_unreadable,
                on_progress=on_progress,
                data_dir=data_dir,
            )
        exists = path.exists()
    except (OSError, ValueError):  # a folder without rights, a name too long, a NUL character
        exists = False
    if exists:
        if path.suffix.lower() in text_table.SEPARATORS and input_shape is not None:
            return text_table.load_file(
                path, input_shape, resize=resize, skip_unreadable=skip_unreadable, on_progress=on_progress
            )
        if path.suffix.lower() in hdf5.ENDINGS:
            return hdf5.load_file(path, input_shape)
        if path.suffix != ".npz":
            raise DataError(
                f"{path}: an .npz, .h5, .csv or .tsv file or a folder is expected; convert it with numpy.savez"
            )
        return npz.load_file(path, input_shape)
    near = difflib.get_close_matches(source.lower().replace("_", "-"), NAMES, n=1)
    cure = f'did you mean "{near[0]}"?' if near else "check the path"
    raise DataError(
        f"data source {source[:200]!r}: one of {', '.join(NAMES)}, or an existing .npz, .h5, .csv or .tsv file or a "
        f"folder is expected, and there is no {str(path.absolute())[:1000]!r}; {cure}"
    )
