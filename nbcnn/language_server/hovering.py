"""What is known about the place under the cursor: the key there, and the layer that it belongs to."""

from contextlib import suppress

from nbcnn.language_server import keys
from nbcnn.language_server.checking import Checked, described
from nbcnn.language_server.outline import offset_of, outline
from nbcnn.spec.places import Path

LAYERS = "layers"


def hover(text: str, line: int, character: int, checked: Checked | None, *, is_json: bool) -> str | None:
    """Markdown about a place, from the last network that could be built; None where there is nothing to say."""
    offset = offset_of(text, line, character)
    parts = []
    if is_json:
        path = _json_path(text, offset)
    else:
        seen = outline(text)
        table = seen.at(offset)
        path = table.path
        for key, entry in table.entries.items():
            if entry.key[0] <= offset <= entry.key[1]:
                known = keys.keys((*path, *key[:-1]), seen.types(), shared=False)
                parts += [each.markdown for each in known if each.name == key[-1]]
    owner = _layer_path(path)
    if checked is not None and owner and (layers := checked.layers(owner)):
        parts.append(described(layers, as_one=checked.is_block(owner)))
    return "\n\n---\n\n".join(parts) or None


def _layer_path(path: Path) -> Path:
    """The innermost table of a layer on the way to a path; nothing where there is none."""
    ends = (end for end in range(len(path), 1, -1) if isinstance(path[end - 1], int) and path[end - 2] == LAYERS)
    return path[: next(ends, 0)]


def _json_path(text: str, offset: int) -> Path:
    """The keys that lead to a place of a JSON text; as far as is known of one that is not valid, nothing."""
    from nbcnn.spec.positions import positions

    path: Path = ()
    with suppress(Exception):  # the scanner expects a text that was parsed; of any other it knows but the beginning
        spot = positions(text, is_json=True)
        while True:
            starts = {key: (each.key or each.span)[0] for key, each in spot.below.items()}
            inside = [key for key, start in starts.items() if start <= offset <= spot.below[key].span[1]]
            if not inside:
                break
            path, spot = (*path, inside[0]), spot.below[inside[0]]
    return path
