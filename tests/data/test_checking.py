"""What a check counts, and everything that it finds to be wrong."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbcnn.data import Dataset, Splits, load
from nbcnn.data.checking import Checked, check
from nbcnn.data.label_names import likely_slips

CLASSES = ("cat", "dog")


def images(*values: int) -> np.ndarray:
    """One image of 2 x 2 for each value."""
    return np.array(values, np.uint8)[:, np.newaxis, np.newaxis, np.newaxis] * np.ones((1, 1, 2, 2), np.uint8)


def labelled(values: list[int], labels: list[int]) -> Dataset:
    return Dataset(images(*values), np.array(labels, np.int64))


def found(train: Dataset, test: Dataset | None = None, validation: Dataset | None = None) -> Checked:
    return check(Splits(train, test, validation, CLASSES), "here")


def messages(checked: Checked, severity: str) -> list[str]:
    return [each.message for each in checked.problems if each.severity == severity]


def test_counts_and_statistics() -> None:
    checked = found(labelled([0, 51, 102], [0, 1, 1]), labelled([255, 10], [0, 1]))
    assert not checked.problems and not checked.has_errors
    train = checked.splits["train"]
    assert (train.samples, train.shape, train.dtype, train.counts, train.repeated) == (3, (1, 2, 2), "uint8", (1, 2), 0)
    assert train.mean == pytest.approx((0.2,)) and train.std == pytest.approx((np.std([0, 0.2, 0.4]),))
    assert checked.as_dict()["splits"]["test"]["counts"] == {"cat": 1, "dog": 1}


def test_repeated_samples_of_a_split_are_worth_a_word() -> None:
    checked = found(labelled([1, 2, 1, 1], [0, 1, 0, 0]))
    assert checked.splits["train"].repeated == 2 and not checked.has_errors
    assert messages(checked, "warning") == ["here: 2 of train samples equal an earlier one, such as 2 and 0"]


def test_one_thing_with_two_labels() -> None:
    checked = found(labelled([1, 2, 1], [0, 1, 1]))
    assert messages(checked, "error") == [
        "here: 1 pairs of equal samples have different labels, such as train 2 (label 1) and train 0 (label 0); "
        "label them alike"
    ]


def test_samples_that_are_in_two_splits() -> None:
    checked = found(labelled([1, 2, 3], [0, 1, 1]), labelled([4, 3, 2], [0, 1, 0]), labelled([9, 8], [0, 1]))
    first, second = messages(checked, "error")
    assert first.startswith("here: 2 of test samples equal one of train, such as test 1 and train 2; remove them")
    assert "1 pairs of equal samples have different labels, such as test 2 (label 0) and train 1 (label 1)" in second


def test_classes_without_samples() -> None:
    checked = found(labelled([1, 2], [0, 0]), labelled([3], [1]))
    assert messages(checked, "error") == ["here: 1 class has no sample in train: dog; add some, or leave the class out"]
    assert messages(checked, "warning") == [
        "here: 1 class has no sample in test: cat; add some, or leave the class out"
    ]


def test_files_that_were_left_out() -> None:
    checked = check(Splits(labelled([1, 2], [0, 1]), None, None, CLASSES, ("cats/a.png",)), "here")
    assert messages(checked, "error") == ["cats/a.png: not a readable image; repair or remove it"]


def test_maps_are_counted_by_pixel_and_numbers_not_at_all() -> None:
    maps = np.array([[[0, 1], [1, -1]]], np.int64)
    assert found(Dataset(images(1), maps)).splits["train"].counts == (1, 2)
    assert found(Dataset(images(1), np.ones((1, 3), np.float32))).splits["train"].counts == (0, 0)


@pytest.fixture
def write_h5(tmp_path: Path) -> Callable[..., Splits]:
    def write(**arrays: np.ndarray) -> Splits:
        with h5py.File(tmp_path / "a.h5", "w") as file:
            for name, array in arrays.items():
                file[name] = array
        return load(str(tmp_path / "a.h5"))

    return write


@given(st.lists(st.integers(0, 30), min_size=1, max_size=40), st.lists(st.integers(0, 30), min_size=1, max_size=40))
def test_finds_just_what_is_equal(train: list[int], test: list[int]) -> None:
    checked = found(labelled(train, [0] * len(train)), labelled(test, [0] * len(test)))
    assert checked.splits["train"].repeated == len(train) - len({*train})
    shared = [number for number, value in enumerate(test) if value in train]
    expected = f"{len(shared)} of test sample{'s equals' if len(shared) == 1 else 's equal'} one of train"
    assert any(expected in each for each in messages(checked, "error")) == bool(shared)


def test_a_split_that_cannot_be_read_does_not_hide_the_others(
    write_h5: Callable[..., Splits],
) -> None:
    numbers = np.arange(8, dtype=np.float32).reshape(4, 2, 1)
    wrong = numbers + 10
    wrong[2, 0] = np.inf
    splits = write_h5(x_train=wrong, y_train=np.zeros(4, int), x_test=numbers, y_test=np.zeros(4, int))
    checked = check(splits, "here")
    assert [*checked.splits] == ["test"] and checked.has_errors
    assert "x_train: inputs are expected to be finite, sample 2 is not" in messages(checked, "error")[0]


def test_names_that_are_perhaps_slips() -> None:
    assert likely_slips(("cat", "catt", "dog"), (99, 1, 50)) == ['"catt" (1 sample) is perhaps "cat" (99)']
    assert likely_slips(("Truck", "truck"), (3, 30)) == ['"Truck" (3 samples) is perhaps "truck" (30)']
    for classes, counts in (
        (("cat", "catt"), (99, 40)),  # both are frequent
        (("cat", "car"), (99, 1)),  # one letter of three
        (("class1", "class2"), (99, 1)),  # numbered
        (("a", "b"), (0, 0)),
    ):
        assert not likely_slips(classes, counts)
    many = Splits(labelled([*range(21)], [0] * 20 + [1]), None, None, ("cat", "catt", "dog"))
    assert 'here: class "catt" (1 sample) is perhaps "cat" (20), in train' in messages(check(many, "here"), "warning")
