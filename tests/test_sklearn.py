"""The estimators: scikit-learn's own checks, and the uses that they are for."""

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits
from sklearn.ensemble import AdaBoostClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import nbcnn
from nbcnn.errors import InputError
from nbcnn.sklearn import CNNClassifier, CNNRegressor

ROOT = Path(__file__).parents[1]
LINEAR = {"layers": [{"type": "flatten"}, {"type": "linear", "out_features": 3}]}


@parametrize_with_checks([CNNClassifier(), CNNRegressor()])
def test_scikit_learns_checks(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    return load_digits(return_X_y=True)


def rows(count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Four numbers of a sample, of which the largest of three tells the class."""
    x = np.random.default_rng(0).standard_normal((count, 4))
    return x, np.array(["a", "b", "c"])[x[:, :3].argmax(axis=1)]


def test_rows_of_pixels_are_the_specs_images(digits: tuple[np.ndarray, np.ndarray]) -> None:
    x, y = digits
    model = CNNClassifier(ROOT / "specs" / "digits.toml", epochs=4, lr=0.005, random_state=0).fit(x[:1200], y[:1200])
    assert model.model_.network.input_shape == (1, 8, 8)
    assert [record.epoch for record in model.history_] == [1, 2, 3, 4]
    assert model.history_[-1].lr < 0.005  # the spec's schedule, from the estimator's rate
    assert model.score(x[1200:], y[1200:]) > 0.93
    images = x[1200:].reshape(-1, 1, 8, 8).astype(np.float32)
    assert np.array_equal(model.predict(x[1200:]), model.model_.predict(images).argmax(axis=1))


def test_images_as_they_are(digits: tuple[np.ndarray, np.ndarray]) -> None:
    """Without a spec; in bytes, and classes by name."""
    x, y = digits
    images = (x.reshape(-1, 1, 8, 8) * 15).astype(np.uint8)
    names = np.array([f"digit {number}" for number in range(10)])[y]
    model = CNNClassifier(epochs=5, random_state=0).fit(images[:1200], names[:1200])
    assert [layer.type for layer in model.model_.network.layers].count("max_pool") == 1
    assert model.classes_[3] == "digit 3" and model.predict(images[:1]) == names[:1]
    assert model.score(images[1200:], names[1200:]) > 0.93


def test_pipeline_cross_validation_and_search() -> None:
    x, y = rows(90)
    pipeline = make_pipeline(StandardScaler(), CNNClassifier(LINEAR, epochs=20, lr=0.05, random_state=0))
    scores = cross_val_score(pipeline, x * 100 + 7, y, cv=3, error_score="raise")
    assert scores.shape == (3,) and scores.min() > 0.6
    grid = {"cnnclassifier__lr": [1e-9, 0.05], "cnnclassifier__epochs": [10]}
    search = GridSearchCV(pipeline, grid, cv=3, error_score="raise").fit(x, y)
    assert search.best_params_["cnnclassifier__lr"] == 0.05
    assert search.best_estimator_.score(x, y) > 0.85


def test_regression_of_numbers_of_any_size() -> None:
    x, y = load_diabetes(return_X_y=True)
    assert y.mean() > 100
    model = CNNRegressor(epochs=30, random_state=0).fit(x, y)
    assert model.predict(x).shape == y.shape and model.score(x, y) > 0.4
    both = CNNRegressor(epochs=30, random_state=0).fit(x, np.stack([y, 1e6 - 1000 * y], axis=1))
    assert both.predict(x).shape == (442, 2) and both.score(x, np.stack([y, 1e6 - 1000 * y], axis=1)) > 0.4


def test_regression_by_a_spec_learns_numbers_as_they_are() -> None:
    x = np.random.default_rng(0).standard_normal((200, 2, 5)).astype(np.float32)
    y = x[:, 1, 2] - x[:, 0, 3]
    line = {"layers": [{"type": "flatten"}, {"type": "linear", "name": "line", "out_features": 1}]}
    model = CNNRegressor(line, epochs=60, lr=0.05, random_state=0).fit(x, y)
    assert model.score(x, y) > 0.99
    assert model.model_.network.input_shape == (2, 5)
    assert np.array_equal(model.predict(x), model.model_.predict(x)[:, 0].astype(np.float64))


def test_a_seed_gives_the_same_model_and_a_pickle_predicts_the_same() -> None:
    x, y = rows()
    one = CNNClassifier(LINEAR, epochs=2, random_state=3).fit(x, y)
    other = clone(one).fit(x, y)
    third = clone(one).set_params(random_state=4).fit(x, y)
    shares = one.predict_proba(x)
    assert np.array_equal(shares, other.predict_proba(x)) and not np.array_equal(shares, third.predict_proba(x))
    assert np.array_equal(pickle.loads(pickle.dumps(one)).predict_proba(x), shares)


def test_scores_weigh_samples_and_training_says_that_it_does_not() -> None:
    x, y = rows()
    model = CNNClassifier(LINEAR, epochs=2, random_state=0).fit(x, y)
    right = model.predict(x) == y
    assert 0 < right.mean() < 1
    assert model.score(x, y, sample_weight=right) == 1 and model.score(x, y, sample_weight=np.where(right, 1, 3)) == (
        pytest.approx(right.sum() / (right.sum() + 3 * (~right).sum()))
    )
    with pytest.raises(ValueError, match="CNNClassifier doesn't support sample_weight"):
        AdaBoostClassifier(CNNClassifier(LINEAR)).fit(x, y)
    with pytest.raises(TypeError, match="sample_weight"):
        CNNRegressor(LINEAR).fit(x, x[:, 0], sample_weight=np.ones(len(x)))


def test_callbacks_hear_of_the_training() -> None:
    class Stop(nbcnn.Callback):
        def on_epoch_end(self, training: Any, record: Any) -> None:
            training.stop("enough")

    assert len(CNNClassifier(LINEAR, callbacks=[Stop()]).fit(*rows()).history_) == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"spec": {"layers": LINEAR["layers"][:1]}}, r"have 3 classes, the network gives \(4,\); .* out_features = 3"),
        ({"spec": LINEAR | {"input": {"shape": [1, 2, 3]}}}, r"\(1, 2, 3\), or of 6 features, .* received \(4,\)"),
        ({"spec": LINEAR | {"train": {"loss": "mse_loss"}}}, "loss = mse_loss does not suit; write loss = 'cross_ent"),
        ({"spec": LINEAR | {"train": 3}}, "train"),
        ({"spec": LINEAR | {"layer": 3}}, "layer"),
        ({"spec": "nowhere.toml"}, "nowhere.toml"),
        ({"spec": LINEAR, "epochs": 0}, "epochs"),
        ({"spec": LINEAR, "lr": "fast"}, "lr"),
        ({"spec": LINEAR, "batch_size": 2.5}, "batch_size"),
        ({"spec": LINEAR, "callbacks": 3}, "callbacks: a list"),
    ],
)
def test_what_does_not_suit_is_told(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        CNNClassifier(**settings).fit(*rows())


def test_regression_refuses_a_loss_of_classes_and_prediction_other_shapes() -> None:
    x, _ = rows()
    with pytest.raises(InputError, match="write loss = 'mse_loss'"):
        CNNRegressor(ROOT / "specs" / "digits.toml").fit(np.zeros((20, 64)), np.zeros(20))
    images = x.reshape(-1, 1, 2, 2)
    model = CNNClassifier(LINEAR, epochs=1).fit(images, rows()[1])
    with pytest.raises(InputError, match=r"samples of shape \(1, 2, 2\), or of 4 features, .* received \(1, 4, 1\)"):
        model.predict(images.reshape(-1, 1, 4, 1))


def test_without_scikit_learn_it_says_what_to_install() -> None:
    program = "import sys; sys.modules['sklearn'] = None; import nbcnn.sklearn"
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert run.stderr.rstrip().endswith("ImportError: nbcnn.sklearn needs scikit-learn; pip install 'nbcnn[sklearn]'")
