"""The rule on where the paths of a spec lead."""

import os
from collections.abc import Iterator
from pathlib import Path

from nbcnn.layers.problems import Code
from nbcnn.lint.graph import Graph
from nbcnn.lint.rules import Finding, rule
from nbcnn.lint.surroundings import KNOWN_DATA
from nbcnn.reach import is_within
from nbcnn.spec.paths import PATHS, is_overridden
from nbcnn.spec.places import MOST_OF_A_PATH, printable, typed


@rule(Code.OUT_OF_REACH, "warning", "A path that training refuses to follow")
def out_of_reach(graph: Graph) -> Iterator[Finding]:
    """What a file names may be a stranger's choice, and leads into folders that the user has named alone."""
    spec, folders = graph.spec, graph.surroundings.folders
    if spec.file is None or folders is None:
        return
    base = Path(spec.file).parent
    for table, key in PATHS:
        written = getattr(getattr(spec, table), key, None)
        if written is None or written in KNOWN_DATA or is_overridden(spec, table, key):
            continue
        if not is_within(base / os.path.expanduser(written), (base, *folders)):
            where = printable(written, MOST_OF_A_PATH)
            states = f"{where} leads out of the folder of the spec, the one that you work in and that of your data"
            option = f"--set {table}.{key}={typed(written) or '...'}"
            yield Finding((table, key), states, (f"if that is meant, name it yourself: {option}",))
