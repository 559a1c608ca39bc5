"""What keeps validating quick, counted and not timed: what is loaded, what is done once, and work in step with size."""

import gc
import sys
from collections.abc import Callable, Hashable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from test_imports import loaded_by

from nbcnn import api
from nbcnn.kernels.cpu.program.program import Program
from nbcnn.plan import memory
from nbcnn.spec.variables import MOST_VALUES

ROOT = Path(__file__).parents[1]
INPUT = "[input]\nshape = [3, 16, 16]\n"
LAYER = '[[layers]]\ntype = "conv"\nout_channels = 3\nkernel_size = 3\npadding = 1\n'
LINEAR = '[[layers]]\ntype = "flatten"\n[[layers]]\ntype = "linear"\nout_features = 1000000000000\n'
MADE_OF_BLOCKS = '[[layers]]\ntype = "block"\nblock = "a"\nrepeat = {}\n[[blocks.a.layers]]\ntype = "relu"\n'


def calls_of(text: str) -> int:
    """Calls of Python functions while a spec is read, built, looked over and put into a report, but not laid out."""
    count = 0

    def counted(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(counted)
    try:
        api.validate("counted.toml", {"train.batch_size": 1}, text=text)
    finally:
        sys.setprofile(None)
    return count


def test_only_the_layers_of_a_spec_are_loaded() -> None:
    program = (
        "from nbcnn import api; api.validate('specs/lenet5.toml')\n"
        "import sys\n"
        "assert 'nbcnn.layers.linear' in sys.modules\n"
        "assert not {'nbcnn.layers.upsample', 'nbcnn.layers.conv_transpose', 'nbcnn.layers.kmax_pool'} & {*sys.modules}"
    )
    assert "nbcnn" in loaded_by(program)


def test_a_plan_is_laid_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The linter and the report both ask for the memory of training."""
    asked = []
    lower = memory.lower_training
    monkeypatch.setattr(memory, "lower_training", lambda *some, **more: asked.append(1) or lower(*some, **more))
    report = api.validate(ROOT / "specs" / "lenet5.toml")
    assert report["totals"]["training_bytes"] and len(asked) == 1


def test_equal_layers_share_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """What tells kernels where their numbers are is computed for the first of them."""
    computed: list[object] = []
    once = Program.once

    def counted(self: Program, key: Hashable, compute: Callable[[], object]) -> object:
        return once(self, key, lambda: (computed.append(key), compute())[1])

    monkeypatch.setattr(Program, "once", counted)
    counts = []
    for layers in (5, 10):
        computed.clear()
        assert api.validate("equal.toml", text=INPUT + LAYER * layers)["totals"]["training_bytes"]
        counts.append(len(computed))
    assert 0 < counts[0] == counts[1]


def test_work_grows_in_step_with_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_MOST_LAYERS", 1)
    calls_of(INPUT + LAYER * 10)  # what is loaded and remembered does not count
    few, many = calls_of(INPUT + LAYER * 100), calls_of(INPUT + LAYER * 400)
    assert few < many < 4.2 * few


def test_work_for_a_spec_that_is_refused_has_bounds() -> None:
    for text in (INPUT + LINEAR, INPUT + MADE_OF_BLOCKS.format(10**9)):
        calls_of(text)  # what is loaded and remembered does not count
        assert calls_of(text) < 2_000
    assert calls_of(INPUT + MADE_OF_BLOCKS.format("10000") * 2) < 10 * MOST_VALUES


def test_what_others_only_name_is_not_loaded() -> None:
    """Pydantic looks for plugins and compares secrets, NumPy pickles and solves equations, but not here."""
    program = (
        "from nbcnn_cli.main import main\n"
        "try: main(['validate', 'specs/lenet5.toml'])\nexcept SystemExit as end: assert end.code == 0\n"
        "import sys; assert not [name for name in sys.modules if 'linalg' in name or 'newdocs' in name]"
    )
    loaded = loaded_by(program)
    assert {"pydantic", "numpy"} <= loaded
    assert not {"email", "zipfile", "hmac", "secrets", "traceback", "pickle", "llvmlite"} & loaded


def test_what_was_put_off_works_afterwards() -> None:
    """For whoever met it first, and whoever asks for it later; plugins that a user wants are found."""
    program = (
        "import os; os.environ['PYDANTIC_DISABLE_PLUGINS'] = 'one'\nfrom nbcnn_cli.main import main\n"
        "try: main(['validate', 'specs/lenet5.toml'])\nexcept SystemExit as end: assert end.code == 0\n"
        "from pydantic import SecretBytes, SecretStr\nfrom pydantic.plugin import _loader\n"
        "import importlib.metadata, secrets\n"
        "assert SecretStr('a') == SecretStr('a') and SecretBytes(b'a') != SecretBytes(b'b')\n"
        "assert importlib.metadata.version('numpy') and secrets.token_hex(2)\n"
        "assert list(_loader.get_plugins()) == [] and type(importlib.metadata).__name__ == 'module'\n"
        "import numpy, pickle\n"
        "assert list(numpy.roots([1, -3, 2])) == [2, 1] and (numpy.asmatrix([[2]]) ** 2).item() == 4\n"
        "assert numpy.linalg.norm([3, 4]) == 5 and issubclass(numpy.linalg.LinAlgError, ValueError)\n"
        "assert pickle.loads(numpy.arange(3).dumps()).tolist() == [0, 1, 2]\n"
    )
    assert "email" in loaded_by(program)


def test_what_is_put_off_works_at_once() -> None:
    program = (
        "from nbcnn_cli.lightness import lightly\n"
        "with lightly():\n"
        "    import numpy\n"
        "    assert 'numpy.linalg._linalg' not in __import__('sys').modules\n"
        "    assert numpy.linalg.norm([3, 4]) == 5\n"
        "    assert issubclass(numpy.linalg.LinAlgError, ValueError)\n"
        "    import pickle\n"
        "    from numpy import linalg\n"
        "    assert pickle.loads(pickle.dumps(linalg.inv([[2]]))) == 0.5\n"
        "assert numpy.linalg.norm([3, 4]) == 5 and type(numpy.linalg).__name__ == 'module'\n"
    )
    assert {"numpy", "pickle"} <= loaded_by(program)


@pytest.mark.parametrize("enabled", [True, False])
def test_no_garbage_is_looked_for_meanwhile(enabled: bool) -> None:
    spec = ROOT / "specs" / "resnet18.toml"
    network = api.build(api.load_spec(spec))
    was_enabled = gc.isenabled()
    looked: list[str] = []

    def watching(phase: str, info: dict[str, int]) -> None:
        looked.append(phase)

    (gc.enable if enabled else gc.disable)()
    gc.callbacks.append(watching)
    try:
        for work in (lambda: api.validate(spec), lambda: memory.training_bytes(network)):
            looked.clear()
            work()
            # Once before and once after, at most, where it would be dozens of times.
            assert looked.count("start") <= 2 and gc.isenabled() == enabled
    finally:
        gc.callbacks.remove(watching)
        (gc.enable if was_enabled else gc.disable)()


def test_a_plan_leaves_few_circles_where_garbage_is_looked_for() -> None:
    """Python takes ten times as long to find them as to undo them, which a process that ends can do without."""
    network = api.build(api.load_spec(ROOT / "specs" / "resnet18.toml"))
    was_enabled, thresholds = gc.isenabled(), gc.get_threshold()
    left = []
    gc.set_threshold(0)  # enabled, but it is this test that looks
    try:
        for switch in (gc.enable, gc.disable):
            switch()
            gc.collect()
            assert memory.training_bytes(network)
            left.append(gc.collect())
    finally:
        gc.set_threshold(*thresholds)
        (gc.enable if was_enabled else gc.disable)()
    assert left[0] < 0.3 * left[1]


def test_validating_leaves_the_process_as_it_was() -> None:
    program = (
        "import gc, os; before = {**os.environ}\nfrom nbcnn_cli.main import main\n"
        "try: main(['validate', 'specs/lenet5.toml'])\nexcept SystemExit: pass\n"
        "assert gc.isenabled() and {**os.environ} == before"
    )
    assert "numpy" in loaded_by(program)
