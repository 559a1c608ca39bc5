"""Everything in a data set read once, to tell what it holds and what is wrong with it."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nbcnn.data.channel_statistics import chunk_of, moments_of
from nbcnn.data.dataset import Dataset, Shape, Splits
from nbcnn.data.label_names import likely_slips
from nbcnn.errors import DataError

DIGEST_BYTES = 8
"""Of a sample's digest: among a million samples two that differ have the same with a chance of 3 in 10**8."""

SHOWN = 10
"""Names that a message lists."""


@dataclass(frozen=True)
class Problem:
    """Something that is wrong, or that may be (a "warning")."""

    severity: Literal["error", "warning"]
    message: str


@dataclass(frozen=True)
class CheckedSplit:
    """What a split holds; `mean` and `std` are by channel, as the network reads numbers, bytes as value / 255.

    `counts` are samples by class, or pixels where each has a class; empty where targets are numbers. `repeated` counts
    samples that an earlier one of the split equals.
    """

    samples: int
    shape: Shape
    dtype: str
    counts: tuple[int, ...]
    repeated: int
    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True)
class Checked:
    """What a check found: `splits` by name, those that could be read to their end."""

    splits: dict[str, CheckedSplit]
    classes: tuple[str, ...]
    problems: tuple[Problem, ...]

    def as_dict(self) -> dict[str, Any]:
        """The object that `nbcnn data check --format json` prints."""
        splits = {
            name: asdict(split) | {"counts": dict(zip(self.labels(split), split.counts, strict=True))}
            for name, split in self.splits.items()
        }
        return {"splits": splits, "problems": [asdict(each) for each in self.problems]}

    def labels(self, split: CheckedSplit) -> tuple[str, ...]:
        """A name for each of the split's counts."""
        return (*self.classes, *map(str, range(len(self.classes), len(split.counts))))

    @property
    def has_errors(self) -> bool:
        return any(each.severity == "error" for each in self.problems)


@dataclass(frozen=True)
class _Read:
    """A digest, and a label where it has one, for each sample of a split."""

    name: str
    digests: NDArray[np.uint64]
    labels: NDArray[np.int64] | None


def check(splits: Splits, place: str) -> Checked:
    """Read all samples, and look for repeated ones, within splits and between them, and for classes without samples.

    Files that were left out because they cannot be read count as errors, as do samples that cannot be read, a sample
    of one split in another, and equal samples with different labels. `place` names the data in messages.
    """
    problems = [Problem("error", f"{path}: not a readable image; repair or remove it") for path in splits.skipped]
    named = {"train": splits.train, "validation": splits.validation, "test": splits.test}
    read: list[_Read] = []
    checked = {}
    for name, dataset in named.items():
        if dataset is None:
            continue
        try:
            checked[name], each = _read(name, dataset, len(splits.classes))
        except DataError as error:
            problems.append(Problem("error", str(error)))
            continue
        problems += _empty(name, checked[name].counts, splits.classes, place)
        slips = likely_slips(splits.classes, checked[name].counts)
        problems += (Problem("warning", f"{place}: class {slip}, in {name}") for slip in slips)
        problems += _repeated(each, place)
        problems += (problem for other in read for problem in _shared(other, each, place))
        read.append(each)
    return Checked(checked, splits.classes, tuple(problems))


def _read(name: str, dataset: Dataset, classes: int) -> tuple[CheckedSplit, _Read]:
    moments = moments_of(dataset)
    digests: list[int] = []
    counts = np.zeros(classes, np.int64)
    for inputs, targets in dataset.parts(chunk_of(dataset)):
        moments.add(inputs)
        digests += (int.from_bytes(blake2b(sample, digest_size=DIGEST_BYTES).digest()) for sample in inputs)
        if targets.dtype.kind == "i":
            # Numbers below 0 stand for no class.
            added = np.bincount(targets[targets >= 0].reshape(-1), minlength=len(counts))
            added[: len(counts)] += counts
            counts = added
    mean, variance = moments.results()
    read = _Read(name, np.array(digests, np.uint64), dataset.labels)
    split = CheckedSplit(
        samples=len(dataset),
        shape=dataset.inputs.shape[1:],
        dtype=str(dataset.inputs.dtype),
        counts=tuple(counts.tolist()),
        repeated=len(digests) - len({*digests}),
        mean=tuple(mean.tolist()),
        std=tuple(np.sqrt(variance).tolist()),
    )
    return split, read


def _empty(name: str, counts: Sequence[int], classes: Sequence[str], place: str) -> Iterator[Problem]:
    """Classes that no sample has: what does not train cannot be learnt, what is not in other splits is not measured."""
    missing = [label for number, label in enumerate(classes) if not counts[number]]
    if missing and any(counts):
        listed = ", ".join(missing[:SHOWN]) + (", ..." if len(missing) > SHOWN else "")
        nouns = "class has" if len(missing) == 1 else "classes have"
        yield Problem(
            "error" if name == "train" else "warning",
            f"{place}: {len(missing)} {nouns} no sample in {name}: {listed}; add some, or leave the class out",
        )


def _repeated(read: _Read, place: str) -> Iterator[Problem]:
    """Samples that an earlier one of their split equals."""
    _, first, which = np.unique(read.digests, return_index=True, return_inverse=True)
    later = np.flatnonzero(first[which] != np.arange(len(which)))
    earlier = first[which[later]]
    if not len(later):
        return
    yield Problem(
        "warning",
        f"{place}: {len(later)} of {read.name} {_equal(len(later))} an earlier one, such as {later[0]} and "
        f"{earlier[0]}",
    )
    if read.labels is not None:
        yield from _contradictions(read, later, read, earlier, place)


def _shared(one: _Read, other: _Read, place: str) -> Iterator[Problem]:
    """Samples of `other` that are in `one` too: what was trained on measures nothing."""
    unique, first = np.unique(one.digests, return_index=True)
    found = np.minimum(np.searchsorted(unique, other.digests), len(unique) - 1)
    theirs = np.flatnonzero(unique[found] == other.digests)
    mine = first[found[theirs]]
    if not len(theirs):
        return
    yield Problem(
        "error",
        f"{place}: {len(theirs)} of {other.name} {_equal(len(theirs))} one of {one.name}, such as {other.name} "
        f"{theirs[0]} and {one.name} {mine[0]}; remove them from one of the two",
    )
    if one.labels is not None and other.labels is not None:
        yield from _contradictions(other, theirs, one, mine, place)


def _equal(count: int) -> str:
    return "samples equals" if count == 1 else "samples equal"


def _contradictions(
    one: _Read, of_one: NDArray[np.intp], other: _Read, of_other: NDArray[np.intp], place: str
) -> Iterator[Problem]:
    """Pairs of equal samples with different labels."""
    assert one.labels is not None and other.labels is not None
    ours, theirs = one.labels[of_one], other.labels[of_other]
    wrong = np.flatnonzero(ours != theirs)
    if len(wrong):
        at = wrong[0]
        yield Problem(
            "error",
            f"{place}: {len(wrong)} pairs of equal samples have different labels, such as {one.name} {of_one[at]} "
            f"(label {ours[at]}) and {other.name} {of_other[at]} (label {theirs[at]}); label them alike",
        )
