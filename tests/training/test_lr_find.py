"""The finder of learning rates: what it does to a network, and where it finds the steepest fall."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nbcnn
from nbcnn.errors import DivergenceError, InputError
from nbcnn.spec import Spec, parse
from nbcnn.training import events
from nbcnn.training.loader import Loader
from nbcnn.training.lr_find import DIVERGED, RateTest, _found
from nbcnn.training.samples import load_samples, normalization

RATES = np.geomspace(1e-4, 1.0, 60).tolist()


def described(**train_table: Any) -> Spec:
    layers = [{"type": "flatten"}, {"type": "linear", "out_features": 10}]
    return parse(
        {
            "input": {"shape": [1, 8, 8]},
            "layers": layers,
            "data": {"source": "digits"},
            "train": {"batch_size": 100, "optimizer": {"type": "adam"}} | train_table,
        }
    )


def test_the_rates_rise_by_one_factor_and_the_loss_falls_before_it_grows() -> None:
    seen: list[events.Event] = []
    found = nbcnn.lr_find(described(), on_event=seen.append, highest=1e3)
    assert found.rates[0] == 1e-7 and found.diverged
    assert len(found.rates) == len(found.losses) == len(found.smoothed) < 100
    factors = np.diff(np.log(found.rates))
    assert np.allclose(factors, np.log(1e10) / 99)
    # A softmax regression on digits learns with Adam from about 1e-3 on, and above 1 it no longer does.
    assert found.suggestion is not None and 1e-3 < found.suggestion < 1.0
    assert found.suggestion in found.rates
    assert found.smoothed[-1] > DIVERGED * min(found.smoothed)
    assert sum(isinstance(each, events.Measuring) for each in seen) == len(found.rates)


def test_it_is_the_same_each_time_and_has_no_part_in_the_schedule_or_the_rate_of_the_spec() -> None:
    found = nbcnn.lr_find(described(), steps=30)
    other = described(
        optimizer={"type": "adam", "lr": 0.7}, schedule={"type": "cosine", "warmup_epochs": 2.0}, ema={"decay": 0.9}
    )
    assert nbcnn.lr_find(described(), steps=30) == nbcnn.lr_find(other, steps=30) == found


def test_the_losses_are_those_of_training_with_these_rates() -> None:
    """From the same first weights, over the same batches."""
    found = nbcnn.lr_find(described(), lowest=1e-5, highest=1e-1, steps=20)
    model = nbcnn.Model(nbcnn.build(described()), seed=0)
    splits = load_samples(model.network, None, Path(), lambda event: None)
    model.normalization = normalization(model.network, splits.train)
    trainer = nbcnn.Trainer(model, optimizer={"type": "adam"}, seed=0)
    loader = Loader(splits.train, described().train)
    batches = [batch for epoch in (1, 2) for batch in loader.batches(epoch)]
    for rate, loss, batch in zip(found.rates, found.losses, batches[:20], strict=True):
        trainer.learning_rate = rate
        assert trainer.step_batch(*batch)[0] / len(batch.indices) == loss


def test_batches_of_one_update_have_one_rate() -> None:
    found = nbcnn.lr_find(described(accumulation_steps=4), steps=20)
    assert len(found.rates) == 20


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lowest": 0.0}, "lowest = 0, highest = 10: two rates are expected, 0 < lowest < highest"),
        ({"lowest": 1.0, "highest": 0.1}, "0 < lowest < highest"),
        ({"highest": float("inf")}, "0 < lowest < highest"),
        ({"lowest": float("nan")}, "0 < lowest < highest"),
        ({"steps": 19}, "steps = 19: at least 20"),
    ],
)
def test_rates_and_steps_that_do_not_do(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        nbcnn.lr_find(described(), **options)


def found_in(losses: list[float]) -> RateTest:
    return _found(RATES, losses)


def test_the_suggestion_is_where_the_fall_is_steepest() -> None:
    """Down between steps 30 and 34, of which the average's slope is steepest in the last ones, and up from step 45."""
    losses = [2.0] * 30 + [1.5, 1.0, 0.6, 0.4] + [0.4] * 11 + [0.5] * 15
    suggestion = found_in(losses).suggestion
    assert suggestion is not None and RATES[31] <= suggestion <= RATES[36]


def test_a_fall_behind_the_least_value_does_not_count() -> None:
    """The loss leaps up and falls again, faster than it ever did before."""
    losses = [2.0] * 20 + np.linspace(2.0, 0.2, 20).tolist() + [3.0] * 5 + [1.3] * 15
    suggestion = found_in(losses).suggestion
    assert suggestion is not None and RATES[20] < suggestion < RATES[40]


@pytest.mark.parametrize("losses", [[2.0] * 60, np.linspace(2.0, 4.0, 60).tolist(), [2.0, 1.0, 0.5, *[0.1] * 3]])
def test_what_does_not_fall_suggests_nothing(losses: list[float]) -> None:
    assert found_in(losses).suggestion is None


def test_noise_is_no_fall() -> None:
    assert found_in((2.0 + 0.1 * np.random.default_rng(0).standard_normal(60)).tolist()).suggestion is None


@pytest.mark.parametrize("last", [np.nan, np.inf])
def test_a_loss_that_is_no_number_ends_the_curve(last: float) -> None:
    found = found_in([2.0] * 20 + [1.0] * 20 + [last])
    assert found.diverged and len(found.losses) == len(found.smoothed) == 40
    assert np.isfinite(found.smoothed).all() and found.suggestion is not None


def test_a_first_loss_that_is_no_number_is_no_matter_of_rates(tmp_path: Path) -> None:
    inputs = np.full((20, 1, 8, 8), 3e38, np.float32)
    np.savez(tmp_path / "huge.npz", x_train=inputs, y_train=np.arange(20) % 10)
    layers = [{"type": "flatten"}, {"type": "linear", "out_features": 50}, {"type": "linear", "out_features": 10}]
    source = {"source": str(tmp_path / "huge.npz"), "normalize": False, "validation": 0}
    spec = parse({"input": {"shape": [1, 8, 8]}, "layers": layers, "data": source, "train": {"batch_size": 20}})
    with pytest.raises(DivergenceError, match="before the first update.*normalize = true"):
        nbcnn.api.lr_find(spec)


def test_no_update_goes_beyond_its_epoch() -> None:
    """Three batches make an epoch, so that the fourth of four is the first of the next one."""
    found, other = (nbcnn.lr_find(described(batch_size=500, accumulation_steps=steps), steps=20) for steps in (3, 4))
    assert found.losses == other.losses
