"""Fuzz the spec loader or the weights reader, guided by coverage, with atheris (pip install atheris).

    python tools/trust/fuzz.py spec --minutes 30
    python tools/trust/fuzz.py weights --minutes 30

Inputs that reach new code are kept in the folder --corpus, and an input that ends in an exception other than an error
of nbcnn's own, in more than a minute or in 2 GB is kept beside it; --replay plays one again. `--minimise`
picks the fewest inputs, of these and those in tests/fuzz, that reach the same code.
"""

import argparse
import hashlib
import logging
import pkgutil
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from types import FrameType

import atheris

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "tests" / "fuzz"
TARGETS = ("spec", "weights")
ROOMS = ("layers", "spec", "network", "lint", "weights")
SECONDS = 60
MEGABYTES = 2048
LONGEST = 4096
"""Bytes of an input."""
MOST_SECONDS = 0.1
"""Of an input to keep, so that playing all of them again takes seconds."""
WORD = re.compile(rb"[A-Za-z_][A-Za-z0-9_]+")


Step = tuple[str, int, int]
TraceFunction = Callable[[FrameType, str, object], object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", type=Path, help="Folder of what is found.  [default: a new one]")
    parser.add_argument("--minimise", type=Path, metavar="FOLDER", help="Write the fewest inputs into a new folder.")
    parser.add_argument("--replay", type=Path, help="Play this input only.")
    given = parser.parse_args()
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    with atheris.instrument_imports(include=["nbcnn", "tomllib"], enable_loader_override=False):
        from fuzz_targets import TARGETS as targets

        for room in ROOMS:  # modules that are else imported when they are wanted, without being instrumented
            for module in pkgutil.iter_modules([str(ROOT / "nbcnn" / room)]):
                import_module(f"nbcnn.{room}.{module.name}")
    target = targets[given.target]
    logging.disable()
    if given.replay:
        target(given.replay.read_bytes())
        return
    if given.minimise:
        minimise(target, [*(KEPT / given.target).iterdir(), *given.corpus.iterdir()], given.minimise)
        return
    corpus = given.corpus or Path(tempfile.mkdtemp(prefix=f"nbcnn-fuzz-{given.target}-"))
    corpus.mkdir(exist_ok=True)
    options = [f"-timeout={SECONDS}", f"-rss_limit_mb={MEGABYTES}", f"-max_len={LONGEST}", f"-seed={given.seed}"]
    words = {word for path in (KEPT / given.target).iterdir() for word in WORD.findall(path.read_bytes())}
    dictionary = corpus.with_name(f"{corpus.name}.words")
    dictionary.write_bytes(b"".join(b'"%s"\n' % word for word in sorted(words)))
    options.append(f"-dict={dictionary}")
    print(f"corpus: {corpus}", flush=True)
    options += [
        f"-max_total_time={round(60 * given.minutes)}",
        f"-artifact_prefix={corpus}.",
        "-print_final_stats=1",
    ]
    options += [str(corpus), str(KEPT / given.target)]
    atheris.Setup([sys.argv[0], *options], target)
    atheris.Fuzz()


def minimise(target: Callable[[bytes], None], inputs: Iterable[Path], folder: Path) -> None:
    """Write those that go from a line of nbcnn to another as no shorter one before does, the slow ones left out."""
    folder.mkdir()
    known: set[Step] = set()
    for path in sorted(inputs, key=lambda path: path.stat().st_size):
        data = path.read_bytes()
        began = time.process_time()
        target(data)
        if time.process_time() - began > MOST_SECONDS:
            continue
        steps = steps_of(target, data)
        if not steps <= known:
            known |= steps
            (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    print(f"{len(list(folder.iterdir()))} inputs, {len(known)} steps from line to line: {folder}")


def steps_of(target: Callable[[bytes], None], data: bytes) -> set[Step]:
    """Every step from one line of a function to another."""
    found: set[Step] = set()

    def on_call(frame: FrameType, event: str, argument: object) -> TraceFunction | None:
        file = frame.f_code.co_filename
        if "/nbcnn/" not in file:
            return None
        last = 0

        def on_line(frame: FrameType, event: str, argument: object) -> TraceFunction:
            nonlocal last
            found.add((file, last, frame.f_lineno))
            last = frame.f_lineno
            return on_line

        return on_line

    sys.settrace(on_call)
    try:
        target(data)
    finally:
        sys.settrace(None)
    return found


if __name__ == "__main__":
    main()
