"""Fuzz the spec loader or the weights reader, guided by coverage, with atheris (pip install atheris).

    python tools/trust/fuzz.py spec --minutes 30
    python tools/trust/fuzz.py weights --minutes 30

Inputs that reach new code are kept in the folder --corpus, and an input that ends in an exception other than an error
of nbcnn's own, in more than a minute or in 2 GB is kept beside it; --replay plays one again. `--minimise` keeps of
all that was found the fewest inputs with the same coverage in tests/fuzz.
"""

import argparse
import logging
import pkgutil
import re
import sys
import tempfile
from importlib import import_module
from pathlib import Path

import atheris

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "tests" / "fuzz"
TARGETS = ("spec", "weights")
ROOMS = ("layers", "spec", "network", "lint", "weights")
SECONDS = 60
MEGABYTES = 2048
LONGEST = 4096
"""Bytes of an input."""
WORD = re.compile(rb"[A-Za-z_][A-Za-z0-9_]+")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", type=Path, help="Folder of what is found.  [default: a new one]")
    parser.add_argument("--minimise", action="store_true", help="Keep the fewest inputs of --corpus in tests/fuzz.")
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
    corpus = given.corpus or Path(tempfile.mkdtemp(prefix=f"nbcnn-fuzz-{given.target}-"))
    corpus.mkdir(exist_ok=True)
    options = [f"-timeout={SECONDS}", f"-rss_limit_mb={MEGABYTES}", f"-max_len={LONGEST}", f"-seed={given.seed}"]
    words = {word for path in (KEPT / given.target).iterdir() for word in WORD.findall(path.read_bytes())}
    dictionary = corpus.with_name(f"{corpus.name}.words")
    dictionary.write_bytes(b"".join(b'"%s"\n' % word for word in sorted(words)))
    options.append(f"-dict={dictionary}")
    if given.minimise:
        options += ["-merge=1", str(KEPT / given.target), str(corpus)]
    else:
        print(f"corpus: {corpus}", flush=True)
        options += [
            f"-max_total_time={round(60 * given.minutes)}",
            f"-artifact_prefix={corpus}.",
            "-print_final_stats=1",
        ]
        options += [str(corpus), str(KEPT / given.target)]
    atheris.Setup([sys.argv[0], *options], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
