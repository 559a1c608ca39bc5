import hashlib
import math
from typing import get_args

import numpy as np
import pytest

from nbcnn.layers.base import Initializer, Parameter
from nbcnn.weights import initialise
from nbcnn.weights.initialise import draw

SHAPE, FAN_IN, FAN_OUT = (64, 32, 5, 5), 800, 1600
VARIANCES = {
    "he": 2 / FAN_IN,
    "glorot": 2 / (FAN_IN + FAN_OUT),
    "lecun": 1 / FAN_IN,
    "pytorch": 1 / (3 * FAN_IN),
}


def sample(initializer, key="conv1.weight", seed=0, shape=SHAPE):
    return draw(Parameter(shape, FAN_IN, FAN_OUT, initializer), key, seed)


@pytest.mark.parametrize("initializer", get_args(Initializer))
def test_every_initializer_has_its_variance_and_bounds(initializer):
    values = sample(initializer)
    assert values.shape == SHAPE
    assert values.dtype == np.float32
    if initializer in ("zeros", "ones"):
        assert (values == ["zeros", "ones"].index(initializer)).all()
        return
    variance = VARIANCES[initializer.split("_")[0]]
    count = values.size  # the standard error of the variance is below variance * sqrt(2 / count)
    assert abs(values.mean(dtype=np.float64)) < 5 * math.sqrt(variance / count)
    assert values.var(dtype=np.float64) == pytest.approx(variance, rel=5 * math.sqrt(2 / count))
    standard = np.sort(values.ravel().astype(np.float64)) / math.sqrt(variance)
    shares = (np.arange(count) + 0.5) / count
    if initializer.endswith("normal"):
        expected = np.array([0.5 * (1 + math.erf(x / math.sqrt(2))) for x in standard])
    else:
        assert np.abs(standard).max() <= math.sqrt(3) * (1 + 1e-6)
        expected = (standard / math.sqrt(3) + 1) / 2
    # Kolmogorov's distance, whose 99.99 % point is 2.23 / sqrt(count).
    assert np.abs(expected - shares).max() < 2.23 / math.sqrt(count)


def test_the_same_seed_gives_the_same_bits_on_every_machine():
    digest = hashlib.sha256(sample("pytorch").astype("<f4").tobytes()).hexdigest()
    assert digest == "82727f7813f01a0f5c2dac2bf15d29cfd1236109603b5522dba9c8e703c3febd"


def test_names_and_seeds_give_independent_numbers():
    base = sample("he_normal").ravel()
    for other in (sample("he_normal", seed=1), sample("he_normal", "conv1.bias"), sample("he_normal", "conv2.weight")):
        assert abs(np.corrcoef(base, other.ravel())[0, 1]) < 5 / math.sqrt(base.size)


def test_a_layer_added_changes_no_other(make_network):
    before = initialise(make_network({"conv1": (6, 1, 5, 5), "linear1": (10, 24)}), 0)
    after = initialise(make_network({"new": (3, 1, 1, 1), "conv1": (6, 1, 5, 5), "linear1": (10, 24)}), 0)
    assert list(after) == ["new.weight", "new.bias", "conv1.weight", "conv1.bias", "linear1.weight", "linear1.bias"]
    for key, values in before.items():
        np.testing.assert_array_equal(values, after[key])


def test_biases_are_zero_beside_other_initializers_than_pytorchs(make_network):
    assert not initialise(make_network({"conv1": (6, 1, 5, 5)}, "he_normal"), 0)["conv1.bias"].any()
    assert initialise(make_network({"conv1": (6, 1, 5, 5)}), 0)["conv1.bias"].all()


@pytest.mark.parametrize("seed", [0, 2**63, 2**64 - 1])
def test_any_seed_will_do(seed):
    assert np.isfinite(sample("he_normal", seed=seed)).all()


def test_a_number_is_what_every_element_starts_from():
    values = sample(0.25, shape=(3, 2))
    assert values.dtype == np.float32
    assert np.array_equal(values, np.full((3, 2), 0.25))
