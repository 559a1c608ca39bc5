"""What the processor calls itself, and what it can do."""

import platform
from contextlib import suppress
from pathlib import Path


def processor_name() -> str:
    """Such as "Intel(R) Xeon(R) Platinum 8481C"; where the system does not tell, its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def processor_features() -> set[str]:
    """What this machine's first core can do, in words that Linux and LLVM share."""
    with suppress(OSError), open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
        for line in lines:
            name, _, words = line.partition(":")
            if name.strip() == "flags":
                return set(words.split())
    # Loading LLVM takes longer than laying out a small network.
    import llvmlite.binding as llvm

    return {name for name, is_there in llvm.get_host_cpu_features().items() if is_there}
