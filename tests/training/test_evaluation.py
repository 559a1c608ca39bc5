"""Measuring weights in a file: in whole numbers, large samples go through a few at a time."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nbcnn
from nbcnn import model as models
from nbcnn.spec import parse
from nbcnn.training import evaluation
from nbcnn.training.evaluation import Evaluation

SPEC = {
    "input": {"shape": [1, 8, 8]},
    "layers": [
        {"type": "conv", "out_channels": 4, "kernel_size": 3, "activation": "relu"},
        {"type": "flatten"},
        {"type": "linear", "out_features": 10},
    ],
    "data": {"source": "digits"},
}


def test_whole_numbers_take_no_more_memory_than_floats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbcnn.Model(nbcnn.build(parse(SPEC)), seed=0).save(tmp_path / "a.h5")
    compiled: list[tuple[int, np.ndarray]] = []
    compile_it = models.Model.compile

    def noted(self: models.Model, size: int, *arguments: Any, calibration: np.ndarray, **options: Any) -> Any:
        compiled.append((size, calibration))
        return compile_it(self, size, *arguments, calibration=calibration, **options)

    def measured() -> Evaluation:
        return nbcnn.evaluate(tmp_path / "a.h5", dtype="int8")

    monkeypatch.setattr(models.Model, "compile", noted)
    whole = measured()
    # The training split is 1,298 samples, of which 1,000 calibrate; now they are those of 100 such large samples.
    monkeypatch.setattr(evaluation, "CALIBRATION", 100)
    few = measured()
    monkeypatch.undo()
    monkeypatch.setattr(models.Model, "compile", noted)
    monkeypatch.setattr(evaluation, "MOST_NUMBERS", 100 * 64)
    monkeypatch.setattr(models, "CHUNK_BYTES", 1)
    large = measured()
    # Losses are summed in other parts.
    assert large.loss == pytest.approx(few.loss, rel=1e-6) != whole.loss
    np.testing.assert_array_equal(large.confusion, few.confusion)
    (first, samples), _, (second, fewer) = compiled
    assert (first, len(samples), len(fewer)) == (1000, 1000, 100) and second < 100
