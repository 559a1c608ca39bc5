"""Write docs/mistakes.md: what PyTorch, Keras, Ludwig, Darknet and nbcnn make of the mistakes in these folders.

    python tools/mistakes/write.py --pytorch PYTHON --keras PYTHON --ludwig PYTHON --darknet BINARY

Each PYTHON is an interpreter that can import the framework, BINARY is Darknet's, in the folder of its repository. nbcnn
is the one of the interpreter that runs this. What is printed goes on the page; what is left out is marked by [...].
"""

import argparse
import os
import platform
import re
import subprocess
import sys
import tempfile
import textwrap
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "mistakes.md"
NAMES = {"pytorch": "PyTorch", "keras": "Keras", "ludwig": "Ludwig", "darknet": "Darknet", "nbcnn": "nbcnn"}
FILES = {
    "pytorch": "in_pytorch.py", "keras": "in_keras.py", "ludwig": "in_ludwig.yaml", "darknet": "in_darknet.cfg",
    "nbcnn": "in_nbcnn.toml",
}  # fmt: skip
LANGUAGES = {".py": "python", ".toml": "toml", ".yaml": "yaml", ".cfg": "ini"}
OMITTED = "[...]"
LOGS = re.compile(r"WARNING: All log messages|[IWE]\d{4} |.*bitsandbytes/|\d{4}-\d\d-\d\d .*tensorflow")
"""What TensorFlow and bitsandbytes say of themselves."""
DEFAULTS = re.compile(
    r"(?!.*filters: )(.*Using default| *OpenCV| *GPU| *CUDA|.*BFLOPS|avg_outputs|mini_batch|Floating Point|backtrace|"
    r"\d+/\d+: )"
)
"""What Darknet takes where nothing is said, sums over the network, and addresses of its functions."""
PATH = re.compile(r"/\S*/(?=[^/\s]+\.(?:py|so))")
MOST_SECONDS = 300
WIDTH = 130
INTRODUCTION = """\
# Mistakes, side by side

What happens to mistakes in networks: what PyTorch, Keras, Ludwig and Darknet print, and what nbcnn prints. Everything
below is what was printed, in full but for `[...]`, by

```console
$ python tools/mistakes/write.py --pytorch PYTHON --keras PYTHON --ludwig PYTHON --darknet BINARY
```

"""
CONDITIONS = """\
The mistakes are the files in [tools/mistakes](../tools/mistakes). Ludwig's are trained for an epoch on 40 random images
by [run_ludwig.py](../tools/mistakes/run_ludwig.py), which then prints the convolutions that Ludwig has made. Darknet's
are read by `darknet ops`, and nbcnn's by `nbcnn validate`, before anything is computed. A dash stands where a framework
leaves no room for the mistake, or where it was not tried; the words of this table are ours. How a process ended that a
signal has ended stands in parentheses.
"""


@dataclass(frozen=True)
class Mistake:
    folder: Path
    title: str
    text: str
    verdicts: dict[str, str]

    @property
    def frameworks(self) -> list[str]:
        return [name for name, file in FILES.items() if (self.folder / file).exists()]


def mistakes() -> list[Mistake]:
    return [
        Mistake(path.parent, **tomllib.loads(path.read_text(encoding="utf-8")))
        for path in sorted(HERE.glob("*/about.toml"))
    ]


def shown(mistake: Mistake, framework: str, program: str) -> str:
    """What the framework prints, shortened."""
    file = mistake.folder / FILES[framework]
    if framework == "nbcnn":
        return nbcnn_prints(file)
    command = {
        "darknet": [program, "ops", str(file)],
        "ludwig": [program, "-W", "ignore", str(HERE / "run_ludwig.py"), str(file)],
    }.get(framework, [program, str(file)])
    code, output = printed(command)
    noise = DEFAULTS if framework == "darknet" else LOGS
    return "\n".join(shortened(output, noise)) + ending(code)


def printed(command: list[str]) -> tuple[int, str]:
    """The exit code and all output of a command, on the CPU alone."""
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "COLUMNS": "100"}
    run = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=MOST_SECONDS, env=environment,
        cwd=tempfile.gettempdir(), errors="replace",
    )  # fmt: skip
    return run.returncode, run.stdout


def nbcnn_prints(file: Path) -> str:
    """The diagnostics alone: the table of a network with warnings is no part of the comparison."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "network.toml").write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
        command = [sys.executable, "-m", "nbcnn_cli", "validate", "network.toml"]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True).stderr.rstrip()


def shortened(output: str, noise: re.Pattern[str]) -> Iterator[str]:
    """The lines that say something, and one mark for each run of others."""
    omitting = in_traceback = False
    for line in output.splitlines():
        in_traceback &= line.startswith(" ")
        if in_traceback or noise.match(line):
            if not omitting:
                yield OMITTED
            omitting = True
        elif line.strip():
            omitting, in_traceback = False, line.startswith("Traceback")
            yield PATH.sub(f"{OMITTED}/", line.rstrip())


def ending(code: int) -> str:
    """How a shell tells of a process that a signal has ended."""
    return f"\n(ended by signal {-code})" if code < 0 else ""


def versions(programs: dict[str, str]) -> str:
    imports = {
        "pytorch": "import torch; print(torch.__version__)",
        "keras": "import keras; print(keras.__version__, 'on', keras.backend.backend())",
        "ludwig": "import ludwig, torch; print(ludwig.__version__, 'on PyTorch', torch.__version__)",
    }
    found = [f"Python {platform.python_version()}"]
    for name, program in programs.items():
        if name == "darknet":
            git = ["git", "-C", str(Path(program).parent), "log", "-1", "--format=%h of %as"]
            version = f"of AlexeyAB, commit {printed(git)[1].strip()}"
        elif name in imports:
            version = printed([program, "-W", "ignore", "-c", imports[name]])[1].strip().splitlines()[-1]
        else:
            continue
        found.append(f"{NAMES[name]} {version}")
    return f"{', '.join(found[:-1])} and {found[-1]}"


def table(all_mistakes: list[Mistake]) -> Iterator[str]:
    yield f"| mistake | {' | '.join(list(NAMES.values())[:-1])} |\n"
    yield "|---" * len(NAMES) + "|\n"
    for mistake in all_mistakes:
        cells = [mistake.verdicts.get(name, "-") for name in list(NAMES)[:-1]]
        yield f"| [{mistake.title}](#{anchor(mistake.title)}) | {' | '.join(cells)} |\n"


def filled(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), WIDTH, break_on_hyphens=False, break_long_words=False)


def anchor(title: str) -> str:
    """As GitHub makes it of a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def section(mistake: Mistake, programs: dict[str, str]) -> Iterator[str]:
    yield f"## {mistake.title}\n\n{filled(mistake.text)}\n"
    for framework in mistake.frameworks:
        file = mistake.folder / FILES[framework]
        heading = "nbcnn, before anything runs" if framework == "nbcnn" else NAMES[framework]
        yield f"**{heading}**\n"
        yield f"```{LANGUAGES[file.suffix]}\n{file.read_text(encoding='utf-8').strip()}\n```\n"
        yield f"```text\n{shown(mistake, framework, programs[framework])}\n```\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in list(NAMES)[:-1]:
        parser.add_argument(f"--{name}", required=True, metavar="BINARY" if name == "darknet" else "PYTHON")
    programs = {"nbcnn": sys.executable} | vars(parser.parse_args())
    found = mistakes()
    parts = [INTRODUCTION, filled(f"with {versions(programs)}. {CONDITIONS}"), "\n\n", *table(found), "\n"]
    for mistake in found:
        print(mistake.title, file=sys.stderr)
        parts.append("\n".join(section(mistake, programs)) + "\n")
    PAGE.write_text("".join(parts).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
