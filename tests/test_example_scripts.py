"""The scripts in `examples/` run as a reader would run them, and print the numbers of the text that they follow."""

import runpy
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


def test_every_script_is_tested() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == {"convolution.py", "edge_detection.py"}


def test_convolution(capsys) -> None:
    names = runpy.run_path(str(EXAMPLES / "convolution.py"), run_name="__main__")
    assert names["cross_correlation"]().tolist() == [[19.0, 25.0], [37.0, 43.0]]
    chances = names["total_of_two_dice"]()
    assert list(chances) == list(range(2, 13))
    assert chances[4] == pytest.approx(3 / 36)
    printed = capsys.readouterr().out
    assert "[[19 25]\n [37 43]]" in printed
    assert "   4: 3.00" in printed


def test_edge_detection(capsys) -> None:
    names = runpy.run_path(str(EXAMPLES / "edge_detection.py"), run_name="__main__")
    image = names["black_bar"]()
    found = names["edges"](image)
    assert found.shape == (1, 1, 6, 7)
    assert (found == [0.0, 1.0, 0.0, 0.0, 0.0, -1.0, 0.0]).all()
    printed = capsys.readouterr().out
    assert "Edges of every row: [ 0  1  0  0  0 -1  0]" in printed
    assert "finds 0 edges" in printed
    # Ten steps bring a random kernel within a tenth of [1, -1]; more bring it all the way.
    assert np.abs(names["learn_kernel"](image, found) - [1.0, -1.0]).max() < 0.1
    assert np.abs(names["learn_kernel"](image, found, steps=200) - [1.0, -1.0]).max() < 1e-4
