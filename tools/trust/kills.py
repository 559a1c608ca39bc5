"""Kills training runs at random instants, half of them while a file is being saved, and goes on to the end.

    python tools/trust/kills.py --count 200 --seed 0

Every run must come to the bits of a run that nobody killed: model.h5, weights, buffers, optimiser, averages and state
in last.h5, history and test figures. A run that goes on may be killed again. SIGKILL comes from a timer of the kernel
(Linux, with a C library), so that it hits an instant within a save also on a busy machine.
"""

import argparse
import ctypes
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

from small_run import Process, differences

from nbcnn.weights import files


def note_writes(notes: Path) -> None:
    """Have this process note how many seconds it takes to write each of its files, a line for each."""
    write = files._write

    def timed(path: Path, data: bytes) -> None:
        began = time.perf_counter()
        write(path, data)
        with notes.open("a", encoding="utf-8") as lines:
            lines.write(f"{time.perf_counter() - began}\n")

    files._write = timed


def kill_in(seconds: float) -> None:
    """Have the kernel send this process SIGKILL after so many seconds."""
    library = ctypes.CDLL(None, use_errno=True)
    event = (ctypes.c_int * 16)(0, 0, signal.SIGKILL, 0)  # sigevent: a value of 8 bytes, the signal, SIGEV_SIGNAL
    timer = ctypes.c_void_p()
    whole, rest = divmod(max(seconds, 1e-6), 1)
    # itimerspec: no interval, and the time until then.
    times = (ctypes.c_long * 4)(0, 0, int(whole), int(rest * 1e9))
    if library.timer_create(time.CLOCK_MONOTONIC, event, ctypes.byref(timer)) or library.timer_settime(
        timer, 0, times, None
    ):
        raise OSError(ctypes.get_errno(), "no timer")


def kill_in_a_save(number: int, seconds: float) -> None:
    """Have this process killed so many seconds after it has begun to write its file of this number, counted from 1."""
    name, begun = files._beside, 0

    def begin(path: Path) -> Path:
        nonlocal begun
        begun += 1
        if begun == number:
            kill_in(seconds)
        return name(path)

    files._beside = begin


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200, help="kills in all  [default: 200]")
    parser.add_argument("--seed", type=int, default=0, help="of the instants  [default: 0]")
    arguments = parser.parse_args()
    draw, counts = random.Random(arguments.seed), Counter[str]()
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder, "whole")
        notes = Path(folder, "writes")
        # Kernels are compiled in the first.
        prepare: Callable[[], object] = bool
        for out in (Path(folder, "warm"), whole):
            began = time.perf_counter()
            code, text = Process(out, prepare=prepare).wait()
            seconds = time.perf_counter() - began
            if code:
                sys.exit(f"the run that is not killed: {text}")
            prepare = partial(note_writes, notes)
        writes = [float(line) for line in notes.read_text().splitlines()]
        print(f"a run takes {seconds:.1f} s, of which {sum(writes):.3f} s to write {len(writes)} files", flush=True)
        while counts["kills"] < arguments.count:
            counts["runs"] += 1
            out = Path(folder, f"run-{counts['runs']}")
            out.mkdir()
            code, text, wanted = -signal.SIGKILL, "", True
            while code == -signal.SIGKILL:
                has_checkpoint = any((out / name).exists() for name in ("last.h5", "last.previous.h5"))
                options = ["--threads", str(draw.randint(1, 2)), *["--resume"] * has_checkpoint]
                prepare = bool
                if wanted and counts["kills"] < arguments.count:
                    prepare = partial(kill_in, draw.uniform(0, seconds))
                    if counts["kills"] % 2:
                        number = draw.randint(1, len(writes))
                        prepare = partial(kill_in_a_save, number, draw.uniform(0, writes[number - 1]))
                code, text = Process(out, *options, prepare=prepare).wait()
                if code == -signal.SIGKILL:
                    counts["kills"] += 1
                    counts["aimed at saves"] += counts["kills"] % 2 == 0
                    counts["in a save"] += any(out.glob(".*.partial"))
                    counts["before the first checkpoint"] += not (out / "last.h5").exists()
                    counts["of a run that went on"] += has_checkpoint
                    wanted = draw.random() < 0.5
                    if counts["kills"] % 20 == 0:
                        print(f"{counts['kills']} kills of {counts['runs']} runs, {failures} failed", flush=True)
            wrong = [f"exit code {code}: {text[-500:]}"] if code else differences(whole, out)
            failures += bool(wrong)
            if wrong:
                print(f"run {counts['runs']}: {', '.join(wrong)}", flush=True)
    print(
        f"{counts['kills']} kills of {counts['runs']} runs: {counts['aimed at saves']} aimed at saves, "
        f"{counts['in a save']} while a file was being written, {counts['of a run that went on']} of runs killed "
        f"before, {counts['before the first checkpoint']} before the first checkpoint; {counts['runs'] - failures} "
        f"runs came to the same bits, {failures} failed"
    )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
