"""Modules of benchmarks/, which find each other by lying in one folder."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
if str(BENCHMARKS) not in sys.path:
    sys.path.insert(0, str(BENCHMARKS))

agreement, report, workloads = (import_module(name) for name in ("agreement", "report", "workload"))
NAMES = sorted(path.stem for path in workloads.WORKLOADS.glob("*.toml"))


def workload(name: str) -> Any:
    """The description of a workload from which twins are built."""
    return workloads.Workload.of_spec(workloads.WORKLOADS / f"{name}.toml")
