"""How much memory the machine has, and this process may use."""

import os
from pathlib import Path

from nbcnn.machine.control_groups import ROOT, groups, read


def memory_bytes(root: Path = ROOT) -> int | None:
    """The machine's memory, or less where control groups leave less; None where the system does not tell.

    Control groups are Linux's, of version 2 (memory.max) or 1 (memory.limit_in_bytes); `root` is where / is.
    """
    if (installed := installed_bytes()) is None:
        return None
    limits = (
        read(group / file).strip()
        for group in groups("memory", root)
        for file in ("memory.max", "memory.limit_in_bytes")
    )
    return min([installed, *(int(limit) for limit in limits if limit.isdigit())])


def installed_bytes() -> int | None:
    """The machine's memory, whoever may use it; None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None
