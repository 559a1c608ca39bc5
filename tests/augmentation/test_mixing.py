"""Mixtures of samples: as much of each as the target says."""

import numpy as np
import pytest
from augmentations import augmentation_of, samples_of, spec_of

import nbcnn
from nbcnn.augmentation.draws import Draws
from nbcnn.augmentation.mixing import beta

SHAPES = [(3, 18, 16), (2, 40), (1, 12, 12, 12)]


def _mixed(kind, shape, settings, count=60):
    """Every sample is full of its class number, so that its mean tells what it is made of."""
    labels = np.random.default_rng(0).integers(0, 10, count)
    x = np.ones((count, *shape), np.float32) * labels.reshape(-1, *(1 for _ in shape))
    augmentation = augmentation_of(shape, {"type": kind, **settings}, kind=np.float32)
    return labels, *augmentation(x, labels.copy(), np.arange(count), 1)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_targets_tell_what_samples_are_made_of(kind, shape) -> None:
    labels, found, targets = _mixed(kind, shape, {})
    assert targets.dtype == np.float32 and targets.shape == (60, 10)
    np.testing.assert_allclose(targets.sum(axis=1), 1.0, atol=1e-6)
    np.testing.assert_allclose(targets @ np.arange(10), found.reshape(60, -1).mean(axis=1), atol=1e-5)
    # Of no other class than the sample's own and that of the sample before it.
    own = targets[np.arange(60), labels]
    before = targets[np.arange(60), np.roll(labels, 1)]
    assert (np.where(labels == np.roll(labels, 1), own, own + before) > 1 - 1e-6).all()
    # Half of it on average, but boxes are cut at the border, of a volume at three.
    assert 0.3 < own.mean() < (0.65 if kind == "mixup" else 0.9)
    same = (found == found.reshape(60, -1)[:, :1].reshape(60, *(1 for _ in shape))).reshape(60, -1).all(axis=1)
    assert same.all() if kind == "mixup" else not same.all()


def test_pasted_is_a_box_that_does_not_move() -> None:
    shape, count = (1, 10, 12), 20
    x = np.arange(count * 120, dtype=np.float32).reshape(count, *shape)
    augmentation = augmentation_of(shape, {"type": "cutmix"}, kind=np.float32)
    found, _ = augmentation(x.copy(), np.zeros(count, np.int64), np.arange(count), 1)
    pasted = (found == np.roll(x, 1, axis=0)) & (found != x)
    assert (pasted | (found == x)).all() and pasted.any()
    for sample in pasted[:, 0]:
        rows, columns = sample.any(axis=1), sample.any(axis=0)
        np.testing.assert_array_equal(sample, np.outer(rows, columns))


def test_bytes_are_rounded() -> None:
    shape = (1, 500)
    x = samples_of(shape, 30)
    table = {"type": "mixup", "alpha": 5.0}
    found, targets = augmentation_of(shape, table)(x.copy(), np.arange(30) % 2, np.arange(30), 1)
    own = targets[np.arange(30), np.arange(30) % 2][:, None, None]
    exact = own * x + (1 - own) * np.roll(x, 1, axis=0)
    assert np.abs(found - exact).max() < 0.5 + 1e-3


@pytest.mark.parametrize("alpha", [0.1, 0.4, 1.0, 3.0])
def test_shares_are_beta_distributed(alpha) -> None:
    """Its mean is 1/2 and its variance 1 / (4 (2 alpha + 1)); bounds are five standard deviations or more."""
    count = 40_000
    shares = beta(Draws(0, 1, 0, np.arange(count)), np.arange(count), alpha)
    variance = 1 / (4 * (2 * alpha + 1))
    assert shares.min() >= 0 and shares.max() <= 1
    assert abs(shares.mean() - 0.5) < 5 * np.sqrt(variance / count)
    assert abs(shares.var() / variance - 1) < 0.03
    if alpha == 1.0:
        # It is then the even distribution.
        assert np.abs(np.sort(shares) - np.linspace(0, 1, count)).max() < 2 / np.sqrt(count)
    else:
        expected = np.random.default_rng(1).beta(alpha, alpha, count)
        places = np.linspace(0, 1, 21)
        one, other = (np.histogram(each, places)[0] / count for each in (shares, expected))
        assert np.abs(one - other).max() < 5 * np.sqrt(0.5 / count)


def test_p_leaves_some_certain() -> None:
    _, _, targets = _mixed("mixup", (1, 4), {"p": 0.5}, 400)
    assert 120 < (targets.max(axis=1) == 1.0).sum() < 300


def test_a_network_learns_from_mixtures(tmp_path) -> None:
    """Training takes probabilities, validation class numbers."""
    tables = {"type": "mixup", "alpha": 0.2}, {"type": "cutmix", "p": 0.5}
    train = {"epochs": 6, "batch_size": 50, "optimizer": {"type": "adam", "lr": 0.01}}
    run = nbcnn.train(spec_of((1, 8, 8), *tables, data={"source": "digits"}, train=train), out=tmp_path / "run")
    assert run.history[-1].val_accuracy > 0.85
    assert run.history[-1].samples == run.history[0].samples > 1000
    # Mixtures cannot be told with certainty, so their loss stays above that of samples as they are.
    assert run.history[-1].loss > run.history[-1].val_loss


def test_a_trainer_takes_probabilities() -> None:
    model = nbcnn.Model(nbcnn.build(spec_of((1, 8, 8))), seed=0)
    x, y = samples_of((1, 8, 8), 30), np.random.default_rng(0).dirichlet(np.ones(10), 30)
    trainer = nbcnn.Trainer(model, optimizer={"type": "sgd", "lr": 0.5}, class_probabilities=True)
    expected = float(nbcnn.functional.cross_entropy(model(x), y))
    losses = [trainer.step(x, y) for _ in range(20)]
    assert losses[0] == pytest.approx(expected, rel=1e-5) and losses[-1] < losses[0]
    with pytest.raises(nbcnn.errors.InputError, match="targets of shape"):
        trainer.step(x, np.zeros(30, int))
