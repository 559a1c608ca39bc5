"""A model called as in training: statistics of the whole call, and running ones that move."""

import numpy as np
import pytest
from networks import FLATTEN, conv, layer, linear, named, network
from reference_training import activations, batch

from nbcnn.kernels.cpu.language.lanes import using
from nbcnn.model import CHUNK, Model
from nbcnn.plan.reference import Reference

NORMS = network((2, 4, 3), conv(3, 3, padding=1), layer("batch_norm", activation="relu"), FLATTEN, linear(4))


@pytest.mark.parametrize(("samples", "lanes"), [(2, 16), (19, 4), (CHUNK + 7, 16)])
def test_statistics_are_those_of_all_samples(samples: int, lanes: int) -> None:
    x, _ = batch(NORMS, samples)
    with using(lanes):
        model = Model(NORMS, seed=3)
        reference = Reference(
            NORMS,
            {key: value.astype(np.float64) for key, value in model.parameters.items()},
            {key: value.astype(np.float64) for key, value in model.buffers.items()},
            (0, 0),
        )
        for _ in range(2):
            np.testing.assert_allclose(model(x, training=True), reference.forward(x)["linear1"], rtol=0, atol=1e-5)
    for key, value in model.buffers.items():
        np.testing.assert_allclose(value, reference.buffers[key], rtol=1e-5, atol=1e-6)
    expected = activations(NORMS, model.parameters, x, buffers=model.buffers)["linear1"]
    np.testing.assert_allclose(model(x), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", ["dropout", "batch and instance norm over three axes"])
def test_no_samples_give_no_outputs_and_move_nothing(name: str) -> None:
    model = Model(named(name))
    x, _ = batch(model.network, 0)
    before = {key: value.copy() for key, value in model.buffers.items()}
    assert model(x, training=True).shape == (0, *model.network.output_shape)
    assert all(np.array_equal(value, before[key]) for key, value in model.buffers.items())


def test_a_call_of_another_size_takes_no_further_memory() -> None:
    """A plan for so many samples serves fewer, with the same bits; one for more takes its place."""
    model = Model(NORMS, seed=3)
    for samples in (30, 5, 29, 41):
        x, _ = batch(NORMS, samples, seed=samples)
        planned = Model(NORMS, seed=3)
        for key, value in model.buffers.items():
            planned.buffers[key][...] = value
        assert np.array_equal(model(x, training=True), planned(x, training=True))
        assert len(model._plans) == 1
