"""In a notebook a run without listeners is shown, in one output that changes in place."""

import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from networks import FLATTEN, linear, network

import nbcnn
from nbcnn.training import notebook
from nbcnn.training.events import EpochFinished, EpochRecord, Evaluating, Loading, Progress, Started, ignore
from nbcnn.training.notebook import NotebookView, default_view


class Display:
    """IPython's `display`, and the handle that it gives."""

    def __init__(self) -> None:
        self.states: list[str] = []

    def __call__(self, shown: Any, display_id: bool) -> "Display":
        assert display_id
        self.update(shown)
        return self

    def update(self, shown: Any) -> None:
        self.states.append(shown._repr_html_())


def record(epoch: int, accuracy: float | None = 0.5) -> EpochRecord:
    return EpochRecord(epoch, 1.5, accuracy, None, 100, 0.25, accuracy, 0.1, 1.0, 5000.0)


def in_notebook(monkeypatch: pytest.MonkeyPatch, shell: Any) -> Display:
    display = Display()
    fake = SimpleNamespace(get_ipython=lambda: shell, display=SimpleNamespace(display=display))
    monkeypatch.setitem(sys.modules, "IPython", fake)
    return display


def test_a_run_is_shown_once_and_changed_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook, "INTERVAL", 0.0)
    display = Display()
    view = NotebookView(display)
    view(Loading("a<b", 1, 4))
    assert "loading a&lt;b 25%" in display.states[-1]
    view(Started(Path("runs/a-1"), "<i>a</i>", 100, 0, 0, 12, 10, 0, 0))
    assert "<strong>&lt;i&gt;a&lt;/i&gt;, into runs/a-1</strong> training" in display.states[-1]
    view(Progress(1, 12, 5, 10, 2.3, 0.125, 0.1, 52_103.4))
    assert "epoch 1 of 12, step 5 of 10: loss 2.3000, accuracy 12.50%, 52,103 images/s" in display.states[-1]
    for epoch in range(1, 13):
        view(EpochFinished(record(epoch), 12, best=epoch == 2))
    assert re.findall(r"<tr><td>(.*?)</td>", display.states[-1]) == ["2 *", *map(str, range(6, 13))]
    assert "12 of 12 epochs" in display.states[-1]
    lines = repr(view).splitlines()
    assert lines[1].split() == ["epoch", "loss", "accuracy", "validation", "loss", "validation", "accuracy", "images/s"]
    assert lines[2].split() == ["2", "*", "1.5000", "50.00%", "0.2500", "50.00%", "5,000"]
    view(Evaluating("test", 100, 100))
    assert display.states[-1].startswith("<div><strong>&lt;i&gt;a&lt;/i&gt;, into runs/a-1</strong> finished</div>")


def test_what_nobody_needs_to_see_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    display = Display()
    view = NotebookView(display)
    for step in range(1000):
        view(Progress(1, 1, step, 1000, 2.3, None, 0.1, 1.0))
    assert len(display.states) <= 2
    view(EpochFinished(record(1, None), 1, best=True))
    assert "accuracy" not in display.states[-1]


def test_only_a_kernel_of_notebooks_has_a_view(monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_view() is ignore
    in_notebook(monkeypatch, SimpleNamespace())
    assert default_view() is ignore
    in_notebook(monkeypatch, None)
    assert default_view() is ignore
    in_notebook(monkeypatch, SimpleNamespace(kernel=object()))
    assert isinstance(default_view(), NotebookView)


def test_fit_and_train_show_themselves_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    display = in_notebook(monkeypatch, SimpleNamespace(kernel=object()))
    model = nbcnn.Model(network((1, 4), FLATTEN, linear(2)))
    x, y = np.ones((20, 1, 4), np.float32), np.zeros(20, np.int64)
    model.fit(x, y, epochs=2, on_event=ignore)
    assert display.states == []
    model.fit(x, y, epochs=2)
    assert "2 of 2 epochs" in display.states[-1]
    layers = [{"type": "flatten"}, {"type": "linear", "out_features": 10}]
    spec = {"input": {"shape": [1, 8, 8]}, "layers": layers, "data": {"source": "digits"}, "train": {"epochs": 1}}
    nbcnn.train(nbcnn.spec.parse(spec), out=tmp_path / "run")
    assert "finished" in display.states[-1] and "validation accuracy" in display.states[-1]
