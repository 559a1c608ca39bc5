"""Twins: every reference function has a CPU kernel of the same name in the same file, with the same argument names."""

import inspect
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

import nbcnn.kernels.reference
from examples import EXAMPLES

OPTIMISERS = {"sgd", "adam", "adamw", "rmsprop", "adagrad", "lion"}
# A file whose name starts with an underscore is shared by the references and is no operation.
FILES = sorted(
    path.stem for path in Path(nbcnn.kernels.reference.__file__).parent.glob("*.py") if not path.stem.startswith("_")
)


def public_functions(module) -> dict:
    return {
        name: function
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if not name.startswith("_") and function.__module__ == module.__name__
    }


@pytest.mark.parametrize("file", FILES)
def test_a_file_holds_its_operation_and_its_gradient_and_nothing_else(file: str) -> None:
    functions = public_functions(import_module(f"nbcnn.kernels.reference.{file}"))
    assert set(functions) == ({file} if file in OPTIMISERS else {file, f"{file}_gradient"})


@pytest.mark.parametrize("file", [file for file in FILES if file not in OPTIMISERS])
def test_every_operation_has_an_example(file: str) -> None:
    assert any(example.operation == file for example in EXAMPLES)


@pytest.mark.parametrize("file", [file for file in FILES if file not in OPTIMISERS])
def test_a_gradient_takes_what_its_operation_takes(file: str) -> None:
    module = import_module(f"nbcnn.kernels.reference.{file}")
    forward = list(inspect.signature(getattr(module, file)).parameters.values())
    gradient = list(inspect.signature(getattr(module, f"{file}_gradient")).parameters.values())
    assert [parameter.name for parameter in gradient] == ["dy", forward[0].name, "y", *(p.name for p in forward[1:])]
    assert [p.kind for p in gradient[3:]] == [p.kind for p in forward[1:]]


@pytest.mark.parametrize("file", FILES)
def test_cpu_twin(file: str) -> None:
    if file in OPTIMISERS and find_spec(f"nbcnn.kernels.cpu.{file}") is None:
        pytest.skip("the CPU's optimisers are not in files of their own")
    ours = public_functions(import_module(f"nbcnn.kernels.reference.{file}"))
    twin = import_module(f"nbcnn.kernels.cpu.{file}")
    for name, function in ours.items():
        first, *names = inspect.signature(getattr(twin, name)).parameters
        assert first == "program"
        assert names == list(inspect.signature(function).parameters)
