"""Which samples train, validate and test, by the spec's shares and folds."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nbcnn.data import Splits
from nbcnn.errors import DataError
from nbcnn.network import build
from nbcnn.spec import Spec
from nbcnn.training.events import ignore
from nbcnn.training.samples import load_samples

MakeSpec = Callable[..., Spec]


@pytest.fixture
def loaded(tmp_path: Path, spec: MakeSpec) -> Callable[..., Splits]:
    """The splits of 100 samples, numbered in their first pixel, by a [data] table."""

    def load(names: dict[str, slice] | None = None, **table: object) -> Splits:
        inputs = np.zeros((100, 1, 8, 8), np.uint8)
        inputs[:, 0, 0, 0] = np.arange(100)
        targets = np.arange(100) % 10
        parts = names or {"train": slice(None)}
        arrays = {
            f"{axis}_{name}": values[part]
            for name, part in parts.items()
            for axis, values in (("x", inputs), ("y", targets))
        }
        np.savez(tmp_path / "a.npz", **arrays)
        described = spec(data={"source": str(tmp_path / "a.npz"), **table})
        return load_samples(build(described), None, None, ignore)

    return load


def numbers(dataset: object) -> set[int]:
    return set(dataset.inputs[:, 0, 0, 0].tolist())  # type: ignore[attr-defined]


def test_a_share_to_test_is_taken_first(loaded: Callable[..., Splits]) -> None:
    splits = loaded(test=0.2, validation=0.25)
    assert [len(part or ()) for part in (splits.train, splits.validation, splits.test)] == [60, 20, 20]
    assert splits.test is not None and np.bincount(splits.test.targets).tolist() == [2] * 10
    assert numbers(splits.train) | numbers(splits.validation) | numbers(splits.test) == set(range(100))


def test_folds_of_what_is_left_after_the_test(loaded: Callable[..., Splits]) -> None:
    parts = [loaded(test=0.2, folds=4, fold=fold) for fold in range(4)]
    assert len({frozenset(numbers(each.test)) for each in parts}) == 1
    validated = [number for each in parts for number in numbers(each.validation)]
    assert len(validated) == 80 and set(validated) == set(range(100)) - numbers(parts[0].test)
    assert all(not numbers(each.train) & numbers(each.validation) and len(each.train) == 60 for each in parts)


def test_splits_of_the_source_stay(loaded: Callable[..., Splits]) -> None:
    names = {"train": slice(0, 70), "val": slice(70, 80), "test": slice(80, 100)}
    splits = loaded(names, test=0.5, validation=0.5)
    assert numbers(splits.test) == set(range(80, 100)) and numbers(splits.validation) == set(range(70, 80))
    with pytest.raises(DataError, match=r"folds \(=5\) are expected where the data has no validation split"):
        loaded(names, folds=5)


def test_no_test_split_unless_it_is_asked_for(loaded: Callable[..., Splits]) -> None:
    assert loaded().test is None


def test_a_share_that_leaves_nothing(loaded: Callable[..., Splits]) -> None:
    with pytest.raises(DataError, match=r"test = 0.001: both parts need a sample.* 0 for no test"):
        loaded(test=0.001)


def test_a_misspelt_label_is_told_by_its_name(tmp_path: Path, spec: MakeSpec) -> None:
    header = ",".join(f"t{number}" for number in range(64)) + ",label"
    labels = [f"digit {name}" for name in "abcdefghij"] * 12 + ["digitt a"]
    rows = [",".join(["0"] * 64 + [label]) for label in labels]
    path = tmp_path / "signals.csv"
    path.write_text("\n".join([header, *rows]))
    described = build(spec(data={"source": str(path)}))
    message = r'10 classes are expected.* received 11; "digitt a" \(1 sample\) is perhaps "digit a" \(12\): mend'
    with pytest.raises(DataError, match=message):
        load_samples(described, None, None, ignore)
