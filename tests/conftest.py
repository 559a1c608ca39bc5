"""What tests of several rooms share, and the `slow` mark."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_engine import SPEC, FakeModel, FakeTrainer
from hypothesis import settings

from nbcnn.spec import Spec, parse


def pytest_configure(config: pytest.Config) -> None:
    # A busy machine is no failure.
    settings.register_profile("untimed", deadline=None)
    settings.load_profile("untimed")
    # A shell's background jobs ignore Ctrl-C, and a run that was started so goes on doing it.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    config.addinivalue_line("markers", "slow: exhaustive or large; run with `-m slow`")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.option.markexpr:
        for item in items:
            if "slow" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="slow; run with `-m slow`"))


@pytest.fixture
def fake_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[type[FakeTrainer]]:
    """Runs in an empty folder with the fake engine; gives the trainer's class, for tests to set its `on_step`."""
    monkeypatch.chdir(tmp_path)
    for user in ("beginning", "evaluation", "prediction"):
        monkeypatch.setattr(f"nbcnn.training.{user}.Model", FakeModel)
    monkeypatch.setattr("nbcnn.training.epochs.Trainer", FakeTrainer)
    yield FakeTrainer
    FakeTrainer.on_step = None


@pytest.fixture
def spec() -> Callable[..., Spec]:
    """The fake engine's spec, with changes to its [train] and [data] tables."""

    def make(data: dict[str, Any] | None = None, **train: Any) -> Spec:
        return parse(SPEC | {"train": SPEC["train"] | train, "data": SPEC["data"] | (data or {})})

    return make


@pytest.fixture
def signal_in_step() -> Callable[[int, int], Callable[[int], float]]:
    """An `on_step` that sends this process a signal during one step."""

    def make(step: int, number: int = signal.SIGINT) -> Callable[[int], float]:
        def on_step(current: int) -> float:
            if current == step:
                os.kill(os.getpid(), number)
            return 1.0

        return on_step

    return make
