"""`[vars]` and what stands for them elsewhere in a file: "$width", "$width * 4"."""

import operator
import re
from collections.abc import Mapping
from typing import Any

from nbcnn.layers.problems import Code, Guess, Problem
from nbcnn.spec.diagnostics import SHOWN
from nbcnn.spec.names import nearest
from nbcnn.spec.places import Path, echo, quoted

NAME = r"[A-Za-z_][A-Za-z0-9_]{0,63}"
MOST_VALUES = 500_000
"""Values in a file with its blocks written out: far more than a network of the most layers needs."""
MOST_VARIABLES = 1000
MOST_STEPS = 32
"""Variables that may stand for one another in a row."""
LARGEST_RESULT = 2**63

_OPERAND = rf"\${NAME}|[0-9]{{1,20}}"
EXPRESSION = rf"^\s*(?:(\${NAME})|({_OPERAND})\s*(\*|\+|-|//)\s*({_OPERAND}))\s*$"
"""Either one variable, or two operands and what is between them."""
_EXPRESSION = re.compile(EXPRESSION)
_NAME = re.compile(NAME)
_OPERATORS = {"*": operator.mul, "+": operator.add, "-": operator.sub, "//": operator.floordiv}
_FORMS = 'write "$name", or two names or whole numbers with *, +, - or // between them'


class Budget:
    """How much more may be looked at, so that a small file cannot ask for endless work."""

    def __init__(self, values: int = MOST_VALUES):
        self._left = values
        self._guesses = SHOWN

    def may_guess(self) -> bool:
        """Whether to look for what an unknown name was meant to be, which takes long among many."""
        self._guesses -= 1
        return self._guesses >= 0

    def spend(self) -> None:
        self._left -= 1
        if self._left < 0:
            rule = f"with its blocks written out the file holds more than {MOST_VALUES} values"
            raise TooLarge(Code.TOO_LARGE, rule, "repeat less")


class TooLarge(Problem):
    """Ends the work on a file at once."""


class UnknownVariable(Problem):
    """A "$name" that stands for nothing, and the name that is nearest."""

    def __init__(self, name: str, known: list[str]):
        self.name, self.close = name, nearest(name, known)
        advice = f'define it: [vars], {name} = ..., or "parameters" of the block'
        cure = f'the nearest is "${self.close}"' if self.close else advice
        super().__init__(Code.UNKNOWN_VARIABLE, f'no variable is named "${name}"', cure)

    def meant_in(self, text: str) -> Guess | None:
        """The text with the nearest name, where it is the text that holds the unknown one."""
        if self.close is None:
            return None
        corrected = re.sub(rf"\${self.name}(?![A-Za-z0-9_])", f"${self.close}", text)
        return Guess(corrected, self.close.evident) if corrected != text else None


class Scope:
    """The variables that can be named at one place: those of a block, then those of the file.

    `written` holds values that may stand for others, `known` values that do not.
    """

    def __init__(
        self,
        budget: Budget,
        written: Mapping[str, Any],
        known: Mapping[str, Any] | None = None,
        outer: "Scope | None" = None,
    ):
        self.budget = budget
        self._written = written
        self._values = dict(known or {})
        self._outer = outer
        self._under_way: list[str] = []

    def names(self) -> list[str]:
        return [*self._values, *self._written, *(self._outer.names() if self._outer else [])]

    def value(self, name: str) -> Any:
        """What the variable stands for; raises Problem where there is none, and where it stands for itself."""
        if name in self._values:
            return self._values[name]
        itself = self._under_way[-1:] == [name]  # `width = "$width"` among a block's parameters means the file's
        if name not in self._written or (itself and self._outer):
            if self._outer:
                return self._outer.value(name)
            raise UnknownVariable(name, self.names() if self.budget.may_guess() else [])
        if name in self._under_way:
            circle = " > ".join(self._under_way[self._under_way.index(name) :])
            raise Problem(Code.CYCLE, f"variables stand for one another: {circle} > {name}", "give one of them a value")
        if len(self._under_way) >= MOST_STEPS:
            raise Problem(Code.TOO_LARGE, f"more than {MOST_STEPS} variables stand for one another", "give a value")
        self._under_way.append(name)
        try:
            self._values[name] = self._fill(self._written[name], (), None)
        finally:
            self._under_way.pop()
        return self._values[name]

    def fill(self, value: Any, problems: list[tuple[Path, Problem]], path: Path = ()) -> Any:
        """The value with all variables in it replaced; what is wrong is added to `problems` with its path."""
        return self._fill(value, path, problems)

    def _fill(self, value: Any, path: Path, problems: list[tuple[Path, Problem]] | None) -> Any:
        self.budget.spend()
        if isinstance(value, dict):
            return {key: self._fill(each, (*path, str(key)), problems) for key, each in value.items()}
        if isinstance(value, list):
            return [self._fill(each, (*path, index), problems) for index, each in enumerate(value)]
        if not isinstance(value, str) or "$" not in value:
            return value
        try:
            return self._evaluate(value)
        except TooLarge:
            raise
        except Problem as problem:
            if isinstance(problem, UnknownVariable):
                problem.meant = problem.meant_in(value)
            if problems is None:
                raise
            problems.append((path, problem))
            return value

    def _evaluate(self, text: str) -> Any:
        found = _EXPRESSION.match(text)
        if found is None:
            if text.startswith("$"):
                raise Problem(Code.WRONG_VALUE, f"{quoted(text)} is no variable and no calculation", _FORMS)
            return text
        if found[1]:
            return self.value(found[1][1:])
        left, right = self._number(found[2], text), self._number(found[4], text)
        if found[3] == "//" and right == 0:
            raise Problem(Code.WRONG_VALUE, f"{quoted(text)} divides by 0", "give another number")
        result = _OPERATORS[found[3]](left, right)
        if abs(result) > LARGEST_RESULT:
            raise Problem(Code.TOO_LARGE, f"{quoted(text)} is more than 2**63", "give smaller numbers")
        return result

    def _number(self, operand: str, text: str) -> int:
        value = self.value(operand[1:]) if operand.startswith("$") else int(operand)
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST_RESULT:
            rule = f"{quoted(text)} calculates with {operand}, which is {echo(value)}"
            raise Problem(Code.WRONG_VALUE, rule, "only whole numbers can be calculated with")
        return value


def is_name(name: str) -> bool:
    """Whether "$name" can refer to it."""
    return _NAME.fullmatch(name) is not None
