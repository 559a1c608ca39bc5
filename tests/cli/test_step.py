"""`nbcnn step`: sums of products as a person would write them."""

import json

import pytest

from nbcnn_cli.step import MOST_TERMS

BOOK = ["step", "examples/cross_correlation.toml", "--layer", "conv1", "--unit", "0,0,0"]
BOOK += ["--values", "0,1,2,3,4,5,6,7,8", "--kernel", "0,1,2,3"]
DIGITS = ["step", "specs/digits.toml", "--layer"]


def test_the_example_of_the_book(nbcnn) -> None:
    result = nbcnn(*BOOK)
    assert result.code == 0, result.err
    assert result.out.splitlines() == [
        "conv1 (conv), channel 0, row 0, column 0; numbers as given",
        "",
        "0 1       0 1",
        "3 4   x   2 3",
        "",
        "0x0 + 1x1 + 3x2 + 4x3 = 19",
    ]


def test_the_gradient_of_one_of_its_weights(nbcnn) -> None:
    result = nbcnn(*BOOK, "--weight", "0,0,1,1")
    assert result.out.splitlines()[-2:] == [
        "gradient of conv1.weight[0,0,1,1], inputs x gradients of ones by output:",
        "4x1 + 5x1 + 7x1 + 8x1 = 24",
    ]


def test_padding_is_told_from_numbers(nbcnn) -> None:
    result = nbcnn(*DIGITS, "conv1", "--unit", "1,0,0")
    line = next(line for line in result.out.splitlines() if "(bias)" in line)
    assert line.startswith("[0]x") and line.count("[0]x") == 5
    assert result.out.splitlines()[-1] == "in brackets: what the padding holds"


def test_channels_are_summed_one_by_one(nbcnn) -> None:
    lines = nbcnn(*DIGITS, "conv2", "--unit", "0,4,4").out.splitlines()
    channels = [line for line in lines if line.startswith("channel ")]
    assert [line.partition(":")[0] for line in channels] == [f"channel {number}" for number in range(4)]
    assert "... 12 channels more ..." in lines
    total, result = lines[-1].split(" = ")
    assert total.endswith(" (bias)") and total.count(" + ") == 16
    values = [float(each.strip("() ").removesuffix(" (bias")) for each in total.split(" + ")]
    assert sum(values) == pytest.approx(float(result), abs=1e-5)


def test_long_sums_are_cut_and_counted(nbcnn) -> None:
    result = nbcnn(*DIGITS, "classes", "--unit", "3", "--weight", "3,5", "--upstream", "loss")
    (line,) = (line for line in result.out.splitlines() if " more ..." in line)
    shown = line.split(" = ")[0].split(" + ")
    assert len(shown) < MOST_TERMS
    found = json.loads(nbcnn(*DIGITS, "classes", "--unit", "3", "--format", "json").out)
    left_out = int(next(each for each in shown if "more" in each).split()[1])
    assert left_out + 7 == len(found["terms"])
    assert "gradients of the loss" in result.out


def test_json_has_every_term(nbcnn) -> None:
    found = json.loads(nbcnn(*BOOK, "--weight", "0,0,1,1", "--format", "json").out)
    assert found["value"] == 19 and found["rule"] == "products" and found["unit"] == [0, 0, 0]
    assert found["terms"][3] == {
        "source": "input",
        "number": 4.0,
        "index": [0, 1, 1],
        "padding": False,
        "factor": 3.0,
        "factor_index": [0, 0, 1, 1],
        "product": 12.0,
    }
    assert found["gradient"]["value"] == 24 and found["gradient"]["index"] == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("layer", "lines"),
    [
        ({"type": "max_pool", "kernel_size": 2}, ["max(0, 1, 3, 4) = 4", "the first such number is at 0,1,1 of input"]),
        ({"type": "min_pool", "kernel_size": 2}, ["min(0, 1, 3, 4) = 0", "the first such number is at 0,0,0 of input"]),
        ({"type": "avg_pool", "kernel_size": 2}, ["(0 + 1 + 3 + 4) / 4 = 2"]),
        (
            {"type": "batch_norm", "eps": 0.5},
            ["(x - mean) / sqrt(variance + eps) x weight + bias", "(0 - 0) / sqrt(1 + 0.5) x 1 + 0 = 0"],
        ),
        ({"type": "relu"}, ["max(x, 0)", "relu(0) = 0"]),
        ({"type": "elu", "alpha": 2.0}, ["x above 0, alpha * (exp(x) - 1) elsewhere, alpha = 2", "elu(0) = 0"]),
        ({"type": "flatten"}, ["flatten(0) = 0"]),
        ({"type": "add", "from": ["input", "input"]}, ["the sum", "add(0, 0) = 0"]),
    ],
    ids=lambda each: each["type"] if isinstance(each, dict) else None,
)
def test_other_layers(nbcnn, tmp_path, layer, lines) -> None:
    path = tmp_path / "one.json"
    path.write_text(json.dumps({"input": {"shape": [1, 3, 3]}, "layers": [layer | {"name": "n"}]}))
    unit = "0" if layer["type"] == "flatten" else "0,0,0"
    result = nbcnn("step", path, "--layer", "n", "--unit", unit, "--values", "0 1 2 3 4 5 6 7 8")
    assert result.code == 0, result.err
    assert result.out.splitlines()[2:] == lines


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--layer", "nope"], "no layer is named"),
        (["--layer", "conv1", "--values", "a"], "is not a list of numbers"),
        (["--layer", "conv1", "--values", "1", "--index", "2"], "give one of them"),
        (["--layer", "conv1", "--values", "1,2"], "64 numbers fill an input of 1 x 8 x 8, received 2"),
        (["--layer", "conv1", "--weight", "x"], "is not a list of whole numbers"),
        (["--layer", "conv1", "--weights", "pyproject.toml"], "pyproject.toml"),
    ],
)
def test_what_is_wrong_is_exit_code_2(nbcnn, arguments, words) -> None:
    result = nbcnn("step", "specs/digits.toml", *arguments)
    assert result.code == 2
    assert words in result.err and "Traceback" not in result.err
