"""Several Python threads may call the same model or the same function; the kernels take turns."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from networks import FLATTEN, conv, linear, named, network
from reference_training import batch

from nbcnn import functional
from nbcnn.model import Model
from nbcnn.training.threads import threads
from nbcnn.training.trainer import Trainer

THREADS, REPEATS = 4, 200


def assert_each_gets_its_own(call: Callable[[int], np.ndarray]) -> None:
    """Call with 0 to THREADS - 1 from as many threads, again and again; each must get what it gets alone."""
    expected = [call(number) for number in range(THREADS)]

    def matches(number: int) -> bool:
        return all(np.array_equal(call(number), expected[number]) for _ in range(REPEATS))

    with ThreadPoolExecutor(THREADS) as pool:
        assert all(pool.map(matches, range(THREADS)))


def test_one_model_called_from_several_threads() -> None:
    model = Model(named("linear alone"))
    inputs = [batch(model.network, 5 + number, seed=number)[0] for number in range(THREADS)]
    assert_each_gets_its_own(lambda number: model(inputs[number]))


def test_one_function_called_from_several_threads() -> None:
    random = np.random.default_rng(0)
    calls = [[random.standard_normal(shape) for shape in ((3, 20), (7, 20), (7,))] for _ in range(THREADS)]
    assert_each_gets_its_own(lambda number: functional.linear(*calls[number]))


def test_several_trainers_in_several_threads() -> None:
    network = named("linear alone")
    x, y = batch(network, 40)

    def losses(seed: int) -> list[float]:
        trainer = Trainer(Model(network, seed=seed))
        return [trainer.step(x, y) for _ in range(50)]

    expected = [losses(seed) for seed in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as pool:
        assert list(pool.map(losses, range(THREADS))) == expected


TASKS = Path("/proc/self/task")


def ticks() -> dict[str, int]:
    """By thread, the hundredths of a second that it has computed."""
    stats = {task.name: (task / "stat").read_text() for task in TASKS.iterdir()}
    return {name: int(stat.rsplit(")", 1)[1].split()[11]) for name, stat in stats.items()}


@pytest.mark.skipif(not TASKS.is_dir(), reason="this system does not tell what threads do")
def test_nobody_computes_beside_the_threads_that_were_asked_for() -> None:
    """A library for matrix products has a thread of its own for each core; none of them may wake up in a step."""
    wide = network((16, 8, 8), conv(64, 3), FLATTEN, linear(256), linear(10))
    trainer = Trainer(Model(wide))
    x, y = batch(wide, 64)
    with threads(1):
        trainer.step(x, y)
        before, end = ticks(), time.process_time() + 0.5
        while time.process_time() < end:
            trainer.step(x, y)
        busy = [name for name, count in ticks().items() if count - before.get(name, 0) > 2]
    assert len(busy) == 1
