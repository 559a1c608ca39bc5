"""Where compiled code and data lie."""

import os
import shutil
import warnings

from nbcnn.errors import DataError
from nbcnn.examination.findings import Problem, Section
from nbcnn.kernels.cpu.compiling.entries import SUFFIX, is_sound
from nbcnn.kernels.cpu.compiling.folders import folders
from nbcnn.machine.memory import gibibytes

_LITTLE_ROOM = 100 << 20
_OURS = "let NBCNN_CACHE name a folder that only you can write to"


def cache() -> Section:
    """The folders of compiled code, and whether what is in them would be loaded."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they say what the problems here say
        found = folders()
    facts, problems = {}, [Problem("warning", reason, _OURS) for reason in found.refused]
    for folder in found.read:
        entries = [*folder.glob(f"*{SUFFIX}")]
        damaged = sum(not is_sound(path) for path in entries)
        size = sum(path.stat().st_size for path in entries)
        state = "all sound" if not damaged else f"{damaged} damaged, which count as missing"
        use = "" if folder == found.written else ", read only"
        facts["read from" if folder != found.written else "kept in"] = str(folder) + use
        facts["entries" if folder == found.written else "entries there"] = f"{len(entries)}, {gibibytes(size)}, {state}"
    if found.written is None:
        problems.append(Problem("warning", "compiled code can be kept nowhere: every start compiles anew", _OURS))
    else:
        free = shutil.disk_usage(found.written).free
        facts["room on the disk"] = gibibytes(free)
        if free < _LITTLE_ROOM:
            problems.append(Problem("warning", f"the disk of the cache has {gibibytes(free)} left", "make room"))
        former = [path for path in found.written.parent.glob("kernels-*") if path != found.written]
        facts["of other versions"] = f"{len(former)} folders, removed when nobody has used them for 30 days"
    return Section("cache", facts, (*problems,))


def data() -> Section:
    """The folder of the named data sets, and which of them are there."""
    from nbcnn.data.named import named_data
    from nbcnn.data.published import data_directory

    try:
        folder = data_directory(None)
    except DataError:
        homeless = Problem("warning", "there is no home folder to keep data sets in", "set NBCNN_DATA")
        return Section("data", {}, (homeless,))
    there = [each.name for each in named_data() if each.on_disk]
    facts = {"folder": str(folder), "data sets": ", ".join(there)}
    problems = []
    nearest = next(each for each in (folder, *folder.parents) if each.exists())
    if not nearest.is_dir():
        problems.append(Problem("error", f"{nearest} is no folder", "let NBCNN_DATA name one"))
    elif not os.access(nearest, os.W_OK | os.X_OK):
        facts["folder"] += ", read only"
    return Section("data", facts, (*problems,))
