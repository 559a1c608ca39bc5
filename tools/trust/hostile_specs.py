"""Hostile specs, each run through `nbcnn validate`: refused in less than 1 s and 300 MB, with exit code 2.

    python tools/trust/hostile_specs.py --count 1000 --seed 0 --cold 50

Every family is a way to hurt whoever reads a spec; numbers in it are drawn. Each case runs in a fork of a process that
has imported the command; `--cold` of them run once more as processes of their own. Ends with 1 where a case is not
refused as it should be.
"""

import gzip
import json
import os
import random
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from trial import campaign, forked

IN = "[input]\nshape = [3, 32, 32]\n"
CONV = '[[layers]]\ntype = "conv"\nout_channels = 4\nkernel_size = 3\n'
SPEC = IN + CONV
MAX = 2**20
FORMATS = ("text", "json", "markdown", "github", "sarif")
TERMINAL = "\x1b]0;owned\x07\x1b[2J\x1b[31m\x9b31m\u202e\u2066\u200b"
"""What a terminal obeys, and what turns text around."""


@dataclass
class Case:
    """A file to validate, and what else there is."""

    content: str | bytes = ""
    name: str = "spec.toml"
    options: list[str] = field(default_factory=list)
    files: dict[str, str | bytes] = field(default_factory=dict)
    prepare: Callable[[Path], None] | None = None

    def write(self, folder: Path) -> None:
        for name, content in {self.name: self.content, **self.files}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
        if self.prepare:
            self.prepare(folder)


Family = Callable[[random.Random], Case]
FAMILIES: dict[str, Family] = {}


def family(make: Family) -> Family:
    FAMILIES[make.__name__] = make
    return make


def escaped(text: str) -> str:
    """In the quotes of TOML and JSON."""
    return json.dumps(text)


def toml_escaped(text: str) -> str:
    return '"' + "".join(f"\\u{ord(each):04x}" if not each.isalnum() else each for each in text) + '"'


@family
def deep_lists(draw: random.Random) -> Case:
    depth = draw.choice([150, 400, 1000, 10_000, 100_000])
    if draw.random() < 0.5:
        return Case(SPEC + f"stride = {'[' * depth}1{']' * depth}\n")
    return Case('{"input": ' + "[" * depth + "]" * depth + "}", "spec.json")


@family
def deep_tables(draw: random.Random) -> Case:
    depth = draw.choice([100, 300, 1000, 20_000])
    if draw.random() < 0.5:
        return Case(SPEC + f"stride = {'{a = ' * depth}1{'}' * depth}\n")
    return Case('{"a": ' * depth + "1" + "}" * depth, "spec.json")


@family
def dotted_keys(draw: random.Random) -> Case:
    parts = draw.choice([60, 127, 129, 1000, 10_000, 100_000])
    part = draw.choice(["a", "'a'", '"a"', "1"])
    key = draw.choice([".", " . ", "\t."]).join([part] * parts)
    lines = min(draw.choice([1, 10, 3000]), MAX // (len(key) + 9) + 1)
    forms = ("{key}.b{n} = 1\n", "[{key}.b{n}]\n", "[[{key}.b{n}]]\n")
    form = draw.choice(forms)
    return Case(SPEC + "".join(form.format(key=key, n=number) for number in range(lines)))


@family
def dotted_keys_in_a_table(draw: random.Random) -> Case:
    parts = draw.choice([100, 1000, 5000])
    return Case(SPEC + f"stride = {{{'.'.join(['a'] * parts)} = 1}}\n")


@family
def dots_that_look_like_numbers(draw: random.Random) -> Case:
    return Case(f"{'1.1.' * draw.choice([100, 1000, 10_000])}a = 1\n{SPEC}")


@family
def endless_numbers(draw: random.Random) -> Case:
    digits = draw.choice([4301, 20_000, 200_000, 900_000])
    number = draw.choice(
        [
            "9" * digits,
            "0x" + "f" * digits,
            "0o" + "7" * digits,
            "0b" + "1" * digits,
            "-" + "9" * digits,
        ]
    )
    number = draw.choice([number, "1e" + "9" * digits, "0." + "1" * digits, "1_" * (digits // 2) + "1"])
    key = draw.choice(["stride", "out_channels_", "name"])
    if number.lstrip("-").isdigit() and draw.random() < 0.3:
        return Case(f'{{"input": {{"shape": [1, {number}, 8]}}, "layers": []}}', "spec.json")
    return Case(SPEC + f"{key} = {number}\n")


@family
def large_numbers(draw: random.Random) -> Case:
    value = draw.choice([2**24 + 1, 2**63, 10**30, 10**4000, -1, 0, -(10**300)])
    key = draw.choice(["out_channels", "kernel_size"])
    return Case(SPEC.replace(f"{key} = {'4' if key == 'out_channels' else '3'}", f"{key} = {value}"))


@family
def large_shapes(draw: random.Random) -> Case:
    shape = [draw.choice([0, -1, 2**24 + 1, 2**31, 2**62, 10**18]) for _ in range(draw.choice([2, 3, 4]))]
    return Case(f"input = {{shape = {shape}}}\n{CONV}")


@family
def shapes_of_many_sizes(draw: random.Random) -> Case:
    return Case(f"input = {{shape = [{'1, ' * draw.choice([5, 1000, 80_000])}]}}\n{CONV}")


@family
def control_characters_as_they_are(draw: random.Random) -> Case:
    character = draw.choice([chr(each) for each in [*range(9), *range(11, 13), *range(14, 32), 127]])
    place = draw.choice(["name = 'a{}b'\n" + SPEC, SPEC + "# {}\n", SPEC + "a{} = 1\n", "{}" + SPEC])
    return Case(place.format(character))


@family
def control_characters_in_strings(draw: random.Random) -> Case:
    text = toml_escaped(draw.choice([TERMINAL, "\0", "a\nb\r\n::error::owned", "a" * 30 + TERMINAL]))
    place = draw.choice(
        [
            "name = {}\n" + SPEC,
            SPEC + "name = {}\n",
            SPEC + "activation = {}\n",
            SPEC + "from = {}\n",
            SPEC + "from = [{}, {}]\n",
            SPEC + "{} = 1\n",
            SPEC + "[data]\nsource = {}\n",
            SPEC + "[pretrained]\nweights = {}\n",
            SPEC + "[{}]\na = 1\n",
            SPEC + "[vars]\n{} = 1\n",
            SPEC + "[vars]\na = {}\n[train]\nepochs = '$a'\n",
            SPEC + "[[layers]]\ntype = {}\n",
            SPEC + "[[layers]]\ntype = 'block'\nblock = {}\n",
            SPEC + "[[layers]]\ntype = 'block'\nblock = 'b'\nwith = {{{} = 1}}\n[[blocks.b.layers]]\ntype = 'relu'\n",
            SPEC + "[[blocks.{}.layers]]\ntype = 'relu'\n",
            SPEC + "[train]\nloss = {}\n",
            SPEC + "[train.optimizer]\ntype = {}\n",
            SPEC + "[[augment]]\ntype = {}\n",
            "extends = {}\n" + SPEC,
            SPEC + "[lint]\nignore = [{}]\n",
            SPEC + "{} = 1\n{} = 2\n",
        ]
    )
    if "lint" in place:
        place += "nonsense = 1\n"
    return Case(place.format(text, text))


@family
def names_that_a_terminal_obeys(draw: random.Random) -> Case:
    name = draw.choice(["a\x1b[31mb.toml", "a\nb.toml", "a\u202eb.json", "\x9b2J.toml"])
    return Case(draw.choice(["nonsense", "a" * 5000, SPEC + "a = 1\n"]), name)


@family
def options_that_a_terminal_obeys(draw: random.Random) -> Case:
    key = draw.choice(["{}", "train.{}", "layers.{}", "layers.{}.x", "blocks.{}.layers.0.type", "name.{}.b", "vars.{}"])
    value = draw.choice(["1", "{}", f"'{TERMINAL[-3:]}'"])
    return Case(SPEC, options=["--set", f"{key.format(TERMINAL)}={value.format(TERMINAL)}"])


@family
def other_encodings(draw: random.Random) -> Case:
    text = SPEC + "# é 漢\n"
    encoded = draw.choice([text.encode("utf-16"), text.encode("utf-32"), text.encode("latin-1", "replace") + b"\xe9\n"])
    overlong = SPEC.encode() + b"# \xc0\xaf\n"
    lone = SPEC.encode() + b"# \xed\xa0\x80\n"
    return Case(draw.choice([encoded, overlong, lone, b"\xff" * draw.choice([1, 100_000])]))


@family
def marks_in_the_middle(draw: random.Random) -> Case:
    return Case(draw.choice(["\ufeff\ufeff" + SPEC, SPEC + "\ufeff[train]\nepochs = 1\n", IN + "\ufeff" + CONV]))


@family
def other_files(draw: random.Random) -> Case:
    begins = [
        b"\x7fELF",
        b"\x89PNG\r\n\x1a\n",
        b"\x89HDF\r\n\x1a\n",
        b"PK\x03\x04",
        b"\x80\x04\x95",
        b"MZ",
        b"%PDF-1.4",
    ]
    noise = draw.randbytes(draw.choice([10, 1000, 100_000]))
    name = draw.choice(["spec.toml", "spec.json"])
    return Case(draw.choice([*(each + noise for each in begins), noise, gzip.compress(b"a" * 10**7)]), name)


@family
def long_lines(draw: random.Random) -> Case:
    size = draw.choice([100_000, 200_000])
    line = draw.choice(
        [
            "a" * size,
            "# " + " " * size + "\n=",
            "a = '" + "b" * size,
            '"' + "k" * size + '" = 1',
            "[" + "a" * size,
        ]
    )
    return Case(SPEC + line + draw.choice(["", "\n", "\n\n="]))


@family
def long_strings(draw: random.Random) -> Case:
    text = draw.choice(["a", "é", "漢", " ", "$", "\\\\", "."]) * draw.choice([300, 60_000])
    place = draw.choice(
        [
            'name = "{}"\n' + SPEC,
            SPEC + 'name = "{}"\n',
            SPEC + 'from = "{}"\n',
            SPEC + '"{}" = 1\n',
            SPEC + '[data]\nsource = "{}"\n',
            'extends = "{}"\n' + SPEC,
            SPEC + '[[layers]]\ntype = "{}"\n',
            SPEC + '[vars]\n"{}" = 1\n',
            SPEC + 'padding = "{}"\n',
            SPEC + '[[layers]]\ntype = "block"\nblock = "{}"\n',
        ]
    )
    return Case(place.format(text))


@family
def long_strings_in_json(draw: random.Random) -> Case:
    text = draw.choice(["a", "\\u001b", "\\ud800", "\\"]) * draw.choice([300, 100_000])
    return Case(f'{{"name": "{text}", "input": {{"shape": [1, 8, 8]}}, "{text}": 1}}', "spec.json")


@family
def many_lines(draw: random.Random) -> Case:
    line = draw.choice(
        [
            "a{} = 1\n",
            "[a{}]\n",
            "[[a]]\n",
            "#\n",
            "\n",
            "b{} = [\n1,\n]\n",
            '"{}" = "\\n"\n',
            "{}.b = 1\n",
        ]
    )
    size = draw.choice([100_000, 250_000])
    lines = size // (len(line) + 4)
    return Case("".join(line.replace("{}", str(number)) for number in range(lines)) + "nonsense = 1\n")


@family
def many_values(draw: random.Random) -> Case:
    value = draw.choice(["1,", "[],", "{},", "{a=1},", "1e5,", "'',", "1979-05-27T07:32:00Z,", "true,"])
    count = draw.choice([1000, 250_000 // len(value)])
    key = draw.choice(["stride", "from", "nonsense", "type"])
    return Case(SPEC + f"{key} = [{value * count}]\n")


@family
def many_values_in_json(draw: random.Random) -> Case:
    value = draw.choice(["1,", "[],", "{},", '{"a":1},', "1e5,", '"",', "null,"])
    count = draw.choice([1000, 1_000_000 // len(value)])
    key = draw.choice(["layers", "input", "nonsense"])
    return Case(f'{{"{key}": [{value * count} 1]}}', "spec.json")


@family
def too_large(draw: random.Random) -> Case:
    size = draw.choice([MAX + 1, 10 * MAX, 1 << 40])

    def sparse(folder: Path) -> None:
        with open(folder / "spec.toml", "wb") as file:
            file.truncate(size)

    return Case(prepare=sparse)


@family
def given_twice(draw: random.Random) -> Case:
    count = draw.choice([2, 1000, 10_000])
    if draw.random() < 0.5:
        return Case("{" + ", ".join(['"input": {"shape": [1, 8, 8]}'] * count) + "}", "spec.json")
    return Case(draw.choice(["name = 'a'\n", "[train]\n", "[train]\nseed = 1\n"]) * count + SPEC)


@family
def many_keys_given_twice(draw: random.Random) -> Case:
    keys = ", ".join(f'"k{number}": 1' for number in range(draw.choice([100, 20_000])))
    return Case(f"{{{keys}, {keys}}}", "spec.json")


@family
def no_json(draw: random.Random) -> Case:
    text = draw.choice(
        [
            "NaN",
            "Infinity",
            "-Infinity",
            "[]",
            "1",
            '"a"',
            "null",
            "",
            "{",
            '{"a"',
            "{'a': 1}",
            "\x00",
            "[1,]",
        ]
    )
    return Case(text if draw.random() < 0.5 else f'{{"input": {text}}}', "spec.json")


@family
def too_many_layers(draw: random.Random) -> Case:
    layer = draw.choice(['{type="relu"},', "{},", "1,", '{type="conv"},', '{type="block",block="b"},'])
    return Case(
        f"{IN}layers = [{layer * draw.choice([10_001, 250_000 // len(layer)])}]\n".replace("[input]", "input={}\n[i]")
    )


@family
def many_faulty_layers(draw: random.Random) -> Case:
    layer = draw.choice(
        [
            '{"type": "relu", "a": 1}',
            '{"type": "conv"}',
            '{"type": "rely"}',
            '{"type": "relu", "from": "b"}',
            '{"type": "relu", "name": "a"}',
            '{"type": "add", "from": ["a", "b", "c"]}',
            '{"type": "conv", "out_channels": "$a", "kernel_size": 3}',
            '{"type": "block", "block": "b"}',
        ]
    )
    count = draw.choice([1000, 10_000])
    return Case(f'{{"input": {{"shape": [1, 8, 8]}}, "layers": [{", ".join([layer] * count)}]}}', "spec.json")


@family
def a_fault_after_many_layers(draw: random.Random) -> Case:
    count = draw.choice([100, 1000])
    fault = draw.choice(
        [
            '{"type": "conv", "out_channels": 3, "kernel_size": 99}',
            '{"type": "linear", "out_features": 3}',
            '{"type": "add", "from": ["relu1", "nobody"]}',
        ]
    )
    layers = ", ".join(['{"type": "relu"}'] * count + [fault])
    return Case(f'{{"input": {{"shape": [1, 8, 8]}}, "layers": [{layers}]}}', "spec.json")


@family
def nested_repeats(draw: random.Random) -> Case:
    depth, repeat = draw.choice([2, 8, 15, 17, 60]), draw.choice([2, 10, 1000, 10_000])
    width = 20_000 if repeat ** min(depth, 16) < 20_000 else 1
    blocks = "".join(
        f'[[blocks.b{level}.layers]]\ntype = "block"\nblock = "b{level + 1}"\nrepeat = {repeat}\n'
        for level in range(depth)
    )
    last = f"[[blocks.b{depth}.layers]]\ntype = 'relu'\n" * min(width, 2000)
    uses = '[[layers]]\ntype = "block"\nblock = "b0"\nrepeat = 10_000\n'
    return Case(IN + uses + blocks + last)


@family
def blocks_of_blocks(draw: random.Random) -> Case:
    depth, width = draw.choice([14, 15]), draw.choice([3, 10, 100])
    blocks = "".join(
        f'[[blocks.b{level}.layers]]\ntype = "block"\nblock = "b{level + 1}"\n' * width for level in range(depth)
    )
    last = f"[[blocks.b{depth}.layers]]\ntype = 'relu'\n"
    return Case(IN + '[[layers]]\ntype = "block"\nblock = "b0"\n' + blocks + last)


@family
def blocks_in_a_circle(draw: random.Random) -> Case:
    length = draw.choice([1, 2, 10])
    blocks = "".join(
        f'[[blocks.b{number}.layers]]\ntype = "block"\nblock = "b{(number + 1) % length}"\nrepeat = 9\n'
        for number in range(length)
    )
    return Case(IN + '[[layers]]\ntype = "block"\nblock = "b0"\n' + blocks)


@family
def wide_blocks(draw: random.Random) -> Case:
    values = draw.choice([200, 5000])
    block = f"[[blocks.b.layers]]\ntype = 'relu'\nfrom = [{'1, ' * values}]\n"
    return Case(IN + f"[[layers]]\ntype = 'block'\nblock = 'b'\nrepeat = {draw.choice([100, 10_000])}\n" + block)


@family
def a_billion_laughs(draw: random.Random) -> Case:
    levels, width = draw.choice([10, 25, 31]), draw.choice([2, 10])
    last = draw.choice(["1", "'relu'", "{type = 'relu'}"])
    names = [f"v{level}" for level in range(levels)]
    lists = "".join(
        f"{name} = [{', '.join([chr(34) + '$' + after + chr(34)] * width)}]\n"
        for name, after in zip(names, [*names[1:], "last"], strict=True)
    )
    use = draw.choice(["stride = '$v0'", "from = '$v0'", "nonsense = '$v0'", "type = '$v0'", "layers"])
    if use == "layers":
        return Case(f"layers = '$v0'\n{IN}[vars]\n{lists}last = {last}\n")
    return Case(f"{SPEC}{use}\n[vars]\n{lists}last = {last}\n")


@family
def laughs_through_blocks(draw: random.Random) -> Case:
    levels = draw.choice([5, 14])
    blocks = "".join(
        f'[[blocks.b{level}.layers]]\ntype = "block"\nblock = "b{level + 1}"\nwith = {{a = ["$a", "$a"]}}\n'
        f"[blocks.b{level}.parameters]\na = 1\n"
        for level in range(levels)
    )
    last = f"[[blocks.b{levels}.layers]]\ntype = 'relu'\nfrom = '$a'\n[blocks.b{levels}.parameters]\na = 1\n"
    return Case(IN + '[[layers]]\ntype = "block"\nblock = "b0"\n' + blocks + last)


@family
def chains_of_variables(draw: random.Random) -> Case:
    length = draw.choice([33, 1000, 8000])
    end = draw.choice(["1", "'$v0'", "'$nobody'"])
    form = draw.choice(["'$v{}'", "'$v{} * $v{}'", "'$v{} + 1'"])
    chain = "".join(f"v{number} = {form.format(number + 1, number + 1)}\n" for number in range(length))
    return Case(f"{SPEC}stride = '$v0'\n[vars]\n{chain}v{length} = {end}\n")


@family
def powers_of_variables(draw: random.Random) -> Case:
    chain = "".join(f"v{number} = '$v{number + 1} * $v{number + 1}'\n" for number in range(draw.choice([7, 12, 31])))
    return Case(f"{SPEC}stride = '$v0'\n[vars]\n{chain}v{chain.count('=')} = {draw.choice([2**16, 2**62, 10**4000])}\n")


@family
def calculations(draw: random.Random) -> Case:
    text = draw.choice(
        [
            "$a // 0",
            "$a ** $a",
            "$a << 99",
            "$a * " + "9" * 5000,
            "$" * 5000,
            "$a +" * 1000,
            "__import__('os')",
        ]
    )
    return Case(f"{SPEC}stride = {escaped(text)}\n[vars]\na = 9\n")


@family
def many_unknown_names(draw: random.Random) -> Case:
    count = draw.choice([100, 5000])
    lines = "".join(f"v{number} = '$w{number}'\n" for number in range(count))
    return Case(f"{SPEC}[vars]\n{lines}")


@family
def many_unknown_keys(draw: random.Random) -> Case:
    count, length = draw.choice([(100, 60), (10_000, 5), (2000, 60)])
    keys = "".join(f"{'k' * length}{number} = 1\n" for number in range(count))
    return Case(draw.choice([keys + SPEC, SPEC + keys, SPEC + "[train]\n" + keys, SPEC + "[data]\n" + keys]))


@family
def many_inputs(draw: random.Random) -> Case:
    names = ", ".join(["'conv1'"] * draw.choice([257, 20_000]))
    return Case(SPEC + f"[[layers]]\ntype = 'add'\nfrom = [{names}]\n")


@family
def wrong_values(draw: random.Random) -> Case:
    keys = [
        "name",
        "input",
        "layers",
        "data",
        "train",
        "engine",
        "lint",
        "augment",
        "pretrained",
        "vars",
        "blocks",
        "extends",
    ]
    value = draw.choice(
        [
            "nan",
            "inf",
            "true",
            "1979-05-27",
            "[]",
            "{}",
            "''",
            "[[[[]]]]",
            "{a = {a = {a = 1}}}",
            "1e308",
            '"\\u0000"',
        ]
    )
    key = draw.choice(keys)
    rest = {"input": CONV, "layers": IN}.get(key, SPEC)
    if key in ("vars", "blocks", "augment", "engine", "lint", "train") and value in ("{}", "[]"):
        value = "1"
    return Case(f"{key} = {value}\n{rest}")


@family
def wrong_values_in_a_layer(draw: random.Random) -> Case:
    value = draw.choice(
        [
            "nan",
            "inf",
            "1e300",
            "[]",
            "{}",
            "[[[[1]]]]",
            "1979-05-27",
            "'nonsense'",
            "10000000000000000000000",
        ]
    )
    key = draw.choice(["stride", "padding", "dilation", "groups", "bias", "in_channels"])
    return Case(SPEC + f"{key} = {value}\n")


@family
def bases_outside(draw: random.Random) -> Case:
    target = draw.choice(
        [
            "/etc/passwd",
            "../../../../../../etc/passwd",
            "/proc/self/environ",
            "/dev/zero",
            "/dev/stdin",
            "/proc/self/mem",
            "~/x.toml",
        ]
        + [
            "../outside.toml",
            "..",
            "/",
            "C:\\\\x.toml",
            "\\\\\\\\server\\\\share\\\\x.toml",
            "//server/share/x.toml",
            "file:///etc/passwd",
        ]
    )

    def beside(folder: Path) -> None:
        (folder.parent / "outside.toml").write_text(SPEC)

    return Case(f'extends = "{target}"\n', prepare=beside)


@family
def bases_by_links(draw: random.Random) -> Case:
    target = draw.choice(["/etc/passwd", "../outside.toml", "base.toml", "nowhere.toml", "/dev/zero"])

    def link(folder: Path) -> None:
        (folder.parent / "outside.toml").write_text(SPEC)
        (folder / "base.toml").symlink_to(target)

    return Case('extends = "base.toml"\n', prepare=link)


@family
def bases_that_are_no_files(draw: random.Random) -> Case:
    kind = draw.choice(["fifo", "folder", "missing", "binary", "large"])

    def make(folder: Path) -> None:
        path = folder / "base.toml"
        match kind:
            case "fifo":
                os.mkfifo(path)
            case "folder":
                path.mkdir()
            case "binary":
                path.write_bytes(os.urandom(1000))
            case "large":
                path.write_text("#" * 2 * MAX)

    return Case('extends = "base.toml"\n', prepare=make)


@family
def specs_that_are_no_files(draw: random.Random) -> Case:
    target = draw.choice(["/dev/zero", "/dev/null", ".", "spec.toml", "/proc/self/mem", "fifo"])

    def link(folder: Path) -> None:
        (folder / "spec.toml").unlink()
        if target == "fifo":
            os.mkfifo(folder / "spec.toml")
        else:
            (folder / "spec.toml").symlink_to(target)

    return Case(prepare=link)


@family
def chains_of_files(draw: random.Random) -> Case:
    length, size = draw.choice([(17, 0), (100, 0), (16, 200_000), (10, 250_000)])
    line = draw.choice(["#\n", "a{} = 1\n", "[a{}]\n"])
    padding = "".join(line.replace("{}", str(number)) for number in range(size // len(line)))
    files = {f"f{number}.toml": f'extends = "f{number + 1}.toml"\n{padding}' for number in range(length)}
    return Case('extends = "f0.toml"\n', files=files | {f"f{length}.toml": "nonsense = 1\n" + SPEC})


@family
def files_in_a_circle(draw: random.Random) -> Case:
    length = draw.choice([1, 2, 9])
    ways = ["f{}.toml", "./f{}.toml", "a/../f{}.toml", "././f{}.toml"]
    files = {
        f"f{number}.toml": f'extends = "{draw.choice(ways).format((number + 1) % length)}"\n'
        for number in range(length)
    }
    return Case('extends = "f0.toml"\n', files={**files, "a/b.toml": ""})


@family
def options_that_hurt(draw: random.Random) -> Case:
    option = draw.choice(
        [
            "a" + ".a" * draw.choice([100, 20_000]) + "=1",
            "train.epochs=" + "9" * draw.choice([4301, 100_000]),
            "train.epochs=0x" + "f" * 100_000,
            "train.epochs=" + "[" * draw.choice([200, 50_000]),
            "train.epochs=" + "{a=" * 1000,
            "train.epochs=" + "[" * 60 + "]" * 60,
            "train.epochs={" + "a." * 10_000 + "a=1}",
            "layers." + "9" * 5000 + ".type='relu'",
            "layers.0.stride=" + "9" * 4000,
            "layers.١.type='relu'",
            "layers.²=1",
            "=1",
            "nonsense",
            ".=1",
            "..=1",
            "train.=1",
            "layers.-1.type='relu'",
            "extends='/etc/passwd'",
            "input.shape=" + "1," * 50_000,
            "train.epochs=1\ntrain.seed=2",
        ]
    )
    return Case(SPEC, options=["--set", option])


@family
def random_damage(draw: random.Random) -> Case:
    text = [*(SPEC * draw.choice([1, 3]))]
    for _ in range(draw.choice([1, 3, 10])):
        place = draw.randrange(len(text))
        text[place] = draw.choice(
            [
                "[",
                "]",
                "{",
                "}",
                '"',
                "'",
                "\\",
                "=",
                ".",
                "\0",
                "\x1b",
                "$",
                "\n",
                "\r",
                "9" * 50,
            ]
        )
    return Case("".join(text) + "\n=", draw.choice(["spec.toml", "spec.json"]))


def prepared(family: str, draw: random.Random, folder: Path) -> tuple[list[str], str]:
    case = FAMILIES[family](draw)
    output_format = draw.choice(FORMATS)
    case.write(folder)
    return ["validate", case.name, "--format", output_format, *case.options], output_format


def _warm_up() -> None:
    """Import what a refusal needs."""
    with tempfile.TemporaryDirectory() as room:
        Path(room, "spec.toml").write_text(SPEC)
        forked(["validate", "spec.toml"], Path(room))
    import nbcnn_cli.main  # noqa: F401
    from nbcnn import api

    api.validate("spec.toml", text=SPEC)


if __name__ == "__main__":
    _warm_up()
    sys.exit(campaign(__doc__, "hostile specs", FAMILIES, prepared))
