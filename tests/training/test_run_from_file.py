"""Whole runs on an HDF5 file, with a fake engine: the results do not depend on threads, interruptions or windows."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator

import h5py
import numpy as np
import pytest
from fake_engine import FakeTrainer

import nbcnn
from nbcnn.data import digits
from nbcnn.errors import DataError, Interrupted, SpecError
from nbcnn.spec import Spec
from nbcnn.training import loader
from nbcnn.training.evaluation import evaluate_file
from nbcnn.training.run import Result, train

MakeSpec = Callable[..., Spec]


@pytest.fixture
def data_file(fake_engine: type[FakeTrainer], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The digits in a file of which less than a fifth is in memory at a time."""
    splits = digits.load()
    with h5py.File("digits.h5", "w") as file:
        for name, part in (("train", splits.train), ("test", splits.test)):
            assert part is not None
            file.create_dataset(f"{name}/x", data=part.inputs, chunks=(16, 1, 8, 8))
            file[f"{name}/y"] = part.targets
    monkeypatch.setattr("nbcnn.data.stored.BLOCK_BYTES", 2048)
    monkeypatch.setattr(loader, "WINDOW_BYTES", 200 * 72)
    yield "digits.h5"
    assert not [each for each in threading.enumerate() if each.name.startswith("nbcnn-loader")]


def bits(result: Result) -> list[bytes]:
    return [values.tobytes() for values in result.model.parameters.values()]


def test_learns_as_from_memory(data_file: str, spec: MakeSpec) -> None:
    stored, memory = train(spec(data={"source": data_file})), train(spec())
    assert stored.model.normalization == memory.model.normalization
    assert [record.samples for record in stored.history] == [1298] * 3
    assert bits(stored) != bits(memory)  # another order
    assert stored.test is not None and stored.test.samples == 355 and stored.test.accuracy > 0.85
    again = evaluate_file(stored.out / "model.h5", data_file, "test", None, None, None, "float32")
    assert again.as_dict() == stored.test.as_dict()
    whole = train(spec(data={"source": data_file}, shuffle=False))
    assert bits(whole) == bits(train(spec(shuffle=False)))


def test_threads_change_no_bit(data_file: str, spec: MakeSpec) -> None:
    runs = [train(spec(data={"source": data_file, "loader_threads": threads})) for threads in (0, 1, 4)]
    assert bits(runs[0]) == bits(runs[1]) == bits(runs[2])


@pytest.mark.parametrize("step", [1, 7, 13, 20])
def test_an_interrupted_run_goes_on_to_the_same_bits(
    data_file: str,
    spec: MakeSpec,
    fake_engine: type[FakeTrainer],
    signal_in_step: Callable[[int], Callable[[int], float]],
    step: int,
) -> None:
    described = spec(data={"source": data_file})
    whole = train(described, out="whole")
    fake_engine.on_step = staticmethod(signal_in_step(step))
    with pytest.raises(Interrupted):
        train(described, out="parts")
    fake_engine.on_step = None
    # Threads are no part of what a run is.
    other = spec(data={"source": data_file, "loader_threads": 0})
    assert bits(train(other, out="parts", resume=True)) == bits(whole)


def test_a_file_that_ends_while_training_is_one_error(
    data_file: str, fake_engine: type[FakeTrainer], spec: MakeSpec
) -> None:
    def shorten(step: int) -> float:
        if step == 2:
            os.truncate("digits.h5", 20_000)
        return 1.0

    with h5py.File("digits.h5", "w") as file:  # without chunks, of which HDF5 would have some in memory
        file["train/x"], file["train/y"] = digits.load().train.inputs, digits.load().train.targets
    fake_engine.on_step = staticmethod(shorten)
    with pytest.raises(DataError, match=r"digits.h5 train/x: samples \d+ to \d+ cannot be read"):
        train(spec(data={"source": data_file}))


def test_a_sample_that_is_not_finite_is_named(fake_engine: type[FakeTrainer], spec: MakeSpec) -> None:
    inputs = np.zeros((200, 1, 8, 8), np.float32)
    inputs[123, 0, 4, 4] = np.nan
    with h5py.File("signals.h5", "w") as file:
        file["x"], file["y"] = inputs, np.arange(200) % 10
    with pytest.raises(DataError, match="signals.h5 x: inputs are expected to be finite, sample 123 is not"):
        train(spec(data={"source": "signals.h5", "normalize": False}))


def test_a_run_goes_on_however_its_data_are_spelt(data_file: str, spec: MakeSpec) -> None:
    train(spec(data={"source": data_file}, epochs=1), out="a")
    for source in (f"./{data_file}", os.path.abspath(data_file), data_file):
        train(spec(data={"source": source}, epochs=1), out="a", resume=True)
        assert nbcnn.verify("a").same
    shutil.copy(data_file, "other.h5")
    with pytest.raises(SpecError, match=r"the run to resume has data.source = .*digits.h5, the spec .*other.h5"):
        train(spec(data={"source": "other.h5"}, epochs=1), out="a", resume=True)
