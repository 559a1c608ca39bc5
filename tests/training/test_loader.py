"""Batches come in order, whole and the same, whatever number of threads prepares them."""

import threading
from contextlib import closing

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbcnn.data import Dataset
from nbcnn.data.background import in_order
from nbcnn.data.stored import Stored
from nbcnn.errors import DataError
from nbcnn.spec import Train
from nbcnn.training import loader as loaders
from nbcnn.training.loader import Batch, Loader

SAMPLES = 37
DATASET = Dataset(
    np.random.default_rng(0).integers(0, 256, (SAMPLES, 1, 3, 2), np.uint8), np.arange(SAMPLES, dtype=np.int64)
)


def shifted(inputs: np.ndarray, targets: np.ndarray, indices: np.ndarray, epoch: int) -> tuple[np.ndarray, np.ndarray]:
    """Adds to each sample a byte that depends on its number and the epoch."""
    for sample, index in zip(inputs, indices, strict=True):
        sample += np.random.Philox(key=np.array([epoch, index], np.uint64)).random_raw(1).astype(np.uint8)[0]
    return inputs, targets


def loader_threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("nbcnn-loader")]


def contents(loader: Loader, epoch: int, start: int = 0) -> list[tuple[list, list]]:
    with closing(loader.batches(epoch, start)) as batches:
        return [(inputs[indices].tolist(), targets[indices].tolist()) for inputs, targets, indices in batches]


def test_in_memory_a_batch_is_the_data_set_and_a_part_of_the_order() -> None:
    loader = Loader(DATASET, Train(batch_size=10), threads=4)
    batches = list(loader.batches(epoch=1))
    for batch in batches:
        assert batch.inputs.shape == DATASET.inputs.shape and np.shares_memory(batch.inputs, DATASET.inputs)
        assert batch.targets.shape == DATASET.targets.shape and np.shares_memory(batch.targets, DATASET.targets)
    assert [len(each.indices) for each in batches] == [10, 10, 10, 7]
    assert sorted(np.concatenate([each.indices for each in batches])) == list(range(SAMPLES))
    assert (loader.samples, loader.steps) == (SAMPLES, 4)


@given(batch_size=st.integers(1, 40), threads=st.integers(1, 5), epoch=st.integers(1, 3), shuffle=st.booleans())
def test_threads_do_not_change_what_is_augmented(batch_size: int, threads: int, epoch: int, shuffle: bool) -> None:
    settings = Train(batch_size=batch_size, shuffle=shuffle, seed=3)
    alone = Loader(DATASET, settings, shifted)
    assert contents(Loader(DATASET, settings, shifted, threads), epoch) == contents(alone, epoch)
    assert not loader_threads()


def test_augmentation_works_on_copies_of_the_samples_of_a_batch() -> None:
    before = DATASET.inputs.copy()
    plain = Loader(DATASET, Train(batch_size=10, seed=1))
    changed = Loader(DATASET, Train(batch_size=10, seed=1), shifted, 2)
    with closing(changed.batches(2)) as batches:
        for mine, batch in zip(plain.batches(2), batches, strict=True):
            assert batch.indices.tolist() == list(range(len(mine.indices)))
            assert batch.targets.tolist() == mine.indices.tolist()
            expected, _ = shifted(DATASET.inputs[mine.indices], batch.targets, mine.indices, 2)
            np.testing.assert_array_equal(batch.inputs, expected)
    np.testing.assert_array_equal(DATASET.inputs, before)


@pytest.mark.parametrize("augmentation", [None, shifted])
def test_an_epoch_goes_on_in_its_middle(augmentation: object) -> None:
    loader = Loader(DATASET, Train(batch_size=10, seed=2), augmentation, 2)  # type: ignore[arg-type]
    assert contents(loader, epoch=2, start=20) == contents(loader, epoch=2)[2:]


@pytest.mark.parametrize("threads", [0, 1, 3])
def test_an_error_is_raised_as_it_is_in_its_turn(threads: int) -> None:
    error = DataError("a.png: not a readable image")

    def fail(inputs: np.ndarray, targets: np.ndarray, indices: np.ndarray, epoch: int) -> tuple:
        if 20 in indices:
            raise error
        return inputs, targets

    seen: list[Batch] = []
    with pytest.raises(DataError) as raised:
        seen += Loader(DATASET, Train(batch_size=10, shuffle=False), fail, threads).batches(1)
    assert raised.value is error
    batches = Loader(DATASET, Train(batch_size=10, shuffle=False), fail, threads).batches(1)
    assert [next(batches).targets[0], next(batches).targets[0]] == [0, 10]
    batches.close()
    assert not loader_threads()


def test_threads_end_where_the_loop_stops_early() -> None:
    batches = Loader(DATASET, Train(batch_size=2), shifted, 3).batches(1)
    next(batches)
    assert loader_threads()
    batches.close()
    assert not loader_threads()


def test_no_more_is_worked_out_ahead_than_was_said() -> None:
    started: list[int] = []

    def job(number: int) -> int:
        started.append(number)
        return number

    results = in_order((lambda number=number: job(number) for number in range(100)), threads=2, ahead=4)
    assert next(results) == 0
    results.close()
    assert set(started) <= set(range(5))


def stored(dataset: Dataset, block: int) -> Dataset:
    """The same samples, as if they lay in a file."""
    inputs = dataset.inputs
    assert isinstance(inputs, np.ndarray)
    numbers = np.arange(len(inputs), dtype=np.int64)
    return Dataset(
        Stored(inputs.shape, inputs.dtype, lambda start, stop: inputs[start:stop].copy(), numbers, block),
        dataset.targets,
    )


@given(
    block=st.integers(1, 40),
    window=st.integers(1, 40),
    batch_size=st.integers(1, 40),
    threads=st.integers(0, 3),
    share=st.integers(1, SAMPLES),
    shuffle=st.booleans(),
)
def test_stored_samples_come_once_in_whole_batches_whatever_the_threads(
    block: int, window: int, batch_size: int, threads: int, share: int, shuffle: bool
) -> None:
    settings = Train(batch_size=batch_size, shuffle=shuffle, seed=5)
    dataset = stored(DATASET, block).take(np.arange(SAMPLES, dtype=np.int64)[-share:])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loaders, "WINDOW_BYTES", window * 14)
        whole = contents(Loader(dataset, settings, threads=threads), 1)
        assert [len(targets) for _, targets in whole[:-1]] == [batch_size] * (len(whole) - 1)
        seen = [target for _, targets in whole for target in targets]
        assert sorted(seen) == list(range(SAMPLES - share, SAMPLES)) and (shuffle or seen == sorted(seen))
        assert [sample for inputs, _ in whole for sample in inputs] == DATASET.inputs[seen].tolist()
        assert contents(Loader(dataset, settings, threads=0), 1) == whole
        start = len(whole) // 2 * batch_size
        assert contents(Loader(dataset, settings, threads=threads), 1, start) == whole[len(whole) // 2 :]
        augmented = contents(Loader(dataset, settings, shifted, threads), 1)
        assert augmented == contents(Loader(dataset, settings, shifted), 1)
    assert not loader_threads()


def test_a_window_of_stored_samples_is_read_while_the_one_before_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loaders, "WINDOW_BYTES", 10 * 14)
    second_is_read = threading.Event()

    def read(start: int, stop: int) -> np.ndarray:
        if start >= 10:
            second_is_read.set()
        return DATASET.inputs[start:stop].copy()

    samples = Stored(DATASET.inputs.shape, np.dtype(np.uint8), read, np.arange(SAMPLES, dtype=np.int64), block=10)
    loader = Loader(Dataset(samples, DATASET.targets), Train(batch_size=10, shuffle=False), threads=1)
    with closing(loader.batches(1)) as batches:
        next(batches)
        assert second_is_read.wait(timeout=30)
