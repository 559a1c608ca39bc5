"""Why a shape does not fit, with the arithmetic, and what would make it fit."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, count, islice

from nbcnn.layers.problems import Code
from nbcnn.network.cures import changes
from nbcnn.network.trail import Step, Trail, shared, unflattened
from nbcnn.spec import Diagnostic
from nbcnn.spec.diagnostics import Change
from nbcnn.spec.edits import put
from nbcnn.spec.references import INPUT
from nbcnn.spec.trials import Trials

MOST_ADVISED = 10
"""Errors that are looked into: the rest are not printed."""
MOST_SIZES = 512
"""Input sizes that are looked at on either side of the given one."""
_BY_SHAPE = (Code.DECLARED_SIZE, Code.NOT_FLAT, Code.WINDOW_TOO_LARGE, Code.WRONG_AXES, Code.BAD_GROUPS)
"""Errors that the way to a layer explains."""


def advise(diagnostics: Sequence[Diagnostic], trail: Trail, trials: Trials) -> list[Diagnostic]:
    """The diagnostics with notes of the shapes that led to them, and with cures that have been tried.

    Where a name on the way to a layer is taken twice its errors stay as they are: by name these cannot be told apart.
    """
    twice = {str(each.place.name) for each in diagnostics if each.code is Code.BAD_NAME and each.place}
    found = []
    left = MOST_ADVISED
    for diagnostic in diagnostics:
        step = trail.placed.get(diagnostic.place) if diagnostic.place else None
        is_told_apart = diagnostic.code is Code.BAD_NAME or (step is not None and not twice & _names(step, trail))
        if step is None or not diagnostic.is_error or not left or not is_told_apart:
            found.append(diagnostic.with_cures(()) if diagnostic.is_error else diagnostic)
            continue
        left -= 1
        notes = tuple(_notes(diagnostic, step, trail, trials))
        cures = (*trials.cures(diagnostic, changes(diagnostic, step, trail)), *trials.guesses(diagnostic))
        found.append(replace(diagnostic.with_cures(cures), notes=(*diagnostic.notes, *notes)))
    return found


def _names(step: Step, trail: Trail) -> set[str]:
    """The layer of a step, and all that leads to it."""
    return {str(step.layer.name)}.union(*(trail.before(name) for name in step.sources))


def _notes(diagnostic: Diagnostic, step: Step, trail: Trail, trials: Trials) -> Iterator[str]:
    if diagnostic.code is Code.SHAPES_DIFFER:
        ways = [trail.before(name) for name in step.sources]
        begin = shared(ways)
        texts = [trail.text(way[max(begin - 1, 0) :], channels=True) for way in ways]
        yield from dict.fromkeys(text for text in texts if text)
    elif len(step.sources) == 1 and diagnostic.code in _BY_SHAPE:
        is_flat = len(trail.shape(step.sources[0]) or ()) == 1
        text = trail.text(trail.before(step.sources[0]), channels=not is_flat)
        if text:
            yield text
        if diagnostic.code is Code.DECLARED_SIZE:
            yield from _factors(diagnostic, step, trail, trials)


def _factors(diagnostic: Diagnostic, step: Step, trail: Trail, trials: Trials) -> Iterator[str]:
    """400 = 16 x 5 x 5, and the input that would give it."""
    way = trail.before(step.sources[0])
    before = trail.image(way)
    declared = getattr(step.layer, str((diagnostic.path or ("",))[-1]), None)
    if before is None or declared is None or declared % before[0]:
        return
    start = trail.shape(way[0])
    assert start is not None
    by_distance = chain.from_iterable((distance, -distance) for distance in islice(count(1), MOST_SIZES))
    for more in by_distance:
        shape = (start[0], *(size + more for size in start[1:]))
        shapes = trail.run(way, shape, {}) if min(shape) > 0 and way[0] == INPUT else None
        if not shapes or shapes[-1] != (declared,):
            continue
        image = unflattened(shapes)
        change = Change("", (put(("input", "shape"), list(shape)),))
        if image and list(trials.cures(diagnostic, [change])):
            product, size = " x ".join(map(str, image)), "x".join(map(str, shape[1:]))
            yield f"{declared} = {product}, which this stack produces for a {size} input"
        return
