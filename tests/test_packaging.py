"""What is installed is what is in the tree, and what the README prints is what runs."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import nbcnn

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
README = (ROOT / "README.md").read_text()


def test_every_room_is_packaged() -> None:
    rooms = {path.parent.relative_to(ROOT).as_posix().replace("/", ".") for path in (ROOT / "nbcnn").rglob("*.py")}
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == rooms | {"nbcnn_cli", "nbcnn.templates"}
    assert all((ROOT / room.replace(".", "/") / "__init__.py").exists() for room in rooms)


def test_one_version() -> None:
    assert nbcnn.__version__ == PROJECT["project"]["version"]
    assert f"## {nbcnn.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_readme_prints_the_two_commands() -> None:
    section = README.split("## Two commands")[1].split("\n## ")[0]
    assert re.findall(r"^\$ (pip install .*)$", section, re.MULTILINE) == [
        "pip install . && nbcnn train specs/digits.toml",
        "pip install '.[test]' && pytest -n 2 --dist loadfile",
    ]


def test_readme_shows_what_validate_prints() -> None:
    """A block that begins with `$ nbcnn validate SPEC` shows what it prints; errors are tested in tests/cli."""
    blocks = re.findall(r"```console\n\$ nbcnn (validate specs/\S+)\n(.*?)```", README, re.DOTALL)
    assert blocks
    for command, printed in blocks:
        run = subprocess.run(
            [sys.executable, "-m", "nbcnn_cli", *command.split()], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert _anywhere(run.stdout) == _anywhere(printed)


def _anywhere(printed: str) -> str:
    """Without what training takes, which depends on the machine's lanes and threads."""
    return re.sub(r"memory: \S+ \S+ to train", "memory: ... to train", printed)


def test_readme_python_runs(tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert blocks
    shutil.copytree(ROOT / "specs", tmp_path / "specs")
    program = "\n".join(blocks)
    run = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("path", sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").glob("*.md")), ids=lambda p: p.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
        assert (path.parent / target).exists(), target


@pytest.mark.skipif(shutil.which("pip") is None, reason="needs pip")
def test_wheel_holds_the_package_the_command_and_the_digits(tmp_path: Path) -> None:
    """Built from a copy, since setuptools leaves a build folder behind; without a network."""
    pytest.importorskip("setuptools", minversion="77")
    source = tmp_path / "source"
    ignored = shutil.ignore_patterns(".*", "*.egg-info", "build", "runs", "__pycache__", "tests", "docs", "benchmarks")
    shutil.copytree(ROOT, source, ignore=ignored)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", tmp_path, source],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("nbcnn-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"nbcnn", "nbcnn_cli"}
    expected = {path.relative_to(ROOT).as_posix() for path in (ROOT / "nbcnn").rglob("*.py")}
    expected |= {f"nbcnn_cli/{path.name}" for path in (ROOT / "cli").glob("*.py")}
    expected |= {path.relative_to(ROOT).as_posix() for path in (ROOT / "nbcnn/explanations").glob("*.md")}
    expected |= {f"nbcnn/templates/{path.name}" for path in (ROOT / "specs").glob("*.toml")}
    expected |= {path.relative_to(ROOT).as_posix() for path in (ROOT / "nbcnn/pictures/page").iterdir()}
    expected |= {"nbcnn/py.typed", "nbcnn/data/digits.npz", "nbcnn/data/digits-NOTICE.txt"}
    assert expected <= names
