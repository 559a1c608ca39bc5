"""`train`, `eval` and `predict` on the fake engine: what is printed where, and the exit codes."""

import json
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_engine import FakeTrainer
from PIL import Image

from nbcnn.data import digits
from nbcnn.spec import load
from nbcnn.training.run import train

Run = Callable[..., Any]
WriteSpec = Callable[..., Path]
SignalInStep = Callable[..., Callable[[int], float]]

pytestmark = pytest.mark.usefixtures("fake_engine")


def test_lines_on_standard_error_and_the_result_on_standard_output(nbcnn: Run, write_spec: WriteSpec) -> None:
    outcome = nbcnn("train", write_spec())
    assert outcome.code == 0
    assert "softmax: samples: 1,298 to train on, 144 to validate, 355 to test; into runs/softmax-1" in outcome.err
    epochs = [line for line in outcome.err.splitlines() if line.startswith("epoch ")]
    assert len(epochs) == 3 and all("loss" in line and "images/s" in line for line in epochs)
    assert outcome.out.startswith("3 epochs in 0:00; the best is epoch ")
    assert re.search(r"^waited for data \d+\.\d\d% of that time$", outcome.out, re.MULTILINE)
    assert "test accuracy" in outcome.out and "runs/softmax-1/model.h5" in outcome.out


def test_threads_that_are_asked_for_go_before_an_environment_without_sense(
    nbcnn: Run, write_spec: WriteSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NBCNN_NUM_THREADS", "abc")
    outcome = nbcnn("train", write_spec())
    assert outcome.code == 2 and "NBCNN_NUM_THREADS=abc: a whole number from 1 to 1024 is expected" in outcome.err
    assert nbcnn("train", write_spec(), "--threads", 1).code == 0
    assert train(load(write_spec()), threads=1).history
    monkeypatch.setenv("NBCNN_NUM_THREADS", "2")
    assert nbcnn("train", write_spec(), "--threads", 1).code == 0
    assert os.environ["NBCNN_NUM_THREADS"] == "2"


def test_json_alone_on_standard_output(nbcnn: Run, write_spec: WriteSpec) -> None:
    outcome = nbcnn("train", write_spec(), "--out", "a", "--format", "json")
    result = json.loads(outcome.out)
    assert result["out"] == "a" and result["epochs"] == 3 and result["test"]["samples"] == 355
    assert result["best"]["epoch"] <= 3 and 0 <= result["input_wait"] <= result["seconds"]


def test_options_change_the_spec(nbcnn: Run, write_spec: WriteSpec) -> None:
    options = ("--epochs", 2, "--seed", 9, "--set", "train.batch_size=50", "--set", "train.optimizer.lr=0.05")
    assert nbcnn("train", write_spec(), "--out", "a", "--threads", 1, *options).code == 0
    saved = json.loads(Path("a/spec.json").read_text())["train"]
    assert (saved["epochs"], saved["seed"], saved["batch_size"], saved["optimizer"]["lr"]) == (2, 9, 50, 0.05)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_saves_and_resume_goes_on(
    nbcnn: Run,
    write_spec: WriteSpec,
    fake_engine: type[FakeTrainer],
    signal_in_step: SignalInStep,
    number: int,
    code: int,
) -> None:
    path = write_spec()
    fake_engine.on_step = staticmethod(signal_in_step(5, number))
    outcome = nbcnn("train", path)
    assert (outcome.code, outcome.out) == (code, "")
    assert "all is saved, go on by --resume --out runs/softmax-1" in outcome.err and "Traceback" not in outcome.err
    fake_engine.on_step = None
    outcome = nbcnn("train", path, "--resume")
    assert outcome.code == 0 and "going on from runs/softmax-1/last.h5, after step 5, in epoch 1" in outcome.err


def test_divergence_is_code_1(nbcnn: Run, write_spec: WriteSpec, fake_engine: type[FakeTrainer]) -> None:
    fake_engine.on_step = staticmethod(lambda step: float("nan"))
    outcome = nbcnn("train", write_spec())
    assert (outcome.code, outcome.out) == (1, "")
    assert "diverged in epoch 1, step 1" in outcome.err and "Traceback" not in outcome.err


def test_a_used_folder_is_code_2(nbcnn: Run, write_spec: WriteSpec) -> None:
    nbcnn("train", write_spec(), "--out", "a")
    outcome = nbcnn("train", write_spec(), "--out", "a")
    assert outcome.code == 2 and "nothing is overwritten" in outcome.err


def test_eval(nbcnn: Run, write_spec: WriteSpec) -> None:
    trained = json.loads(nbcnn("train", write_spec(), "--out", "a", "--format", "json").out)
    outcome = nbcnn("eval", "a/model.h5", "--format", "json")
    result = json.loads(outcome.out)
    assert outcome.code == 0
    assert {key: result[key] for key in trained["test"]} == trained["test"]
    assert np.array(result["confusion_matrix"]).sum() == 355
    assert [each["label"] for each in result["per_class"]] == list("0123456789")
    validation = json.loads(nbcnn("eval", "a/model.h5", "--split", "validation", "--format", "json").out)
    assert validation["accuracy"] == trained["best"]["val_accuracy"] and validation["samples"] == 144
    assert "accuracy" in nbcnn("eval", "a/model.h5").out


def test_eval_on_other_data(nbcnn: Run, write_spec: WriteSpec) -> None:
    nbcnn("train", write_spec(), "--out", "a")
    images = digits.load().test
    assert images is not None
    np.savez("mine.npz", x=images.inputs, y=images.targets)
    outcome = nbcnn("eval", "a/model.h5", "--data", "mine.npz")
    assert outcome.code == 2 and "no test split; choose one of train" in outcome.err
    outcome = nbcnn("eval", "a/model.h5", "--data", "mine.npz", "--split", "train", "--format", "json")
    assert outcome.code == 0


def test_predict(nbcnn: Run, write_spec: WriteSpec) -> None:
    nbcnn("train", write_spec(), "--out", "a")
    images = digits.load().test
    assert images is not None
    np.save("one.npy", images.inputs[0])
    np.save("three.npy", images.inputs[:3])
    Image.fromarray((images.inputs[0, 0] * 255).astype(np.uint8)).save("one.png")
    outcome = nbcnn("predict", "a/model.h5", "one.npy", "three.npy", "one.png", "--format", "json")
    assert outcome.code == 0
    lines = [json.loads(line) for line in outcome.out.splitlines()]
    assert [line["input"] for line in lines] == ["one.npy", "three.npy[0]", "three.npy[1]", "three.npy[2]", "one.png"]
    for line in lines:
        assert list(line) == ["input", "class", "label", "probabilities"]
        assert len(line["probabilities"]) == 10 and sum(line["probabilities"]) == pytest.approx(1)
        assert line["probabilities"][line["class"]] == max(line["probabilities"])
        assert line["label"] == str(line["class"])
    assert lines[0]["probabilities"] == lines[1]["probabilities"]
    assert nbcnn("predict", "a/model.h5", "one.npy").out.startswith(f"one.npy: {lines[0]['class']} (")


def test_predict_refuses_before_it_prints(nbcnn: Run, write_spec: WriteSpec) -> None:
    nbcnn("train", write_spec(), "--out", "a")
    np.save("good.npy", np.zeros((1, 8, 8), np.float32))
    np.save("bad.npy", np.zeros((1, 9, 9), np.float32))
    outcome = nbcnn("predict", "a/model.h5", "good.npy", "bad.npy")
    assert (outcome.code, outcome.out) == (2, "")
    assert "bad.npy" in outcome.err and "(1, 8, 8)" in outcome.err and "(1, 9, 9)" in outcome.err


def test_warnings_of_the_spec_come_first_and_advice_does_not(nbcnn: Run, write_spec: WriteSpec) -> None:
    optimizer = {"type": "sgd", "lr": 5.0, "momentum": 0.9}
    train = {"epochs": 1, "batch_size": 100, "seed": 7, "optimizer": optimizer, "shuffle": False}
    outcome = nbcnn("train", write_spec(train=train), "--out", "a")
    assert outcome.code == 0
    assert outcome.err.startswith("warning[NB237]: train.optimizer.lr: 5 is 128 times the 0.039")
    assert "NB242" not in outcome.err
    assert '"NB242"' in nbcnn("validate", write_spec(train=train), "--format", "json").out


def test_samples_that_augmentation_cannot_change_make_no_folder(nbcnn: Run, write_spec: WriteSpec) -> None:
    numbers = np.random.default_rng(0).random((20, 1, 8, 8), np.float32)
    np.savez("numbers.npz", x_train=numbers, y_train=np.arange(20) % 10)
    path = write_spec(augment=[{"type": "rand_augment"}])
    outcome = nbcnn("train", path, "--out", "a", "--set", "data.source=numbers.npz")
    assert outcome.code == 2 and "rand_augment works on bytes" in outcome.err
    assert not Path("a").exists()
