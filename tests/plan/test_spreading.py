"""Threads that share the work of a block compute the same bits as one thread that does all of it."""

import numba
import numpy as np
import pytest
from networks import NETWORKS, named
from reference_training import batch

from nbcnn.kernels.cpu.language.lanes import lane_count
from nbcnn.model import Model
from nbcnn.plan import schedule, spreading
from nbcnn.training.trainer import Trainer


def trained(name: str, samples: int) -> tuple[list[float], Model, int]:
    """Losses of four updates, the model after them, and how many rows the plan has; one batch is a smaller one."""
    model = Model(named(name))
    trainer = Trainer(model, optimizer={"type": "sgd", "lr": 0.1}, batch_size=samples)
    losses = [
        trainer.step(*batch(model.network, count, seed=count))
        for count in (samples, samples - lane_count(), samples - 1, samples)
    ]
    return losses, model, len(trainer.planned(1).calls)


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="one thread has nobody to share with")
@pytest.mark.parametrize("name", NETWORKS)
def test_parted_calls_give_the_same_bits(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = 2 * lane_count() + 3
    with monkeypatch.context() as patch:
        patch.setattr(schedule, "segments", lambda *_: [])
        expected, model, rows = trained(name, samples)
    monkeypatch.setattr(spreading, "WORTHWHILE", 1)
    losses, other, more_rows = trained(name, samples)
    assert more_rows > rows
    assert losses == expected
    for key, value in model.parameters.items():
        assert np.array_equal(other.parameters[key], value), key


@pytest.mark.parametrize("workers", [2, 3, 16])
def test_the_pieces_of_a_call_are_the_whole_call(workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Model(named("padding, two pools")).planned(False, 1).program.middle[0].calls
    assert spreading.segments(calls, workers) == []
    monkeypatch.setattr(spreading, "WORTHWHILE", 1)
    found = spreading.segments(calls, workers)
    whole = iter(calls)
    for segment in found:
        if len(segment) == 1:
            assert all(call is next(whole) for call in segment[0])
            continue
        call = next(whole)
        ranges = [(piece.arguments["first"], piece.arguments["last"]) for (piece,) in segment]
        assert len(ranges) == min(workers, call.units)
        assert ranges[0][0] == 0 and ranges[-1][1] == call.units
        assert all(one[1] == other[0] for one, other in zip(ranges, ranges[1:], strict=False))
    assert next(whole, None) is None and any(len(segment) > 1 for segment in found)
