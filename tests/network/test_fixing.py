"""Fixes are made in the text: what is safe removes its error, and nothing that it does not concern is touched."""

import json
import os
import random
import re
import tomllib
from collections import Counter

import pytest
from lint_examples import EXAMPLES
from mutations import MUTATIONS, mutated
from wrong_specs import CONV, FLAT, IN, JSON, LENET, SPEC, TOML, USE, block, layer

import nbcnn
from nbcnn.network import build
from nbcnn.network.fixing import edited
from nbcnn.spec import InvalidSpec

COUNT = int(os.environ.get("NBCNN_FIXES", "15"))
"""How many slips of the pen to try: hundreds by hand, `NBCNN_FIXES=400`."""
_TOKEN = re.compile(r'"""(?:[^\\]|\\.)*?"""|\'\'\'.*?\'\'\'|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|#[^\r\n]*', re.DOTALL)


def comments(text):
    return [found[0] for found in _TOKEN.finditer(text) if found[0].startswith("#")]


def found_in(path):
    """Errors, or what the linter says where there are none."""
    try:
        return nbcnn.build(nbcnn.load_spec(path)).findings
    except InvalidSpec as error:
        return error.diagnostics


def errors(path):
    """Errors alone, which are found sooner."""
    try:
        build(nbcnn.load_spec(path))
    except InvalidSpec as error:
        return error.diagnostics
    return ()


def keys(diagnostics):
    return Counter((each.code.value, each.place.name if each.place else each.path) for each in diagnostics)


def check(path):
    """Every fix of a spec does to its text what it says; gives how many are safe."""
    with open(path, encoding="utf-8", newline="") as file:
        before = file.read()
    found = found_in(path)
    safe = 0
    for each in found:
        for change in each.changes:
            if not change.text_edits or any(edit.file != str(path) for edit in change.text_edits):
                continue
            after = edited(before, change.text_edits)
            check_lines(before, after, change.text_edits)
            parse = json.loads if path.suffix == ".json" else tomllib.loads
            assert filled(parse(after)) == filled(change.apply(parse(before)))
            path.write_bytes(after.encode())
            left = keys(found_in(path))
            (key,) = keys([each])
            assert left[key] < keys(found)[key] or not (change.safe or each.is_error)
            if change.safe:
                safe += 1
                assert comments(before) == comments(after)
            path.write_bytes(before.encode())
    check_fixed(path, before, sum(each.is_error for each in found))
    return safe


def filled(document):
    """Without empty tables: a table that is taken out may have been all that there was of the one above."""
    return {key: value for key, value in document.items() if value != {}}


def check_lines(before, after, edits):
    """All lines that no edit is about are there, in their order, to the last character."""
    touched = {line for edit in edits for line in range(edit.line, edit.end_line + 1)}
    kept = [line for number, line in enumerate(before.split("\n"), 1) if number not in touched]
    lines = iter(after.split("\n"))
    assert all(line in lines for line in kept)


def check_fixed(path, before, count):
    for unsafe in (False, True):
        fixed = nbcnn.fix(path, unsafe=unsafe, write=False)
        assert fixed.errors <= count and fixed.before == before
        assert (fixed.after == before) == (not fixed.made)
        assert nbcnn.fix(path, unsafe=unsafe, text=fixed.after).after == fixed.after
        if not unsafe:
            assert comments(fixed.after) == comments(before)


CASES = [("wrong.toml", text) for text, *_ in TOML.values()] + [("wrong.json", text) for text, *_ in JSON.values()]


@pytest.mark.parametrize("name, marked", CASES, ids=[*TOML, *(f"json: {each}" for each in JSON)])
def test_fixes_of_every_wrong_spec(tmp_path, name, marked):
    path = tmp_path / name
    path.write_text(re.sub("[«»]", "", marked), encoding="utf-8")
    check(path)


@pytest.mark.parametrize("code", EXAMPLES)
def test_fixes_of_warnings_and_advice(tmp_path, code):
    """Each line has a comment, which stays whatever becomes of the line."""
    lines = re.sub("[«»]", "", EXAMPLES[code].wrong).split("\n")
    path = tmp_path / "spec.toml"
    path.write_text("\n".join(line and f"{line} # {number}" for number, line in enumerate(lines)), encoding="utf-8")
    check(path)


def with_a_declared_size(draw, lines):
    kinds = {'type = "conv"': "in_channels = 7 # seven", 'type = "linear"': "in_features = 7"}
    at = [number for number, line in enumerate(lines) if line.strip() in kinds]
    if at:
        number = draw.choice(at)
        lines.insert(number + 1, kinds[lines[number].strip()])


def without_flatten(draw, lines):
    if 'type = "flatten"' in lines:
        at = lines.index('type = "flatten"')
        del lines[at - 1 : at + 1]


def with_a_quoted_number(draw, lines):
    at = [number for number, line in enumerate(lines) if re.fullmatch(r"\w+ = \d+.*", line)]
    if at:
        number = draw.choice(at)
        lines[number] = re.sub(r"(\d+)", r'"\1"', lines[number], count=1)


@pytest.mark.parametrize("seed", range(COUNT))
def test_fixes_of_slips_of_the_pen(seed, tmp_path):
    check(mutated(random.Random(seed), tmp_path, [*MUTATIONS, *SLIPS, *SLIPS]))


SLIPS = [with_a_declared_size, without_flatten, with_a_quoted_number]


def test_slips_that_tell_what_was_meant_are_fixed(tmp_path):
    draw, slips = random.Random(0), 0
    for _ in range(30):
        path = mutated(draw, tmp_path, SLIPS)
        if {each.code for each in errors(path)} & {"NB104", "NB106", "NB111"}:
            slips += 1
            assert not nbcnn.fix(path, write=False).errors, path.read_text()
    assert slips >= 5


SAFE = {
    "a declared size": (LENET, LENET.replace("in_features = 400\n", "")),
    "an image for a linear layer": (LENET.replace(FLAT, ""), LENET.replace("in_features = 400\n", "")),
    "keys of another framework": (
        SPEC.replace("out_channels", "filters").replace("conv", "Conv2D"), SPEC,
    ),
    "a number in quotes": (SPEC.replace("= 3", '= "3" # three'), SPEC.replace("= 3", "= 3 # three")),
    "a number with a point": (SPEC.replace("= 3", "= 3.0"), SPEC),
    "a type in other letters": (IN + layer("MaxPool2d", "pool_size = 2"), IN + layer("max_pool", "kernel_size = 2")),
    "an optimizer's name": (
        SPEC + "[train]\noptimizer = 'adm'\n", SPEC + '[train]\noptimizer = {type = "adam"}\n',
    ),
    "a table's name": (SPEC + "[trian]\n[trian.optimizer]\ntype = 'adam'\n", None),
    "a variable": ("vars = {width = 2}\n" + SPEC.replace("= 2", '= "$widht * 2"'), None),
    "a block": (IN + USE.replace('"b"', '"stgae"') + block(CONV, name="stage"), None),
    "a parameter of a block": (
        IN + USE + "with = {widht = 4}\n[blocks.b.parameters]\nwidth = 1\n" + block(CONV.replace("= 2", '= "$width"')),
        None,
    ),
    "a name of a layer": (SPEC.replace('"c"', '"stem"') + layer("relu", 'from = "setm"'), None),
    "an activation": (SPEC + 'activation = "rleu"\n', SPEC + 'activation = "relu"\n'),
    "in a block that is used twice": (
        IN + USE + "repeat = 2\n" + block(CONV + "in_channels = 3 # three\n"),
        IN + USE + "repeat = 2\n" + block(CONV + "# three\n"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("before, after", SAFE.values(), ids=SAFE)
def test_a_safe_fix_gives_a_spec_that_builds(tmp_path, before, after):
    path = tmp_path / "wrong.toml"
    path.write_text(before)
    fixed = nbcnn.fix(path, write=False)
    assert fixed.errors == 0 and fixed.made
    if after is not None:
        assert fixed.after == after
    path.write_text(fixed.after)
    assert not errors(path)


UNSAFE = {
    "one of two names": SPEC.replace('"c"', '"conv1"') + layer("relu", 'from = "conv2"'),
    "a kernel too large": SPEC.replace("= 3", "= 11"),
    "padding": IN + layer("max_pool", "kernel_size = 2", "padding = 2"),
}


@pytest.mark.parametrize("text", UNSAFE.values(), ids=UNSAFE)
def test_what_may_be_meant_otherwise_is_fixed_on_request(tmp_path, text):
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    assert nbcnn.fix(path, write=False).after == text
    assert nbcnn.fix(path, unsafe=True).errors == 0


def test_what_would_show_more_errors_is_left_out(tmp_path):
    path = tmp_path / "wrong.toml"
    shapes = layer("conv", "in_channels = 9", "out_channels = 1", "kernel_size = 30")
    text = SPEC.replace("kernel_size", "kernel_sise") + shapes + layer("add", 'from = ["input", "c"]')
    path.write_text(text)
    fixed = nbcnn.fix(path, write=False)
    assert fixed.errors <= len(errors(path)) == 1


def test_another_file_is_left_alone(tmp_path):
    base, child = tmp_path / "base.toml", tmp_path / "child.toml"
    base.write_text(SPEC.replace("kernel_size", "kernel_sise"))
    child.write_text('extends = "base.toml"\n[train]\nepoch = 3\n')
    fixed = nbcnn.fix(child)
    assert fixed.after == 'extends = "base.toml"\n[train]\nepochs = 3\n'
    assert [edit.file for change in fixed.elsewhere for edit in change.text_edits] == [str(base)]
    assert nbcnn.fix(base).after == SPEC


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
def test_a_file_is_written_with_its_line_ends_mark_and_permissions(tmp_path, start):
    path, link = tmp_path / "wrong.toml", tmp_path / "link.toml"
    path.write_bytes(start + LENET.replace("\n", "\r\n").encode())
    path.chmod(0o640)
    link.symlink_to(path)
    nbcnn.fix(link, write=False)
    assert b"in_features" in path.read_bytes()
    nbcnn.fix(link)
    assert path.read_bytes() == start + LENET.replace("in_features = 400\n", "").replace("\n", "\r\n").encode()
    assert path.stat().st_mode & 0o777 == 0o640 and link.is_symlink()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link.toml", "wrong.toml"]


def test_a_file_without_a_safe_fix_is_not_written(tmp_path):
    path = tmp_path / "wrong.toml"
    path.write_text(SPEC)
    path.chmod(0o440)
    time = path.stat().st_mtime_ns
    assert nbcnn.fix(path).made == () and path.stat().st_mtime_ns == time


def test_a_diff_breaks_lines_where_patch_does(tmp_path):
    path = tmp_path / "wrong.toml"
    path.write_text("# a\u2028b\x85c\n" + SPEC.replace("= 3", '= "3"'), encoding="utf-8", newline="")
    diff = nbcnn.fix(path, write=False).diff()
    assert diff.split("\n")[2:5] == ["@@ -5,4 +5,4 @@", ' type = "conv"', ' name = "c"']


def test_an_override_is_in_no_file(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text(SPEC)
    (found,) = nbcnn.validate(path, {"layers.c.in_channels": 9})["diagnostics"]
    assert found["help"].startswith("delete") and found["fixes"] == []
