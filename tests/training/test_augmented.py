"""Training on samples that are augmented: the same weights on any number of threads, and nothing else is changed."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from augmentations import samples_of, spec_of

import nbcnn
from nbcnn.augmentation.flips import _flip
from nbcnn.data import Dataset
from nbcnn.errors import InputError
from nbcnn.machine.cores import most_threads
from nbcnn.training.events import Compiling
from nbcnn.training.samples import training_loader
from nbcnn.weights import store

TABLES: list[dict[str, Any]] = [
    {"type": "horizontal_flip"},
    {"type": "random_crop", "padding": 1, "fill": 0.5},
    {"type": "gaussian_noise"},
]


def digits(threads: int, *tables: dict[str, Any]) -> Any:
    data = {"source": "digits", "loader_threads": threads}
    return spec_of((1, 8, 8), *tables, data=data, train={"epochs": 2, "batch_size": 100})


def test_a_run_gives_the_same_weights_with_any_number_of_loader_threads(tmp_path) -> None:
    runs = [nbcnn.train(digits(threads, *TABLES), out=tmp_path / str(threads)) for threads in (0, 1, 4)]
    weights = [run.model.parameters["linear1.weight"] for run in runs]
    np.testing.assert_array_equal(weights[0], weights[1])
    np.testing.assert_array_equal(weights[0], weights[2])
    plain = nbcnn.train(digits(0), out=tmp_path / "plain")
    assert not np.array_equal(plain.model.parameters["linear1.weight"], weights[0])


def test_threads_and_loader_threads_change_no_bit_of_a_run(tmp_path: Path) -> None:
    """In small what tools/trust/determinism.py does with 1,000 steps, in processes of their own."""
    tables = [*TABLES, {"type": "mixup", "alpha": 0.2}]
    layers = [
        {"type": "conv", "out_channels": 4, "kernel_size": 3},
        {"type": "batch_norm", "activation": "relu"},
        {"type": "max_pool", "kernel_size": 2},
        {"type": "flatten"},
        {"type": "dropout", "p": 0.2},
        {"type": "linear", "out_features": 10},
    ]
    train = {"epochs": 2, "batch_size": 100, "ema": {"decay": 0.9}}
    found = []
    for count, loaders in itertools.product(sorted({1, most_threads()}), (0, 4)):
        data = {"source": "digits", "loader_threads": loaders}
        spec = spec_of((1, 8, 8), *tables, layers=layers, data=data, train=train)
        folder = tmp_path / f"{count} {loaders}"
        run = nbcnn.train(spec, out=folder, threads=count)
        last = store.load(folder / "last.h5")
        arrays = {**last.parameters, **last.buffers, **(last.optimizer or {})}
        found.append(([record.loss for record in run.history], {key: each.tobytes() for key, each in arrays.items()}))
    assert all(each == found[0] for each in found)


def test_no_step_waits_for_what_augmentation_compiles() -> None:
    kind = np.dtype(np.uint8)
    _flip._made.pop(kind, None)
    network = nbcnn.build(spec_of((1, 8, 8), {"type": "horizontal_flip", "p": 0.1}))
    events: list[Any] = []
    training_loader(network, Dataset(samples_of((1, 8, 8), 3), np.zeros(3, np.int64)), on_event=events.append)
    assert kind in _flip._made and events == [Compiling("horizontal_flip", 0, 1)]


def test_an_epoch_that_is_interrupted_goes_on_with_the_same_samples(tmp_path) -> None:
    """A run of two epochs is one of one epoch that is resumed."""
    spec = digits(2, *TABLES)
    whole = nbcnn.train(spec, out=tmp_path / "whole")
    short = spec.model_copy(update={"train": spec.train.model_copy(update={"epochs": 1})})
    nbcnn.train(short, out=tmp_path / "parts")
    resumed = nbcnn.train(spec, out=tmp_path / "parts", resume=True)
    key = "linear1.weight"
    np.testing.assert_array_equal(whole.model.parameters[key], resumed.model.parameters[key])


def test_fit_augments_copies_and_measures_the_validation_as_it_is() -> None:
    x, y = samples_of((1, 8, 8), 60), np.arange(60) % 10
    kept = x.copy()
    model = nbcnn.Model(nbcnn.build(spec_of((1, 8, 8), *TABLES)), seed=0)
    history = model.fit(x, y, epochs=1, validation_data=(x, y))
    np.testing.assert_array_equal(x, kept)
    assert history[0].val_loss == pytest.approx(model.evaluate(x, y).loss)


def test_numbers_beyond_bytes_are_refused() -> None:
    x, y = samples_of((1, 8, 8), 20), np.arange(20) % 10
    spec = spec_of((1, 8, 8), {"type": "horizontal_flip"}, {"type": "random_crop", "padding": 1, "fill": 128})
    model = nbcnn.Model(nbcnn.build(spec), seed=0)
    with pytest.raises(InputError, match=r"augment\[1\]\.fill: numbers from 0 to 1 .* 128; divide it by 255"):
        model.fit(x, y, epochs=1)
    model.fit((x / 255).astype(np.float32), y, epochs=1)


def test_a_sample_that_comes_again_is_changed_otherwise() -> None:
    """Of a rare class the same few samples make a third of the epoch."""
    labels = np.array([0] * 45 + [1] * 2 + [2] * 43)
    train = {"sampling": "balanced", "batch_size": 10}
    spec = spec_of((1, 8, 8), {"type": "gaussian_noise"}, train=train)
    loader = training_loader(nbcnn.build(spec), Dataset(samples_of((1, 8, 8), 90), labels))
    rare = [x.tobytes() for batch in loader.batches(1) for x, y in zip(*batch[:2], strict=True) if y == 1]
    assert len(rare) == len(set(rare)) == 30
