"""How much memory the machine has, this process may use, and nobody uses now."""

import os
import warnings
from collections.abc import Iterator
from pathlib import Path

from nbcnn.errors import InputError, NbcnnWarning
from nbcnn.machine.control_groups import ROOT, groups, read

# So much is there wherever Python runs, and to look takes longer than to take it.
_LITTLE = 16 << 20


def memory_bytes(root: Path = ROOT) -> int | None:
    """The machine's memory, or less where control groups leave less; None where the system does not tell.

    Control groups are Linux's, of version 2 (memory.max) or 1 (memory.limit_in_bytes); `root` is where / is.
    """
    if (installed := installed_bytes()) is None:
        return None
    return min([installed, *(limit for _, limit in _limits(root))])


def installed_bytes() -> int | None:
    """The machine's memory, whoever may use it; None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def memory_and_swap_bytes(root: Path = ROOT) -> int | None:
    """What this process may have at most, on disk or not; None where the system does not tell."""
    if (installed := installed_bytes()) is None:
        return None
    swap = _facts(root / "proc/meminfo").get("SwapTotal", 0)
    most = installed + swap
    for group, limit in _limits(root):
        on_disk = _number(group / "memory.swap.max")
        both = _number(group / "memory.memsw.limit_in_bytes")
        most = min(most, limit + (swap if on_disk is None else min(swap, on_disk)), *(() if both is None else (both,)))
    return most


def available_bytes(root: Path = ROOT) -> int | None:
    """What can be taken now before something else must go; None where the system does not tell.

    Files that the system keeps in memory go at once, and count as free.
    """
    if (least := _facts(root / "proc/meminfo").get("MemAvailable")) is None:
        return None
    for group, limit in _limits(root):
        used = next(
            (
                used
                for name in ("memory.current", "memory.usage_in_bytes")
                if (used := _number(group / name)) is not None
            ),
            0,
        )
        facts = _facts(group / "memory.stat")
        files = sum(facts.get(f"total_{name}", facts.get(name, 0)) for name in ("active_file", "inactive_file"))
        least = min(least, max(0, limit - max(0, used - files)))
    return least


def held_bytes() -> int:
    """What this process holds in memory now; 0 where the system does not tell."""
    return _facts(Path("/proc/self/status")).get("VmRSS", 0)


def refuse_too_large(needed: int, what: str, cure: str) -> None:
    """Refuse to take so many bytes where there can never be as many; raises InputError.

    Linux hands out memory that it does not have, and ends the process when it is written to.
    """
    if needed < _LITTLE or (most := memory_and_swap_bytes()) is None or needed + (held := held_bytes()) <= most:
        return
    raise InputError(
        f"{what} takes {gibibytes(needed)} beside the {gibibytes(held)} in use, this process can have "
        f"{gibibytes(most)}; {cure}"
    )


def warn_of_scarcity(needed: int, what: str, cure: str) -> None:
    """Warn where so many bytes are not free now."""
    if needed < _LITTLE or (available := available_bytes()) is None or needed <= available:
        return
    warnings.warn(
        f"{what} takes {gibibytes(needed)}, {gibibytes(available)} of memory are free now, and the system may end this "
        f"process; end other programs, or {cure}",
        NbcnnWarning,
        stacklevel=2,
    )


def gibibytes(size: int) -> str:
    """A size as people read it: 23.4 GiB, 512.0 MiB."""
    return f"{size / 2**30:,.1f} GiB" if size >= 2**30 else f"{size / 2**20:,.1f} MiB"


def _limits(root: Path) -> Iterator[tuple[Path, int]]:
    """The groups that limit memory, and to what."""
    for group in groups("memory", root):
        for name in ("memory.max", "memory.limit_in_bytes"):
            if (limit := _number(group / name)) is not None:
                yield group, limit


def _number(path: Path) -> int | None:
    text = read(path).strip()
    return int(text) if text.isdecimal() else None


def _facts(path: Path) -> dict[str, int]:
    """The numbers in lines such as "MemTotal:  1234 kB" and "inactive_file 1234", in bytes."""
    facts = {}
    for line in read(path).splitlines():
        name, *words = line.replace(":", " ").split() or [""]
        if words and words[0].isdecimal():
            facts[name] = int(words[0]) * (1024 if words[1:] == ["kB"] else 1)
    return facts
