"""The benchmarks: their workloads are the published networks, and what they make of measurements is right."""

from pathlib import Path

import numpy as np
import pytest
from benchmark_modules import NAMES, agreement, report, workload

# Multiply-adds of one sample forwards, and parameters. W5 is He et al.'s ResNet-18 with a 3 x 3 stem and no first pool.
COUNTS = {
    "w1": (232_440, 32_998),
    "w2": (281_640, 44_426),
    "w3": (6_522_000, 1_256_080),
    "w4": (38_896_896, 551_018),
    "w5": (555_422_720, 11_173_962),
    "w6": (152_769_536, 9_228_362),
    "w7": (35_808_256, 1_149_514),
    "w8": (1_198_640, 37_061),
    "w9": (49_565_696, 90_154),
}
TRAINING = {
    "w1": (100, "adam"),
    "w2": (256, "sgd"),
    "w3": (64, "sgd"),
    "w4": (128, "adam"),
    "w5": (128, "sgd"),
    "w6": (128, "sgd"),
    "w7": (64, "sgd"),
    "w8": (128, "adam"),
    "w9": (16, "sgd"),
}


def test_every_workload_is_known() -> None:
    assert list(COUNTS) == list(TRAINING) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_workloads_are_those_published(name: str) -> None:
    described = workload(name)
    parameters = sum(int(np.prod(shape)) for node in described.nodes for shape in node.parameters.values())
    assert (described.macs, parameters) == COUNTS[name]
    assert (described.batch_size, described.optimizer["type"]) == TRAINING[name]


def test_a_description_survives_its_file(tmp_path: Path) -> None:
    described = workload("w7")
    described.write(tmp_path)
    read = type(described).read(tmp_path)
    assert [node.name for node in read.nodes] == [node.name for node in described.nodes]
    assert read.weights().keys() == described.weights().keys()


def test_other_losses_and_logits_are_noticed() -> None:
    ours = {"losses": [2.0, 1.5], "logits": [[1.0, -4.0]]}
    assert agreement.disagreement(ours, {"losses": [2.00001, 1.501], "logits": [[1.0003, -4.0]]}) is None
    for theirs in (
        {"losses": [2.001, 1.5], "logits": ours["logits"]},
        {"losses": [2.0, 1.6], "logits": ours["logits"]},
        {"losses": [float("nan"), 1.5], "logits": ours["logits"]},
        {"losses": [2.0, 1.5], "logits": [[1.01, -4.0]]},
    ):
        assert agreement.disagreement(ours, theirs)


def test_ratios_are_of_neighbours_in_time_and_to_the_fastest_peer(tmp_path: Path) -> None:
    rates = {"nbcnn": [100.0, 50.0, 120.0], "torch": [50.0, 25.0, 40.0], "jax": [30.0, 24.0, 41.0], "keras": [900.0]}
    assert report.fastest_peer(rates) == "torch"
    found = {
        "measured": "2026-01-01",
        "macs": 10**9,
        "rounds": 3,
        "seconds": 1.0,
        "sgemm": [1000.0, 500.0, 1200.0],
        "rates": rates,
        "errors": {},
    }
    results = {"machine": {"threads": 2}, "workloads": {"w3": {"training": found}}}
    text = report.as_markdown(results)
    for row in ("nbcnn / fastest peer | 2.00", "least to most | 2.00 to 3.00", "floor (aim) | 3 (5)", "keras | 900"):
        assert f"| {row} |" in text
    # 2 * 3 * 10**9 operations an image, 100 images/s, of 1000 GFLOP/s.
    assert "| nbcnn, share of sgemm | 60% |" in text
    page = tmp_path / "page.md"
    page.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    report.write_between_markers(page, text)
    assert page.read_text() == f"before\n{report.BEGIN}\n{text}\n{report.END}\nafter\n"
