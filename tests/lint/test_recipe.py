"""Rules on training that tell several things alike."""

from typing import Any

import pytest

from nbcnn.lint import lint
from nbcnn.network import build
from nbcnn.spec import parse

LAYERS = [{"type": "flatten"}, {"type": "linear", "out_features": 10}]


def found(**train: Any) -> list[tuple[str, str]]:
    network = build(parse({"input": {"shape": [1, 8, 8]}, "layers": LAYERS, "train": train}))
    return [(each.code.value, each.message) for each in lint(network)]


@pytest.mark.parametrize(
    ("late", "early", "message"),
    [
        ({"type": "cosine", "warmup_epochs": 10.0}, {"type": "cosine", "warmup_epochs": 9.5}, "10 epochs of warm-up"),
        ({"type": "reduce_on_plateau", "patience": 10}, {"type": "reduce_on_plateau", "patience": 9}, "never changes"),
        ({"type": "cosine_restarts", "T_0": 11}, {"type": "cosine_restarts", "T_0": 10}, "does not come to its end"),
        ({"type": "multi_step", "milestones": [5, 10, 20]}, {"type": "multi_step", "milestones": [5, 9]}, "10, 20"),
    ],
)
def test_what_begins_after_the_end(late: dict[str, Any], early: dict[str, Any], message: str) -> None:
    ((code, words),) = found(epochs=10, schedule=late)
    assert code == "NB240" and message in words
    assert not found(epochs=10, schedule=early)


def test_patience_as_long_as_the_run() -> None:
    ((code, words),) = found(epochs=5, early_stopping={"patience": 5})
    assert code == "NB240" and "it never stops early" in words
    assert not found(epochs=6, early_stopping={"patience": 5})


@pytest.mark.parametrize(
    ("least", "most", "settings"),
    [
        (1e-7, 1e-2, {"type": "adam"}),
        (1e-7, 1e-2, {"type": "adamw"}),
        (1e-8, 1e-3, {"type": "lion"}),
        (1e-6, 1e-1, {"type": "rmsprop"}),
        (1e-6, 1e-1, {"type": "adagrad"}),
    ],
)
def test_each_optimizer_has_its_rates(least: float, most: float, settings: dict[str, Any]) -> None:
    for lr, expected in ((least / 2, ["NB237"]), (least * 2, []), (most, []), (most * 2, ["NB237"])):
        assert [code for code, _ in found(optimizer=settings | {"lr": lr})] == expected


def test_batches_that_make_one_update_count_together() -> None:
    settings = {"optimizer": {"type": "sgd", "lr": 1.5, "momentum": 0.9}, "batch_size": 128}
    ((code, words),) = found(**settings, accumulation_steps=2)
    assert code == "NB237" and "batches of 256" in words
    assert not found(**settings, accumulation_steps=4)


@pytest.mark.parametrize(
    ("batch_size", "momentum", "most"), [(256, 0.9, 1.0), (512, 0.9, 2.0), (256, 0.0, 10.0), (1, 0.9, 0.125)]
)
def test_the_rate_of_sgd_goes_with_batch_and_momentum(batch_size: int, momentum: float, most: float) -> None:
    """As in P. Goyal et al., arXiv:1706.02677: 0.1 for batches of 256 and momentum 0.9; ten times that is too much."""
    for lr, expected in ((0.99 * most, []), (1.01 * most, ["NB237"])):
        settings = {"type": "sgd", "lr": lr, "momentum": momentum}
        assert [code for code, _ in found(batch_size=batch_size, optimizer=settings)] == expected


@pytest.mark.parametrize(("settings", "most"), [({"type": "adam"}, 1e-1), ({"type": "sgd", "momentum": 0.9}, 10.0)])
def test_the_rate_of_one_cycle_is_its_peak(settings: dict[str, Any], most: float) -> None:
    for schedule, times in (("one_cycle", 1), ("cosine", 0.1)):
        for lr, expected in ((0.99 * most * times, []), (1.01 * most * times, ["NB237"])):
            told = found(optimizer=settings | {"lr": lr}, schedule={"type": schedule}, batch_size=256)
            assert [code for code, _ in told] == expected
            assert all(("at the peak of one_cycle" in words) == (schedule == "one_cycle") for _, words in told)


def test_a_rate_of_0_is_told_without_a_ratio() -> None:
    ((code, words),) = found(optimizer={"type": "sgd", "lr": 0.0})
    assert code == "NB237" and "0 is not the" in words
