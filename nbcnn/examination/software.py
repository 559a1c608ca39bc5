"""Python, the libraries that nbcnn stands on, and those of its optional parts."""

import importlib
import platform
import sys
from collections.abc import Mapping
from importlib import metadata

import nbcnn as package
from nbcnn.examination.findings import Problem, Section

_LIBRARIES = ("numpy", "numba", "llvmlite", "h5py", "pydantic", "click", "rich")
# Extras, and what they install: distributions, by what for.
_EXTRAS = {
    "image": (("Pillow",), "reading and writing images"),
    "plot": (("matplotlib",), "nbcnn plot and report"),
    "sklearn": (("scikit-learn",), "estimators for scikit-learn"),
    "tensorboard": (("tensorboardX",), "train --tensorboard"),
    "lsp": (("pygls", "lsprotocol"), "nbcnn lsp, for editors"),
}


def nbcnn() -> Section:
    """The version of nbcnn, of Python and of the system."""
    return Section(
        "nbcnn",
        {
            "version": package.__version__,
            "installed in": str(package.__path__[0]),
            "Python": f"{platform.python_version()} ({platform.python_implementation()}), {sys.executable}",
            "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        },
    )


def libraries() -> Section:
    """Versions of the libraries that nbcnn needs; they are loaded, since a broken one has a version, too."""
    facts, problems = {}, []
    for name in _LIBRARIES:
        try:
            library = importlib.import_module(name)
            facts[name] = metadata.version(name)
            if name == "h5py":
                facts["HDF5"] = library.version.hdf5_version
        # A library that does not fit the system raises what it likes.
        except Exception as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            facts[name] = "missing" if isinstance(error, ModuleNotFoundError) and error.name == name else "broken"
            cure = f"pip install --force-reinstall {name}"
            problems.append(Problem("error", f"{name} cannot be loaded: {reason}", cure))
    return Section("libraries", facts, (*problems,))


def extras() -> Section:
    """Optional parts, and what installs those that are missing."""
    return Section("extras", {name: _extra(name, *each) for name, each in _EXTRAS.items()})


def _extra(name: str, distributions: tuple[str, ...], purpose: str) -> str:
    found: Mapping[str, str | None] = {each: _version(each) for each in distributions}
    if all(found.values()):
        return f"{', '.join(f'{each} {version}' for each, version in found.items())}: {purpose}"
    return f"not installed: {purpose}; pip install 'nbcnn[{name}]'"


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
