"""The benchmarks' twins in PyTorch: from the same weights they give nbcnn's losses and answers."""

from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
from benchmark_modules import NAMES, agreement, workload
from torch_operations import torch

TWINS = [import_module(f"peers.{name}") for name in ("nbcnn_peer", "torch_peer")]
SAMPLES = 8


@pytest.fixture(autouse=True)
def denormals() -> Iterator[None]:
    """As PyTorch has them for the tests to come; the twin in PyTorch takes them for 0."""
    yield
    torch.set_flush_denormal(False)


@pytest.mark.parametrize("name", NAMES)
def test_losses_and_answers_agree(name: str) -> None:
    described = replace(workload(name), batch_size=SAMPLES)
    images, labels = described.data(SAMPLES, batches=1)
    weights, threads = described.weights(), torch.get_num_threads()
    answers = []
    for twin in TWINS:
        training = twin.Training(described, threads)
        training.load(weights)
        losses = [float(training.step(training.batch(images, labels))) for _ in range(2)]
        inference = twin.Inference(described, SAMPLES, threads)
        inference.load(weights)
        logits = inference.logits(inference.predict(inference.batch(images)))
        answers.append({"losses": losses, "logits": logits.tolist()})
    assert agreement.disagreement(*answers) is None
    # Twins that neither learn nor look would agree, too.
    before, after = answers[0]["losses"]
    assert abs(after - before) > 0.01 * before
    assert np.ptp(np.array(answers[0]["logits"]), axis=0).max() > 0.001
