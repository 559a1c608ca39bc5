import io
import re
import time
from pathlib import Path

import pytest
from rich.console import Console

from nbcnn.api import Compiling, EpochFinished, EpochRecord, Evaluating, Event, Loading, Progress, Started
from nbcnn_cli import lines as plain
from nbcnn_cli import live

STARTED = Started(Path("runs/a-1"), "a", 1000, 0, 0, 2, 10, 0, 0)
EVENTS: list[Event] = [
    Loading("train-images.gz", 1 << 20, 26 << 20),
    Compiling("conv", 0, 3),
    Compiling("pool", 1, 3),
    Compiling("", 3, 3),
    STARTED,
    Progress(1, 2, 5, 10, 2.3, 0.125, 0.1, 52_103.4),
    Evaluating("validation", 100, 200),
    EpochFinished(EpochRecord(1, 2.1, 0.5, 500, 1000, 0.4, 0.9, 0.1, 1.0, 52_000.0), 2, True),
]


def test_plain_lines_say_what_matters(capsys: pytest.CaptureFixture[str]) -> None:
    lines = plain.PlainLines()
    for event in EVENTS:
        lines(event)
    lines.close()
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "a: samples: 1,000 to train on; into runs/a-1",
        "epoch 1/2  loss 2.1000  accuracy 50.00%  validation 90.00%  52,000 images/s *",
    ]


def test_a_loss_without_right_and_wrong_has_no_accuracy() -> None:
    record = EpochRecord(1, 2.1, None, None, 1000, 0.4, None, 0.1, 1.0, 52_000.0)
    assert plain.epoch_line(EpochFinished(record, 2, False)) == (
        "epoch 1/2  loss 2.1000  validation loss 0.4000  52,000 images/s"
    )
    assert plain.running_text(Progress(1, 2, 5, 10, 2.3, None, 0.1, 52_103.4)) == "loss 2.3000, 52,103 images/s"


def test_plain_lines_are_never_silent_for_long(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 100.0
    lines = plain.PlainLines()
    lines.close()
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    lines(STARTED)
    lines(EVENTS[5])

    class Clock:
        def wait(self, seconds: float) -> bool:
            """Until 6.5 seconds have gone by."""
            nonlocal now
            now += seconds
            return now > 106.5

    monkeypatch.setattr(lines, "_closed", Clock())
    lines._break_silence()
    status = "epoch 1/2, step 5 of 10, loss 2.3000, accuracy 12.50%, 52,103 images/s, 0:00 left"
    waited = ("2 s", "3 s", "4 s", "6 s")
    assert capsys.readouterr().err.splitlines()[1:] == [f"{status} ({seconds})" for seconds in waited]


def test_pace_counts_from_where_a_resumed_run_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    pace = plain.Pace(Started(Path("a"), "a", 1000, 0, 0, 3, 10, 1, 12))
    assert pace.seconds_left is None
    pace.update(Progress(2, 3, 6, 10, 1.0, 0.5, 0.1, 1.0))
    now = 104.0
    assert pace.seconds_left == pytest.approx(1.0 * (30 - 16))


@pytest.mark.parametrize("width", [20, 25, 32, 40, 50, 60, 80, 200])
def test_the_live_line_fits_and_cuts_nothing_in_half(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True)
    console = Console(file=screen, force_terminal=True, width=width, highlight=False, color_system=None)
    monkeypatch.setattr(live, "Console", lambda **_: console)
    show = live.Live()
    whole = {"starting", "epoch 1/2", "loss 2.3000", "accuracy 12.50%", "52,103 images/s"}
    for event in EVENTS:
        show(event)
        with console.capture() as captured:
            console.print(show._line())
        (line,) = captured.get().splitlines()
        assert len(line.rstrip()) <= width and line.isascii()
        assert re.search(r"\d+:\d\d( left)?\s*$", line), line
        if isinstance(event, Progress):
            assert {part for part in whole if part in line} == {
                20: {"epoch 1/2"},
                25: {"epoch 1/2"},
                32: {"epoch 1/2", "loss 2.3000"},
                40: {"epoch 1/2", "loss 2.3000"},
                50: {"epoch 1/2", "loss 2.3000", "accuracy 12.50%"},
                60: {"epoch 1/2", "loss 2.3000", "accuracy 12.50%"},
            }.get(width, whole - {"starting"})
            assert ("---" in line) == (width >= 80)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_live_shows_the_same(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=width, highlight=False, color_system=None)
    monkeypatch.setattr(live, "Console", lambda **_: console)
    with live.Live() as show:
        for event in EVENTS:
            show(event)
            show._bar.refresh()
    text = screen.getvalue()
    assert "into runs/a-1" in text and "epoch 1/2" in text and "loss 2.3000" in text and "compiled once" in text
