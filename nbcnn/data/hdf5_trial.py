"""Opens an HDF5 file of data, and reads of all arrays the first and the last sample: `python -m` of a child process.

It prints why the file is refused, or nothing; on a damaged one, HDF5 may crash it.
"""

import sys
from pathlib import Path

from nbcnn.data.hdf5 import read_arrays
from nbcnn.data.stored import Stored
from nbcnn.errors import DataError
from nbcnn.machine.confined import confine


def refusal(path: Path) -> str:
    """The message of the DataError that reading the file raises, "" where it raises none."""
    try:
        arrays, _ = read_arrays(path)
        for array in arrays.values():
            if isinstance(array, Stored):
                for number in {0, len(array) - 1}:
                    array[number]
    except DataError as error:
        return str(error)
    return ""


if __name__ == "__main__":
    confine()
    print(refusal(Path(sys.argv[1])).replace(sys.argv[1], sys.argv[2]), end="")
