"""A Model computes what the reference computes, from the weights that it shows, on any array that holds the samples."""

import numpy as np
import pytest
from networks import FLATTEN, NETWORKS, dropout, linear, named, network
from reference_training import activations, batch
from tolerances import UNIT

import nbcnn.model as models
from nbcnn.errors import InputError
from nbcnn.kernels.cpu.language.lanes import using
from nbcnn.model import CHUNK, Model
from nbcnn.training.trainer import Trainer


def check(model: Model, x: np.ndarray, inputs: np.ndarray | None = None) -> None:
    """Compare the logits for `x` with the reference's for `inputs`, the numbers that the first layer reads."""
    values = activations(model.network, model.parameters, x if inputs is None else inputs, buffers=model.buffers)
    expected = values[model.network.layers[-1].name]
    logits = model(x)
    assert logits.dtype == np.float32
    assert logits.shape == expected.shape
    # A few layers, each with the rounding of its own sums and what it makes of the rounding before it.
    assert np.abs(logits - expected).max(initial=0) <= 200 * UNIT["float32"] * max(1, np.abs(expected).max(initial=0))


@pytest.mark.parametrize("name", NETWORKS)
def test_agrees_with_the_reference(name: str) -> None:
    model = Model(named(name), seed=1)
    check(model, batch(model.network, 19)[0])


@pytest.mark.parametrize("lanes", [4, 8, 16])
@pytest.mark.parametrize("samples", [1, 7, 33])
def test_every_lane_count_and_batch(samples: int, lanes: int) -> None:
    with using(lanes):
        model = Model(named("padding, two pools"))
        check(model, batch(model.network, samples)[0])


@pytest.mark.parametrize("samples", [CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 5])
def test_more_samples_than_one_walk_takes(samples: int) -> None:
    model = Model(named("linear alone"))
    check(model, batch(model.network, samples)[0])


def test_large_activations_make_walks_of_fewer_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model(named("padding, two pools"))
    assert model.chunk == CHUNK
    largest = max(node.memory_bytes for node in model.network.layers)
    with using(4):
        for blocks, expected in ((3, 12), (0, 4)):
            monkeypatch.setattr(models, "CHUNK_BYTES", 2 * largest * 4 * blocks + 1)
            assert model.chunk == expected
            check(Model(model.network), batch(model.network, 40)[0])


def test_no_samples() -> None:
    assert Model(named("padding, two pools"))(np.zeros((0, 1, 9, 7), np.float32)).shape == (0, 10)


def test_a_sample_alone_gives_what_it_gives_among_others() -> None:
    model = Model(named("padding, two pools"))
    x, _ = batch(model.network, 20)
    together = model(x)
    assert all(np.array_equal(model(x[i : i + 1])[0], together[i]) for i in range(20))


def test_parameters_are_the_weights() -> None:
    """Writing into a view changes the model, before the first call and after it; training writes into the same."""
    model = Model(named("padding, two pools"))
    x, y = batch(model.network, 9)
    views = dict(model.parameters)
    for _ in range(2):
        for number, view in enumerate(views.values()):
            assert view.dtype == np.float32
            view[...] = np.random.default_rng(number).standard_normal(view.shape) / 4
            view[0] = 0.5
        check(model, x)
    before = {key: view.copy() for key, view in views.items()}
    Trainer(model).step(x, y)
    assert all(model.parameters[key] is view for key, view in views.items())
    assert all(not np.array_equal(view, before[key]) for key, view in views.items())
    check(model, x)


def test_a_trainer_sees_weights_that_were_written_between_steps() -> None:
    model, other = (Model(named("padding, two pools"), seed=seed) for seed in (0, 1))
    x, y = batch(model.network, 9)
    trainer = Trainer(model, optimizer={"type": "sgd", "lr": 0.1})
    trainer.step(x, y)
    for key, value in other.parameters.items():
        model.parameters[key][...] = value
    assert trainer.step(x, y) == Trainer(other, optimizer={"type": "sgd", "lr": 0.1}).step(x, y)


def test_seeds() -> None:
    net = named("linear alone")
    first, again, other = Model(net, seed=4), Model(net, seed=4), Model(net, seed=5)
    for key, value in first.parameters.items():
        assert np.array_equal(value, again.parameters[key])
        assert not np.array_equal(value, other.parameters[key])


def test_arrays_of_any_layout_and_type() -> None:
    model = Model(named("padding, two pools"))
    x, _ = batch(model.network, 6)
    expected = model(x)
    assert np.array_equal(model(np.asfortranarray(x)), expected)
    assert np.array_equal(model(np.repeat(x, 2, axis=0)[::2]), expected)
    assert np.array_equal(model(x.astype(np.float64)), expected)
    assert np.array_equal(model(x.tolist()), expected)


def test_bytes_and_normalisation() -> None:
    model = Model(network((2, 3, 4), FLATTEN, linear(5)))
    images = np.random.default_rng(0).integers(0, 256, (7, 2, 3, 4), dtype=np.uint8)
    check(model, images, images / 255)
    mean, std = np.array([0.5, 0.25]).reshape(-1, 1, 1), np.array([0.25, 2.0]).reshape(-1, 1, 1)
    model.normalization = {"mean": mean.ravel().tolist(), "std": std.ravel().tolist()}
    check(model, images, (images / 255 - mean) / std)
    floats = batch(model.network, 7)[0]
    check(model, floats, (floats - mean) / std)
    model.normalization = None
    check(model, images, images / 255)


@pytest.mark.parametrize(
    "wrong",
    [
        {"mean": [0.0], "std": [1.0]},
        {"mean": [0.0, 0.0], "std": [1.0, 0.0]},
        {"mean": [0.0, 0.0], "std": [1.0, np.nan]},
        {"mean": [0.0, np.inf], "std": [1.0, 1.0]},
    ],
)
def test_normalisation_that_is_none(wrong: dict) -> None:
    model = Model(network((2, 3, 4), FLATTEN, linear(5)))
    with pytest.raises(InputError, match="normalization"):
        model.normalization = wrong
    check(model, batch(model.network, 3)[0])


@pytest.mark.parametrize("shape", [(1, 9, 7), (3, 1, 7, 9), (3, 2, 9, 7), (3, 9, 7), (3, 63), ()])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    model = Model(named("padding, two pools"))
    with pytest.raises(InputError, match=r"expected.*received"):
        model(np.zeros(shape, np.float32))


def test_other_types_are_refused() -> None:
    model = Model(named("linear alone"))
    with pytest.raises(InputError, match="astype"):
        model(np.zeros((1, 1, 3, 3), np.complex64))


def test_nan_in_one_sample_stays_there() -> None:
    model = Model(named("padding, two pools"))
    x, _ = batch(model.network, 20)
    expected = model(x)
    x[5, 0, 4, 4] = np.nan
    logits = model(x)
    assert np.isnan(logits[5]).all()
    assert np.array_equal(np.delete(logits, 5, axis=0), np.delete(expected, 5, axis=0))


DROPS = network((3, 9, 11), dropout(0.25))


def test_dropout_keeps_the_expected_share_in_training_alone() -> None:
    model = Model(DROPS)
    ones = np.ones((200, *DROPS.input_shape), np.float32)
    assert np.array_equal(model(ones), ones)
    dropped = model(ones, training=True)
    assert set(np.unique(dropped)) == {np.float32(0), np.float32(1 / 0.75)}
    # 59,400 draws: four standard deviations of the share are 0.007.
    assert np.mean(dropped == 0) == pytest.approx(0.25, abs=0.007)


def test_dropout_differs_from_call_to_call_and_from_sample_to_sample() -> None:
    model = Model(DROPS)
    ones = np.ones((CHUNK + 2, *DROPS.input_shape), np.float32)
    first, second = model(ones, training=True), model(ones, training=True)
    assert not np.array_equal(first[0], second[0])
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(first[0], first[CHUNK]), "nor do samples of another walk share a mask"


def test_dropout_does_not_depend_on_the_lanes() -> None:
    masks = []
    for lanes in (4, 8, 16):
        with using(lanes):
            masks.append(Model(DROPS)(np.ones((21, *DROPS.input_shape), np.float32), training=True))
    assert np.array_equal(masks[0], masks[1])
    assert np.array_equal(masks[0], masks[2])
