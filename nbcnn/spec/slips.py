"""What a text that is no TOML was probably meant to be: habits of Python, JSON, YAML and other files."""

import re
from collections.abc import Sequence

LONGEST = 1000
"""Characters of a line that are looked at."""

_WHOLE = (
    (re.compile(r"\{[ \t]*(\"|\}|\r?$)"), "this is JSON: let the file's name end in .json"),
    (re.compile(r"(import|from)[ \t]+\w|def[ \t]|class[ \t]"), "a spec is TOML or JSON, no program"),
    (re.compile(r"\w+:[ \t]*\r?$"), "this is YAML's way: write [input] for `input:`, and `=` for `:`"),
)
"""What lines look like that texts of another kind have."""

_LINES = (
    (r"[ \t]*(//|;|--|%)", "a comment begins with #"),
    (r".*[“”„‘’]", "write straight quotes"),
    (r"[ \t]*-[ \t]", "this is YAML's way; a list of tables has a header for each: [[layers]]"),
    (r"[ \t]*[\w.\"'-]+[ \t]*:", "write = in the place of :"),
    (r"[^=#]*==", "write one = alone"),
    (r"[^=#]*=[ \t]*(True|TRUE)\b", "write true"),
    (r"[^=#]*=[ \t]*(False|FALSE)\b", "write false"),
    (r"[^=#]*=[ \t]*(None|null|nil|~)[ \t]*(#.*)?$", "delete this line; what is left out has its default"),
    (r"[^=#]*=[ \t]*\(", "a list stands in square brackets: [1, 2]"),
    (r"[^=#]*=[ \t]*[+-]?\.(?P<digits>\d+)", "write 0.{digits}"),
    (r"[^=#]*=[ \t]*(?P<number>\d+)\.(?!\d)", "write {number}.0"),
    (r"[^=#]*=[ \t]*(?P<number>\d+)[ \t]*%", "write a share, from 0 to 1"),
    (r"[^=#]*=.*,[ \t]*\}", "delete the comma before the bracket"),
    (r"[^=#]*=[ \t]*\{[^}]*$", "write all of {{...}} on one line, or the table with a header of its own: [name]"),
    (r"[^=#]*=[ \t]*(\"[^\"]*\"|'[^']*'|[\w.+-]+)[ \t]*(?P<mark>[,;])", "delete the {mark}"),
    (r"[^=#]*=[ \t]*(\"[^\"]*|'[^']*)$", "end the string with a quote"),
    (r"[^=#]*=[ \t]*(?P<word>[A-Za-z_][\w.-]*)[ \t]*(#.*)?$", 'write it in quotes: "{word}"'),
    (r"[^=#]*=[ \t]*(#.*)?$", "give a value, or delete this line"),
    (r"[ \t]*\[\[[^\]]*\](?!\])", "end the header with two brackets"),
    (r"[ \t]*\[[^\]]*$", "end the header with a bracket"),
)
"""What lines look like that go wrong, and what to do about them."""


def cure(lines: Sequence[str], number: int) -> str:
    """What to do about a line of a text, from 0."""
    for pattern, words in _WHOLE:
        if any(map(pattern.match, lines)):
            return words
    for form, words in _LINES:
        if found := re.match(form, lines[number][:LONGEST].rstrip("\r")):
            return words.format(**found.groupdict())
    return "correct this line"
