"""Samples beside what augmentation makes of them: the same that training sees."""

import numpy as np
import pytest
from augmentations import samples_of, spec_of

import nbcnn
from nbcnn.errors import InputError
from nbcnn.training.samples import load_samples, training_loader

FLIP, CROP = {"type": "horizontal_flip"}, {"type": "random_crop", "padding": 2}


def digits(*tables, **more):
    return spec_of((1, 8, 8), *tables, data={"source": "digits"}, **more)


def test_it_shows_what_training_sees() -> None:
    spec = digits(FLIP, CROP, train={"batch_size": 2000, "seed": 3})
    found = nbcnn.preview(spec, samples=12, epochs=3)
    assert found.samples.shape == (12, 1, 8, 8) and found.augmented.shape == (12, 3, 1, 8, 8)
    network = nbcnn.build(spec)
    train = load_samples(network, None, None, lambda event: None).train
    loader = training_loader(network, train)
    for epoch in (1, 2, 3):
        (batch,) = loader.batches(epoch)
        order = loader._order(epoch)
        for sample, changed in zip(found.samples, found.augmented[:, epoch - 1], strict=True):
            places = [place for place in np.flatnonzero((train.inputs == sample).all(axis=(1, 2, 3)))]
            assert any((batch.inputs[batch.indices[order == place]] == changed).all() for place in places)


def test_samples_are_from_all_classes_in_turn() -> None:
    assert sorted(nbcnn.preview(digits(FLIP), samples=10).labels) == [*"0123456789"]
    twenty = nbcnn.preview(digits(FLIP), samples=20).labels
    assert all(twenty.count(digit) == 2 for digit in "0123456789")


def test_without_augmentation_there_are_samples_alone() -> None:
    found = nbcnn.preview(digits(), samples=3)
    assert found.augmented.shape == (3, 0, 1, 8, 8) and found.mixtures == ((), (), ())


def test_mixtures_are_named() -> None:
    found = nbcnn.preview(digits({"type": "mixup", "p": 0.5}), samples=10, epochs=8)
    texts = [text for row in found.mixtures for text in row]
    assert len(texts) == 80 and 20 < texts.count("") < 60
    for row, label in zip(found.mixtures, found.labels, strict=True):
        for text in filter(None, row):
            shares = {part.split()[1]: int(part.split("%")[0]) for part in text.split(", ")}
            assert label in shares and 99 <= sum(shares.values()) <= 101


def test_samples_without_classes_have_numbers(tmp_path) -> None:
    np.savez(tmp_path / "data.npz", x_train=samples_of((1, 8, 8), 20), y_train=np.zeros((20, 10), np.float32))
    spec = spec_of((1, 8, 8), FLIP, data={"source": str(tmp_path / "data.npz")}, train={"loss": "mse_loss"})
    assert nbcnn.preview(spec, samples=2).labels == ("sample 0", "sample 1")


@pytest.mark.parametrize("change", [{"samples": 0}, {"epochs": 0}])
def test_nothing_to_see_is_refused(change) -> None:
    with pytest.raises(InputError, match="= 0: at least 1 is expected"):
        nbcnn.preview(digits(FLIP), **change)
