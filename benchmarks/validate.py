"""What `nbcnn validate` takes as a process: wall time, processor time and peak memory, and how much of it are imports.

usage: python benchmarks/validate.py [--rounds N] [SPEC...], by default the specs below, some that are refused, and one
of 10,000 layers. Rounds are interleaved with two reference commands, the bare interpreter and what no spec can do
without (pydantic with one model, click), so that a busy machine is seen in their lines too. Medians, and the least.
The compiled modules are those of a first run that does not count, as an installation has them.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
SPECS = ("lenet5", "digits", "resnet50", "resnet152", "densenet121", "efficientnet_b0", "preact_resnet1001")
INPUT = "[input]\nshape = [3, 32, 32]\n"
CONV = '[[layers]]\ntype = "conv"\nout_channels = 8\nkernel_size = 3\npadding = 1\n'
MADE = {
    "10,000 layers": INPUT + CONV * 10_000,
    "10^12 units": INPUT + '[[layers]]\ntype = "flatten"\n[[layers]]\ntype = "linear"\nout_features = 1000000000000\n',
    "10^12 elements": INPUT + CONV.replace("= 8", "= 16777216").replace("padding = 1\n", "") * 2,
    "a repeat of 10^9": INPUT + '[[layers]]\ntype = "block"\nblock = "b"\nrepeat = 1000000000\n'
    '[[blocks.b.layers]]\ntype = "relu"\n',
    "blocks of blocks, 10^9 layers": INPUT
    + '[[layers]]\ntype = "block"\nblock = "a"\nrepeat = 1000\n'
    + '[[blocks.a.layers]]\ntype = "block"\nblock = "b"\nrepeat = 1000\n'
    + '[[blocks.b.layers]]\ntype = "block"\nblock = "c"\nrepeat = 1000\n[[blocks.c.layers]]\ntype = "relu"\n',
}
MODEL = "\nfrom pydantic import BaseModel\nclass A(BaseModel):\n a: int"
REFUSED = [*MADE][1:]
VALIDATE = "from nbcnn_cli.main import main; main(['validate', {!r}])"
IMPORTED = (
    "import time; begin = time.perf_counter(); import nbcnn_cli.main, nbcnn.api, numpy, nbcnn.plan.memory; "
    "print(time.perf_counter() - begin)"
)
FUNCTION = (
    "import time; from nbcnn import api; api.validate({0!r}); begin = time.perf_counter(); api.validate({0!r}); "
    "print(time.perf_counter() - begin)"
)


def measure(program: str, ends_with: int) -> tuple[float, float, float]:
    """Seconds of wall time, seconds of processor time and MiB at most of one process, which must end as it should."""
    begin = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) != ends_with:
        raise SystemExit(f"ended with {os.waitstatus_to_exitcode(status)}: {program}")
    return time.perf_counter() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def told(program: str, rounds: int) -> float:
    """The median of what a program prints."""
    command = [sys.executable, "-c", program]
    runs = [subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True) for _ in range(rounds)]
    return statistics.median(float(run.stdout) for run in runs)


def row(name: str, values: Sequence[tuple[float, float, float]]) -> str:
    wall, busy, memory = zip(*values, strict=True)
    columns = [*(f"{statistics.median(each):8.3f}{min(each):8.3f}" for each in (wall, busy)), f"{max(memory):8.0f}"]
    return f"{name:32}{''.join(columns)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("specs", nargs="*")
    parser.add_argument("--rounds", type=int, default=11)
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PYTHONPYCACHEPREFIX"] = folder
        paths = {Path(each).stem: str(Path(each).resolve()) for each in options.specs}
        if not paths:
            paths = {name: str(ROOT / "specs" / f"{name}.toml") for name in SPECS}
            for name, text in MADE.items():
                path = Path(folder) / f"{len(paths)}.toml"
                path.write_text(text, encoding="utf-8")
                paths[name] = str(path)
        programs = {
            "python": "pass",
            "and click, pydantic, one model": f"import click{MODEL}",
            "and numpy": f"import click, numpy{MODEL}",
            **{name: VALIDATE.format(path) for name, path in paths.items()},
        }
        found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in programs}
        for number in range(options.rounds + 1):
            for name, program in programs.items():
                taken = measure(program, 2 if name in REFUSED else 0)
                if number:
                    found[name].append(taken)
        print(f"{'':32}{'wall, s':>8}{'least':>8}{'busy, s':>8}{'least':>8}{'MiB':>8}")
        for name, values in found.items():
            print(row(name, values))
        print(f"all imports of a valid spec: {told(IMPORTED, options.rounds):.3f} s")
        for name, path in paths.items():
            print(f"nbcnn.api.validate, {name}: {told(FUNCTION.format(path), 3):.4f} s where it was called before")


if __name__ == "__main__":
    main()
