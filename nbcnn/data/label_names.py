"""Names of classes that are perhaps slips for others."""

import difflib
import re
from collections.abc import Sequence

from nbcnn.errors import DataError

RARE = 10
"""A name is a slip for one that has at least so many times as many samples."""
NEAR = 0.8
"""From here on two names are alike, by difflib's measure: one letter of five may differ."""
MOST_COMPARED = 5000
"""Pairs of names, which take about half a second."""
LONGEST = 32
"""Characters of a name that are compared."""
SHOWN = 10


def unknown_class(place: str, name: str, classes: Sequence[str]) -> DataError:
    """For a class that the training split does not have."""
    near = difflib.get_close_matches(name[:LONGEST], classes[:MOST_COMPARED], n=1)
    cure = f'the nearest is "{near[0]}"' if near else "add it to train or remove it"
    listed = ", ".join(classes[:SHOWN]) + (", ..." if len(classes) > SHOWN else "")
    return DataError(f'{place}: train has {len(classes)} classes and none called "{name[:100]}", {listed}; {cure}')


def likely_slips(classes: Sequence[str], counts: Sequence[int]) -> list[str]:
    """Rare classes whose names are almost those of frequent ones: `"catt" (1 sample) is perhaps "cat" (99)`.

    Names that differ in their digits alone are numbered on purpose. Of very many classes the rarest are looked at.
    """
    counted = [(name, count) for name, count in zip(classes, counts, strict=False) if count]
    slips = []
    left = MOST_COMPARED
    for name, count in sorted(counted, key=lambda each: each[1])[:MOST_COMPARED]:
        known = {other.lower()[:LONGEST]: (other, more) for other, more in counted if more >= RARE * count}
        left -= len(known)
        if left < 0 or not known:
            break
        for near in difflib.get_close_matches(name.lower()[:LONGEST], known, n=1, cutoff=NEAR):
            other, more = known[near]
            if re.sub(r"\d", "", name) != re.sub(r"\d", "", other):
                slips.append(f'"{name}" ({count} sample{"" if count == 1 else "s"}) is perhaps "{other}" ({more})')
    return slips
