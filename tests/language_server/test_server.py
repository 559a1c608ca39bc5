"""Sessions with the server as an editor has them: messages over the pipes of `nbcnn lsp`."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from language_client import ROOT, Client, applied

pytest.importorskip("pygls")

WRONG = """# a 😀 before
name = "lenet"

[input]
shape = [1, 28, 28]

[[layers]]
type = "conv"
out_channels = 6
kernel_sise = 5
activation = "relu"

[[layers]]
type = "flatten"

[[layers]]
type = "linear"
out_features = 10
"""
RIGHT = WRONG.replace("kernel_sise", "kernel_size")


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with Client() as session:
        yield session


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return (tmp_path / "lenet.toml").as_uri()


def test_problems_come_on_opening_and_go_on_changing(client: Client, uri: str) -> None:
    (found,) = client.open(uri, WRONG)
    assert (found["code"], found["severity"], found["source"]) == ("NB103", 1, "nbcnn")
    assert found["range"] == {"start": {"line": 9, "character": 0}, "end": {"line": 9, "character": 11}}
    assert found["message"].startswith('`conv1`: unknown key "kernel_sise"\n')
    assert "help: " in found["message"]
    client.change(uri, RIGHT)
    assert client.diagnostics(uri) == []


def test_a_text_that_was_never_saved_is_checked_as_it_is(client: Client) -> None:
    (found,) = client.open("untitled:Untitled-1", WRONG)
    assert found["code"] == "NB103" and found["range"]["start"]["line"] == 9


def test_many_changes_are_checked_once(client: Client, uri: str) -> None:
    client.open(uri, RIGHT)
    for number in range(20):
        client.change(uri, RIGHT + f"# {number}\n")
    assert client.diagnostics(uri) == []
    said = [each for each in client.passed if (each.get("params") or {}).get("uri") == uri]
    assert said == []  # the diagnostics of the versions between were never sent


def test_positions_count_units_of_utf_16(client: Client, uri: str) -> None:
    text = RIGHT.replace('name = "lenet"', 'name = "😀😀"; x = 1')
    (found,) = client.open(uri, text)
    line = text.split("\n")[1]
    assert found["range"]["start"] == {"line": 1, "character": len(line[: line.index(";")].encode("utf-16-le")) // 2}
    inline = (
        'input = { shape = [1, 8] }\nlayers = [{ type = "conv", name = "a😀", out_channels = 1, kernel_size = 3 }]\n'
    )
    client.change(uri, inline)
    (found,) = client.diagnostics(uri)
    line = inline.split("\n")[1]
    start, end = line.index('"a😀"'), line.index('"a😀"') + len('"a😀"')
    assert found["range"]["start"]["character"] == start
    assert found["range"]["end"]["character"] == end + 1


def test_a_client_that_counts_characters_gets_them() -> None:
    with Client(general={"positionEncodings": ["utf-32"]}) as session:
        assert session.server["capabilities"]["positionEncoding"] == "utf-32"
        inline = 'input = { shape = [1, 8] }\nlayers = [{ name = "😀", typ = "relu" }]\n'
        found = session.open("untitled:a", inline)
        assert found[0]["range"]["end"]["character"] <= len(inline.split("\n")[1])


def test_hover_has_shapes_and_outlives_a_broken_text(client: Client, uri: str) -> None:
    client.open(uri, RIGHT)
    markdown = client.ask("hover", uri, 6, 3)["contents"]["value"]
    assert markdown == (
        "**conv1** (conv): 1x28x28 -> **6x24x24**, 156 parameters, 86,400 MACs, sees 5x5 pixels, jump 1x1\n\n"
        "**conv1_relu** (relu): 6x24x24 -> **6x24x24**, sees 5x5 pixels, jump 1x1"
    )
    assert "sees everything" in client.ask("hover", uri, 16, 5)["contents"]["value"]
    client.change(uri, RIGHT.replace("kernel_size = 5", "kernel_size = "))
    assert client.diagnostics(uri)[0]["code"] == "NB102"
    assert client.ask("hover", uri, 6, 3)["contents"]["value"] == markdown
    assert client.ask("hover", uri, 9, 3)["contents"]["value"].startswith("`kernel_size`: ")


def test_completion_of_a_key_a_type_and_a_source(client: Client, uri: str) -> None:
    text = RIGHT + '\n[[layers]]\ntype = "add"\nfrom = ["conv1", "'
    client.open(uri, text)
    lines = text.split("\n")
    names = [each["label"] for each in client.ask("completion", uri, len(lines) - 1, len(lines[-1]))]
    assert names == ["input", "conv1", "flatten1", "linear1"]
    text = RIGHT.replace("kernel_size = 5", "kern")
    client.change(uri, text)
    items = client.ask("completion", uri, 9, 4)
    (item,) = (each for each in items if each["label"] == "kernel_size")
    assert applied(text, [item["textEdit"]]) == RIGHT.replace("kernel_size = 5", "kernel_size = ")
    text = RIGHT.replace('type = "flatten"', 'type = "fl"')
    client.change(uri, text)
    items = client.ask("completion", uri, 13, 10)
    (item,) = (each for each in items if each["label"] == "flatten")
    assert applied(text, [item["textEdit"]]) == RIGHT
    assert item["documentation"]["value"].startswith("(channels, *space)")


def test_fixes_are_edits_that_cure(client: Client, uri: str) -> None:
    client.open(uri, WRONG)
    (action,) = client.actions(uri, 9)
    assert action["kind"] == "quickfix" and action["isPreferred"]
    assert applied(WRONG, action["edit"]["changes"][uri]) == RIGHT
    assert client.actions(uri, 0) == []
    (everything,) = client.actions(uri, 0, only=["source.fixAll"])
    assert applied(WRONG, everything["edit"]["changes"][uri]) == RIGHT
    client.change(uri, RIGHT)
    assert client.actions(uri, 9) == [] and client.actions(uri, 0, only=["source.fixAll"]) == []


def test_what_is_wrong_in_an_extended_file_is_told_where_it_is_named(client: Client, tmp_path: Path) -> None:
    base = tmp_path / "base.toml"
    base.write_text(WRONG)
    uri = (tmp_path / "wide.toml").as_uri()
    text = '# wider\nextends = "base.toml"\n'
    (found,) = client.open(uri, text)
    assert found["range"]["start"]["line"] == 1
    assert found["message"].startswith(f"{base}:10:1: ")
    base.write_text(RIGHT)
    client.notify("textDocument/didSave", {"textDocument": {"uri": base.as_uri()}})
    assert client.diagnostics(uri) == []


def test_json_is_checked_and_explained(client: Client, tmp_path: Path) -> None:
    uri = (tmp_path / "a.json").as_uri()
    text = json.dumps(
        {"input": {"shape": [1, 8]}, "layers": [{"type": "conv", "out_channels": 2, "kernel_size": 3}]}, indent=1
    )
    assert client.open(uri, text, "json") == []
    line = next(number for number, each in enumerate(text.split("\n")) if "kernel_size" in each)
    assert client.ask("hover", uri, line, 8)["contents"]["value"].startswith("**conv1** (conv): 1x8 -> **2x6**")
    client.change(uri, text.replace("kernel_size", "kernel_sise"))
    (found,) = client.diagnostics(uri)
    assert (found["code"], found["range"]["start"]["line"]) == ("NB103", line)


def test_other_toml_files_are_left_alone(client: Client, tmp_path: Path) -> None:
    text = (ROOT / "pyproject.toml").read_text()
    assert client.open((tmp_path / "pyproject.toml").as_uri(), text) == []


def test_a_closed_text_has_no_problems_and_comes_back(client: Client, uri: str) -> None:
    client.open(uri, WRONG)
    client.change(uri, WRONG + "# more\n")
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    del client.versions[uri]
    (found,) = client.open(uri, WRONG)
    assert found["code"] == "NB103"


def test_every_beginning_of_a_spec_is_answered(client: Client, uri: str) -> None:
    client.open(uri, "")
    for end in range(0, len(WRONG) + 1, 7):
        client.change(uri, WRONG[:end])
        line = WRONG.count("\n", 0, end)
        character = end - (WRONG.rfind("\n", 0, end) + 1)
        for feature in ("hover", "completion"):
            client.ask(feature, uri, line, character)
        client.actions(uri, line)
    client.diagnostics(uri)


def test_without_pygls_the_command_says_what_to_install() -> None:
    program = "import sys; sys.modules['pygls'] = None\nfrom nbcnn_cli.main import main\nmain(['lsp'])"
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert run.returncode == 2
    assert run.stderr == "nbcnn: lsp: pygls speaks with the editor and is not installed; pip install 'nbcnn[lsp]'\n"
