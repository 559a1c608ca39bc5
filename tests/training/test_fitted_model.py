"""A model in a program: evaluate and predict."""

import numpy as np
import pytest

import nbcnn
from nbcnn.errors import InputError
from nbcnn.spec import parse


def model(loss: str) -> nbcnn.Model:
    return nbcnn.Model(
        nbcnn.build(
            parse(
                {
                    "input": {"shape": [1, 4, 4]},
                    "layers": [{"type": "flatten"}, {"type": "linear", "out_features": 3}],
                    "train": {"loss": loss},
                }
            )
        )
    )


@pytest.fixture
def x() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((20, 1, 4, 4), dtype=np.float32)


def test_predictions_are_probabilities(x: np.ndarray) -> None:
    shares, logits = model("cross_entropy").predict(x), model("cross_entropy")(x)
    assert shares.dtype == np.float32 and shares.shape == (20, 3)
    assert shares == pytest.approx(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), rel=1e-5)


def test_predictions_are_probabilities_of_each_answer(x: np.ndarray) -> None:
    given = model("binary_cross_entropy_with_logits")
    assert given.predict(x) == pytest.approx(1 / (1 + np.exp(-given(x))), rel=1e-5)
    assert np.array_equal(given.predict(1e6 * x), (given(1e6 * x) > 0).astype(np.float32))


def test_predictions_are_outputs_where_these_are_numbers(x: np.ndarray) -> None:
    assert np.array_equal(model("mse_loss").predict(x), model("mse_loss")(x))


def test_evaluation(x: np.ndarray) -> None:
    given = model("cross_entropy")
    answers = given(x).argmax(axis=1)
    measured = given.evaluate(x, answers)
    assert measured.accuracy == 1.0 and measured.samples == 20 and measured.metrics["f1"] == 1.0
    assert given.evaluate(x, (answers + 1) % 3).accuracy == 0.0
    with pytest.raises(InputError, match="evaluate"):
        given.evaluate(x, answers[:3])
