"""`nbcnn diff`: two specs, a spec and a weights file, two weights files."""

import json
from pathlib import Path

import pytest

from nbcnn import api
from nbcnn.model import Model
from nbcnn_cli.markdown import escaped

SPEC = Path("specs/lenet5.toml")


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """LeNet with a wider layer and one of another name."""
    path = tmp_path / "other.toml"
    text = SPEC.read_text().replace("out_channels = 16", "out_channels = 20").replace('name = "F6"', 'name = "F7"')
    path.write_text(text)
    return path


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "a.h5"
    Model(api.build(api.load_spec(SPEC)), seed=1).save(path)
    return path


def test_the_same_is_exit_code_0(nbcnn) -> None:
    result = nbcnn("diff", SPEC, SPEC)
    assert result.code == 0
    assert result.out == f"{SPEC} and {SPEC} describe the same network\n"
    assert json.loads(nbcnn("diff", SPEC, SPEC, "--format", "json").out)["same"] is True


def test_what_differs_is_exit_code_1(nbcnn, other: Path) -> None:
    result = nbcnn("diff", SPEC, other)
    assert result.code == 1 and result.err == ""
    lines = result.out.splitlines()
    assert lines[0] == (
        "~ C3 (conv): out_channels 16 -> 20; output 16x10x10 -> 20x10x10; parameters 2,416 -> 3,020; "
        "MACs 240,000 -> 300,000"
    )
    assert "~ F6 -> F7 (linear)" in lines
    (parameters,) = (line for line in lines if line.startswith("parameters"))
    assert parameters.split() == ["parameters", "61,706", "74,310", "+12,604", "(+20.4%)"]


def test_added_and_removed_layers(nbcnn) -> None:
    lines = nbcnn("diff", "specs/vgg11.toml", "specs/vgg11_bn.toml").out.splitlines()
    added = [line for line in lines if line.startswith("+ ")]
    assert len(added) == 8 and added[0].endswith("(batch_norm): output 64x224x224; 128 parameters")
    lines = nbcnn("diff", "specs/vgg11_bn.toml", "specs/vgg11.toml").out.splitlines()
    assert len([line for line in lines if line.startswith("- ")]) == 8


def test_markdown_has_tables(nbcnn, other: Path) -> None:
    lines = nbcnn("diff", SPEC, other, "--format", "markdown").out.splitlines()
    assert lines[0] == f"# {escaped(str(SPEC))} and {escaped(str(other))}"
    assert r"| changed | F6 -\> F7 (linear) |  |" in lines
    head = lines.index(f"| total | {escaped(str(SPEC))} | {escaped(str(other))} | change |")
    assert lines[head - 1] == "" and lines[head + 1] == "| --- | --: | --: | --: |"
    tables = [line for line in lines if line.startswith("|")]
    assert all(line.endswith("|") for line in tables)


def test_markdown_lists_arrays_that_do_not_fit(nbcnn, other: Path, weights: Path) -> None:
    lines = nbcnn("diff", weights, other, "--format", "markdown").out.splitlines()
    assert "- array C3.weight does not fit: 16x6x5x5 and 20x6x5x5" in lines
    assert "7 of 10 arrays fit, 3 of another shape" in lines


def test_a_spec_and_its_weights_are_the_same(nbcnn, weights: Path) -> None:
    result = nbcnn("diff", SPEC, weights)
    assert result.code == 0, result.out
    assert result.out.endswith("describe the same network; all 10 arrays fit\n")


def test_a_spec_and_weights_that_do_not_fit(nbcnn, other: Path, weights: Path) -> None:
    result = nbcnn("diff", weights, other)
    assert result.code == 1
    lines = result.out.splitlines()
    assert "~ array C3.weight does not fit: 16x6x5x5 and 20x6x5x5" in lines
    assert "~ array F6.weight fits as F7.weight" in lines
    assert lines[-1] == "7 of 10 arrays fit, 3 of another shape"


def test_missing_and_extra_arrays(nbcnn, tmp_path: Path) -> None:
    path = tmp_path / "bn.h5"
    layers = [{"type": "conv", "out_channels": 2, "kernel_size": 1}, {"type": "batch_norm"}]
    specs = []
    for number, each in enumerate((layers, layers[:1])):
        spec = tmp_path / f"{number}.json"
        spec.write_text(json.dumps({"input": {"shape": [1, 3]}, "layers": each}))
        specs.append(spec)
    Model(api.build(api.load_spec(specs[0]))).save(path)
    found = json.loads(nbcnn("diff", path, specs[1], "--format", "json").out)
    missing = [each["before"] for each in found["arrays"] if each["verdict"] == "missing"]
    assert missing == [f"batch_norm1.{name}" for name in ("weight", "bias", "running_mean", "running_var")]
    extra = [each for each in api.diff(specs[1], path).arrays if each.verdict == "extra"]
    assert [each.after for each in extra] == missing
    assert extra[0].shape_before is None and extra[0].shape_after == (2,)
    assert "- array batch_norm1.weight of 2 is missing" in nbcnn("diff", path, specs[1]).out


def test_two_weights_files_with_other_numbers(nbcnn, weights: Path, tmp_path: Path) -> None:
    model = Model.load(weights)
    model.parameters["C1.weight"][0, 0, 2, 2] += 0.5
    model.save(tmp_path / "b.h5")
    result = nbcnn("diff", weights, tmp_path / "b.h5")
    assert result.code == 1
    assert result.out.splitlines()[0] == "~ array C1.weight differs by up to 0.5"
    assert result.out.splitlines()[-1] == "10 of 10 arrays fit"
    assert nbcnn("diff", weights, weights).code == 0


@pytest.mark.parametrize("name", ["damaged.h5", "none.h5", "none.toml", "wrong.toml"])
def test_bad_input_is_exit_code_2(nbcnn, weights: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "damaged.h5").write_bytes(weights.read_bytes()[:-100])
    (tmp_path / "wrong.toml").write_text("[input]\nshape = 3\n")
    result = nbcnn("diff", SPEC, tmp_path / name)
    assert result.code == 2
    assert name in result.err and "Traceback" not in result.err and not result.out
