"""The rule on where the paths of a spec lead."""

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from nbcnn.layers.problems import Code
from nbcnn.lint.graph import Graph
from nbcnn.lint.rules import Finding, rule
from nbcnn.lint.surroundings import KNOWN_DATA
from nbcnn.reach import is_within
from nbcnn.spec.places import printable

MOST_CHARACTERS = 100
"""Of a path in a message."""


@rule(Code.OUT_OF_REACH, "warning", "A path that training refuses to follow")
def out_of_reach(graph: Graph) -> Iterator[Finding]:
    """What a file names may be a stranger's choice, and leads into folders that the user has named alone."""
    spec, folders = graph.spec, graph.surroundings.folders
    if spec.file is None or folders is None:
        return
    base = Path(spec.file).parent
    paths = {
        ("data", "source"): spec.data and spec.data.source,
        ("pretrained", "weights"): spec.pretrained and spec.pretrained.weights,
    }
    for path, written in paths.items():
        is_named = any(path[: len(each)] == each for each in spec.overridden)
        if not written or written in KNOWN_DATA or is_named:
            continue
        if not is_within(base / os.path.expanduser(written), (base, *folders)):
            where = printable(written, MOST_CHARACTERS)
            states = f"{where} leads out of the folder of the spec, the one that you work in and that of your data"
            option = f"--set {'.'.join(path)}={printable(shlex.quote(written), MOST_CHARACTERS)}"
            yield Finding(path, states, (f"if that is meant, name it yourself: {option}",))
