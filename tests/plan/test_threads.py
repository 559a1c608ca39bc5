"""Several Python threads may call the same model or the same function; the kernels take turns."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from networks import named
from reference_training import batch

from nbcnn import functional
from nbcnn.model import Model
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
