"""What loads what: the promises of a quick start, and a house without litter."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = ("numba", "llvmlite", "h5py")
# Modules of the CPU's kernels that are there to compile.
COMPILES = ("cache", "compiler_process", "compiling", "helpers", "vector_types")


def loaded_by(program: str) -> set[str]:
    """Top-level modules that a fresh interpreter has loaded after running `program`."""
    report = "\nimport sys; print('LOADED', *{name.partition('.')[0] for name in sys.modules})"
    run = subprocess.run(
        [sys.executable, "-c", program + report], cwd=ROOT, capture_output=True, text=True, check=True, timeout=300
    )
    return set(run.stdout.rpartition("LOADED")[2].split())


def test_import_is_light() -> None:
    assert not loaded_by("import nbcnn").intersection((*HEAVY, "numpy", "pydantic", "rich"))


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["validate", "--help"], ["train", "--help"]])
def test_help_is_light(arguments: list[str]) -> None:
    program = f"from nbcnn_cli.main import main\ntry: main({arguments})\nexcept SystemExit: pass"
    assert not loaded_by(program).intersection((*HEAVY, "numpy", "pydantic", "rich"))


def test_validate_is_light() -> None:
    """For every spec that is shipped, in one process, and in every format."""
    specs = sorted(path.name for path in (ROOT / "specs").glob("*.toml"))
    formats = [(specs[0], each) for each in ("json", "markdown", "github", "sarif")]
    program = (
        "import sys\nfrom nbcnn_cli.main import main\n"
        f"for spec, output in {[*((each, 'text') for each in specs), *formats]}:\n"
        "    try: main(['validate', f'specs/{spec}', '--format', output])\n"
        "    except SystemExit: pass\n"
        "    assert not {'numba', 'h5py'}.intersection(sys.modules), (spec, output)\n"
        "assert not {'nbcnn_cli.train', 'nbcnn.training.events'}.intersection(sys.modules)"
    )
    assert "numpy" in loaded_by(program)


@pytest.mark.parametrize(
    "verb",
    [
        ["rf", "specs/resnet18.toml", "--layer", "layer1.0.conv1"],
        ["diff", "specs/resnet18.toml", "specs/resnet34.toml"],
    ],
)
def test_what_needs_no_arrays_is_light(verb: list[str]) -> None:
    program = f"from nbcnn_cli.main import main\ntry: main({verb})\nexcept SystemExit as end: assert end.code in (0, 1)"
    assert not loaded_by(program).intersection(("numba", "h5py"))


def test_comparing_runs_is_light() -> None:
    assert not loaded_by("import nbcnn.training.comparison").intersection(HEAVY)


def test_the_linter_is_light() -> None:
    assert not loaded_by("import nbcnn.lint").intersection((*HEAVY, "numpy", "rich"))


def test_the_function_train_is_not_hidden_by_a_room() -> None:
    program = "import nbcnn.training.run, nbcnn.api; assert nbcnn.train is nbcnn.api.train and callable(nbcnn.train)"
    assert "numba" in loaded_by(program)


def test_kernels_are_declared_without_numba() -> None:
    """Their modules take its decorators and types from `later`, so that `validate` can lay out any network."""
    program = (
        "import pkgutil, importlib, nbcnn.kernels.cpu as cpu\n"
        "for each in pkgutil.walk_packages(cpu.__path__, cpu.__name__ + '.'):\n"
        f"    if each.name.rpartition('.')[2] not in {COMPILES}: importlib.import_module(each.name)"
    )
    assert "numba" not in loaded_by(program)
