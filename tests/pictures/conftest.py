"""A run of one epoch, trained once, and a browser where there is one."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hostile import HOSTILE

import nbcnn
from nbcnn.spec import parse

LAYERS = [
    {"type": "conv", "name": "conv1", "out_channels": 4, "kernel_size": 3, "padding": 1, "activation": "relu"},
    {"type": "conv", "name": "left", "from": "conv1", "out_channels": 4, "kernel_size": 1},
    {
        "type": "conv",
        "name": "right",
        "from": "conv1",
        "out_channels": 4,
        "kernel_size": 3,
        "padding": 2,
        "dilation": 2,
    },
    {"type": "add", "name": "sum", "from": ["left", "right"]},
    {"type": "max_pool", "name": "pool", "kernel_size": 2},
    {"type": "flatten"},
    {"type": "linear", "name": "classes", "out_features": 10},
]


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its spec is named as nobody should name one."""
    out = tmp_path_factory.mktemp("pictures") / "run"
    spec = {
        "name": HOSTILE,
        "input": {"shape": [1, 8, 8]},
        "layers": LAYERS,
        "data": {"source": "digits"},
        "train": {"epochs": 2, "batch_size": 64},
    }
    nbcnn.train(parse(spec), out=out)
    return out


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], tuple[str, list[str]]]:
    """Open a page in headless Chromium: what the page is then, as HTML, and what was said on its console."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("no Chromium is installed, in which the page would be opened")

    def opened(path: Path) -> tuple[str, list[str]]:
        profile = tmp_path_factory.mktemp("profile")
        flags = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--enable-logging=stderr",
            "--virtual-time-budget=5000",
            f"--user-data-dir={profile}",
            "--dump-dom",
        ]
        shown = subprocess.run([program, *flags, path.as_uri()], capture_output=True, text=True, timeout=120)
        assert shown.returncode == 0, shown.stderr
        return shown.stdout, re.findall(r".*CONSOLE.*", shown.stderr)

    return opened
