"""The processor, the threads that compute on it, memory, and what there is of a GPU."""

import math
import os
from pathlib import Path

from nbcnn.errors import NbcnnError
from nbcnn.examination.findings import Problem, Section
from nbcnn.kernels.cpu.language.lanes import lane_count
from nbcnn.machine import cores
from nbcnn.machine.memory import available_bytes, gibibytes, memory_and_swap_bytes, memory_bytes
from nbcnn.machine.processor import processor_features, processor_name

# By what kernels make use of.
_FEATURES = {
    "FMA": ("fma",),
    "AVX2": ("avx2",),
    "AVX-512": ("avx512f",),
    "VNNI": ("avx512_vnni", "avx512vnni", "avx_vnni", "avxvnni"),
    "NEON": ("asimd", "neon"),
}
_SCARCE = 1 << 30


def processor() -> Section:
    """What it is called and can do, and how many samples therefore ride in one register."""
    features = processor_features()
    has = [name for name, words in _FEATURES.items() if features & {*words}]
    lanes = lane_count()
    wanted = os.environ.get("NBCNN_LANES")
    why = f"NBCNN_LANES={wanted}" if wanted else "what its registers hold of float32"
    problems = []
    if wanted and lanes > (most := 16 if "AVX-512" in has else 8 if "AVX2" in has else 4):
        text = f"NBCNN_LANES={wanted}, this processor's registers hold {most}: all is slow"
        problems.append(Problem("warning", text, "unset it"))
    facts = {"name": processor_name(), "features": ", ".join(has) or "none that help", "lanes": f"{lanes}, {why}"}
    return Section("processor", facts, (*problems,))


def threads() -> Section:
    """How many threads compute and why, and how Numba runs them."""
    quota = cores.quota()
    facts = {
        "cores": f"{os.cpu_count()} of the machine, {cores.affinity()} for this process",
        "quota": "none" if math.isinf(quota) else f"{quota:.2g} cores' time",
    }
    try:
        facts["threads"] = f"{cores.usual_threads()}, {_why(quota)}"
        cores.thread_count()
    except NbcnnError as error:
        message, _, cure = str(error).rpartition("; ")
        return Section("threads", facts, (Problem("error", message, cure),))
    import numba

    layer = facts["threading layer"] = numba.threading_layer()
    problems = []
    if layer == "workqueue":
        text = "Numba's threading layer is workqueue, which ends the process when two Python threads use Numba at once"
        problems.append(Problem("warning", text, "install OpenMP (libgomp), or pip install tbb"))
    return Section("threads", facts, (*problems,))


def _why(quota: float) -> str:
    for variable in (cores.OURS, cores.NUMBAS):
        if (wanted := cores.wanted(variable)) is not None:
            return f"{variable}={wanted}"
    return "one a core" if quota >= cores.affinity() else "by the quota"


def memory() -> Section:
    """What the machine has, this process may use, and is free."""
    limit, most, available = memory_bytes(), memory_and_swap_bytes(), available_bytes()
    if limit is None or most is None:
        return Section("memory", {"total": "this system does not tell"})
    facts = {"for this process": gibibytes(limit), "with swap": gibibytes(most)}
    problems = []
    if available is not None:
        facts["free now"] = gibibytes(available)
        if available < _SCARCE:
            problems.append(Problem("warning", f"{gibibytes(available)} of memory are free", "end other programs"))
    return Section("memory", facts, (*problems,))


def gpu() -> Section:
    """What NVIDIA's driver shows."""
    found = [_gpu_name(folder) for folder in sorted(Path("/proc/driver/nvidia/gpus").glob("*"))]
    return Section("gpu", {"NVIDIA": ", ".join(found) or "none found", "used": "no, nbcnn computes on the CPU"})


def _gpu_name(folder: Path) -> str:
    lines = (folder / "information").read_text(errors="replace").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("Model")), folder.name)
