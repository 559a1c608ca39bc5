"""A part of the campaigns of hostile specs and data files; `NBCNN_HOSTILE=1000` is all that docs/trust.md tells of."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COUNT = os.environ.get("NBCNN_HOSTILE", "100")


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="measures children as Linux tells of them")
@pytest.mark.parametrize("script", ["hostile_specs.py", "hostile_data.py"])
def test_hostile_files_are_refused_cheaply(script):
    if script == "hostile_data.py":
        pytest.importorskip("PIL")
    command = [sys.executable, ROOT / "tools" / "trust" / script, "--count", COUNT]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
