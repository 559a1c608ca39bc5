"""What a terminal would obey reaches none, wherever it stands."""

import io

import pytest

from nbcnn_cli import main as command

ESCAPE = "\x1b]0;owned\x07\x9b2J\u202e"
SPEC = '[input]\nshape = [1, 8, 8]\n[[layers]]\ntype = "relu"\n'


@pytest.fixture
def said(capsys, tmp_path, monkeypatch):
    """What the command says of bad input."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            command.main(arguments)
        assert ended.value.code == 2
        output = capsys.readouterr()
        return output.out + output.err

    return run


def is_harmless(text):
    return all(each.isprintable() or each == "\n" for each in text)


@pytest.mark.parametrize("output_format", ["text", "markdown", "github", "json", "sarif"])
def test_names_of_specs(said, tmp_path, output_format):
    name = f"a{ESCAPE}\n::error::b.toml"
    (tmp_path / name).write_text(SPEC + "nonsense = 1\n")
    text = said("validate", name, "--format", output_format)
    assert is_harmless(text) and (output_format in ("json", "sarif") or "\\x1b" in text)
    assert not any(line.startswith("::error::") for line in text.splitlines())


@pytest.mark.parametrize("arguments", [("--set", f"train.{ESCAPE}.a.b=1"), ("--set", ESCAPE), (f"--{ESCAPE}",)])
def test_options(said, tmp_path, arguments):
    (tmp_path / "a.toml").write_text(SPEC)
    assert is_harmless(said("validate", "a.toml", *arguments))


@pytest.mark.parametrize("value", ["9" * 4000, "0x" + "f" * 4000, "[" * 4000, "{" + "a." * 1500 + "a = 1}", "9" * 5000])
def test_values_of_options_are_no_trouble(said, tmp_path, value):
    (tmp_path / "a.toml").write_text(SPEC)
    text = said("validate", "a.toml", "--set", f"train.epochs={value}")
    assert "bug" not in text and len(text) < 2000


def test_sources_and_names_of_classes(said, tmp_path):
    assert is_harmless(said("data", "check", ESCAPE))
    (tmp_path / "a.csv").write_text(f"x,label\n1,a{ESCAPE}\n")
    assert is_harmless(said("data", "check", "a.csv"))


def test_endless_standard_input(said, monkeypatch):
    class Endless(io.RawIOBase):
        def read(self, size=-1):
            assert 0 < size < 2**22
            return b"#" * size

    monkeypatch.setattr("sys.stdin", type("Input", (), {"buffer": Endless()})())
    assert "larger than" in said("validate", "-")
