"""Lets the disk fail beneath a training run, at every operation in turn, and goes on with the run afterwards.

    python tools/trust/faults.py                              # every kind of fault at every operation
    python tools/trust/faults.py --kind full --count 20       # twenty operations, drawn by --seed

full         the disk is full from this operation on
error        this operation fails with an I/O error
broken       all operations from this one on do
killed       the process is killed before this operation
torn         the process is killed within it, when half of a write is written
power        the power goes after this operation: every state that the disk may be in then (see power.py)

After an error the command must have ended with one line and exit code 1, or have come to its end where the operation
was of no importance. Then the run goes on by --resume, from last.h5 as it was, and must come to the bits of a run
without a fault; before there is a checkpoint, --resume must say so, and the run starts anew in the same folder.
Needs Linux and a C compiler: faults.c is compiled and loaded before the C library. Runs lie in the folder for temporary
files: with TMPDIR=/dev/shm no real disk slows them down.
"""

import argparse
import ctypes
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from power import Disk, State, read_record
from small_run import SPEC, Process, differences

from nbcnn.errors import WeightsError
from nbcnn.weights import store

KINDS = {"full": 1, "error": 2, "broken": 3, "killed": 4, "torn": 5, "power": 6}
"""As faults.c numbers them; the last one only keeps a record."""

# Less to compute, since it is the files that matter here.
SHORT: dict[str, Any] = {name: table for name, table in SPEC.items() if name != "augment"} | {
    "layers": [*SPEC["layers"][:2], *SPEC["layers"][-2:]],
    "train": SPEC["train"] | {"epochs": 3, "batch_size": 200},
}


def loaded_first() -> ctypes.CDLL:
    """faults.c, beneath this process: where it is not there yet, Python is started again with it."""
    library = os.environ.get("LD_PRELOAD", "")
    if not library.endswith("faults.so"):
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        if compiler is None:
            sys.exit("there is no C compiler; install one, such as by apt-get install gcc")
        library = str(Path(tempfile.mkdtemp(prefix="faults-"), "faults.so"))
        source = Path(__file__).with_name("faults.c")
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, str(source), "-ldl"], check=True)
        os.environ["LD_PRELOAD"] = library
        os.execv(sys.executable, [sys.executable, *sys.argv])
    shutil.rmtree(Path(library).parent)  # it stays loaded
    return ctypes.CDLL(None)


class Faults:
    """Runs with faults, each in a folder of its own inside `folder`."""

    def __init__(self, library: ctypes.CDLL, folder: Path):
        self._library, self._folder = library, folder
        self.whole = folder / "whole" / "run"
        self.counts: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
        record = folder / "record"
        for name in ("warm", "whole"):  # kernels are compiled in the first
            record.unlink(missing_ok=True)
            code, text = self._run(folder / name, partial(self._begin, folder / name, KINDS["power"], 0, record))
            if code:
                sys.exit(f"the run without a fault: {text}")
        self.operations = list(read_record(record))

    def _begin(self, place: Path, kind: int, number: int, record: Path | None = None) -> None:
        descriptor = -1 if record is None else os.open(record, os.O_WRONLY | os.O_CREAT, 0o600)
        self._library.faults_begin(os.fsencode(place), kind, ctypes.c_long(number), descriptor)

    def _run(self, place: Path, prepare: Callable[[], Any] = bool, *options: str) -> tuple[int, str]:
        place.mkdir(exist_ok=True)
        return Process(place / "run", "--threads", "1", *options, spec=SHORT, prepare=prepare).wait()

    def at(self, kind: str, number: int) -> list[str]:
        """What goes wrong with a fault of a kind at an operation."""
        place = self._folder / f"{kind}-{number}"
        code, text = self._run(place, partial(self._begin, place, KINDS[kind], number))
        wrong = []
        if kind in ("killed", "torn"):
            wrong += [f"exit code {code}"] if code != -signal.SIGKILL else []
        elif code == 0:
            self.counts[kind]["came to its end all the same"] += 1
            wrong += differences(self.whole, place / "run")
        else:
            self.counts[kind]["ended with exit code 1 and one line"] += 1
            wrong += _not_one_line(code, text, 1)
        if code != 0:
            wrong += self._go_on(kind, place, expected=None)
        shutil.rmtree(place)
        return wrong

    def _go_on(self, kind: str, place: Path, expected: bool | None) -> list[str]:
        """Go on by --resume where there is a checkpoint, which is `expected` or not, None where that is not known."""
        there = [name for name in ("last.h5", "last.previous.h5") if _is_sound(place / "run" / name)]
        if expected and not there:
            return ["the checkpoint is lost"]
        if there:
            self.counts[kind]["resumed"] += 1
            code, text = self._run(place, bool, "--resume")
            if code or f"going on from {place / 'run' / there[0]}, " not in text:
                return [f"--resume from {there[0]}: exit code {code}: {text[-300:]}"]
            if kind != "power" and "; " in text.partition("going on from")[2].splitlines()[0]:
                return ["the newest checkpoint is damaged"]
        else:
            self.counts[kind]["had no checkpoint yet and were started anew"] += 1
            code, text = self._run(place, bool, "--resume")
            if wrong := _not_one_line(code, text, 2) or ([] if "to resume" in text else [text]):
                return wrong
            code, text = self._run(place)
            if code:
                return [f"started anew: exit code {code}: {text[-300:]}"]
        return differences(self.whole, place / "run")

    def after_power_cuts(self, draw: random.Random, count: int | None) -> Iterator[tuple[str, list[str]]]:
        """Every state of the disk after every operation, or so many of them; each with what goes wrong."""
        root = str(self.whole.parent)
        disk, has_checkpoint, found = Disk(root), False, {}
        for number, (operation, path, data) in enumerate(self.operations, 1):
            disk.do(operation, path, data)
            for least, state in enumerate(disk.states()):
                # The least is what is sure.
                has_checkpoint |= least == 0 and f"{root}/run/last.h5" in state
                digest = _digest(state)
                if digest not in found:
                    found[digest] = (f"after operation {number}", state, has_checkpoint)
        self.counts["power"]["states of the disk"] = len(found)
        chosen = list(found.values())
        if count is not None:
            chosen = draw.sample(chosen, min(count, len(chosen)))
        for words, state, expected in chosen:
            place = self._folder / "power"
            _lay_out(state, root, place)
            yield words, self._go_on("power", place, expected)
            shutil.rmtree(place)


def _not_one_line(code: int, text: str, expected: int) -> list[str]:
    said = [line for line in text.splitlines() if line.startswith("nbcnn: ")]
    wrong = [f"exit code {code}: {text[-300:]}"] if code != expected else []
    if len(said) != 1 or text.splitlines()[-1] != said[0] or "Traceback" in text or "bug in nbcnn" in text:
        wrong.append(f"not one line: {text[-500:]}")
    return wrong


def _is_sound(path: Path) -> bool:
    try:
        store.load(path)
    except WeightsError:
        return False
    return True


def _digest(state: State) -> str:
    digest = hashlib.sha256()
    for path, content in sorted(state.items()):
        digest.update(f"{path}:{'folder' if content is None else len(content)}:".encode() + (content or b""))
    return digest.hexdigest()


def _lay_out(state: State, root: str, place: Path) -> None:
    place.mkdir()
    for path, content in sorted(state.items()):
        target = place / Path(path).relative_to(root)
        if content is None:
            target.mkdir()
        else:
            target.write_bytes(content)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=KINDS, action="append", help="one or more  [default: all]")
    parser.add_argument("--count", type=int, help="cases of each kind  [default: every one]")
    parser.add_argument("--seed", type=int, default=0, help="of the cases, where these are not all  [default: 0]")
    arguments = parser.parse_args()
    library = loaded_first()
    draw, failed, done = random.Random(arguments.seed), Counter[str](), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        faults = Faults(library, Path(folder))
        print(f"{len(faults.operations)} operations in a run", flush=True)

        def tell(kind: str, words: str, wrong: list[str]) -> None:
            done[kind] += 1
            failed[kind] += bool(wrong)
            if wrong:
                print(f"{kind} {words}: {'; '.join(wrong)}", flush=True)

        for kind in arguments.kind or KINDS:
            if kind == "power":
                for words, wrong in faults.after_power_cuts(draw, arguments.count):
                    tell(kind, words, wrong)
            else:
                numbers = list(range(1, len(faults.operations) + 1))
                if arguments.count is not None:
                    numbers = sorted(draw.sample(numbers, min(arguments.count, len(numbers))))
                for number in numbers:
                    operation, path, _ = faults.operations[number - 1]
                    tell(kind, f"at operation {number}, {operation} {Path(path).name}", faults.at(kind, number))
            counts = ", ".join(f"{count} {what}" for what, count in faults.counts[kind].items())
            print(f"{kind}: {done[kind]} cases: {counts}; {failed[kind]} failed", flush=True)
    print(f"{done.total()} faults in a run of {len(faults.operations)} operations: {failed.total()} failed")
    return 1 if failed.total() else 0


if __name__ == "__main__":
    sys.exit(main())
