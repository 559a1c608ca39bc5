"""What the processor calls itself."""

import platform
from pathlib import Path


def processor_name() -> str:
    """Such as "Intel(R) Xeon(R) Platinum 8481C"; where the system does not tell, its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
