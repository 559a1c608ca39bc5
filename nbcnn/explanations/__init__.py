"""What each code of a diagnostic means: one page a code, NB101.md and so on, with an example and its cure."""

import re
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files

from nbcnn.errors import InputError
from nbcnn.layers.problems import Code
from nbcnn.spec.names import nearest


@dataclass(frozen=True)
class Explanation:
    """A page: `text` is all of it, in Markdown; `example` is a spec that gives the code, `cure` one that does not."""

    code: str
    title: str
    cause: str
    example: str
    cure: str
    text: str

    def as_dict(self) -> dict[str, str]:
        """The object that `nbcnn explain --format json` prints."""
        return asdict(self)


@cache
def explanation(code: str) -> Explanation:
    """What a code means, in capitals or not; raises InputError for a code that there is not."""
    known = [each.value for each in Code]
    name = code.strip().upper()
    if name not in known:
        close = nearest(name.lower(), [each.lower() for each in known])
        advice = f"the nearest is {str(close).upper()}" if close else "the codes are listed by `nbcnn explain`"
        raise InputError(f"{code[:40]!r} is not the code of a diagnostic; {advice}")
    text = files(__name__).joinpath(f"{name}.md").read_text(encoding="utf-8")
    title, *sections = re.split(r"^## (?:Cause|Example|Cure)\n", text, flags=re.MULTILINE)
    cause, example, cure = map(str.strip, sections)
    return Explanation(name, title.removeprefix("# ").strip(), cause, example, cure, text)


def explanations() -> list[Explanation]:
    """Those of all codes, in their order."""
    return [explanation(code.value) for code in Code]
