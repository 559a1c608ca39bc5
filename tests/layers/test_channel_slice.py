"""Layers that take some channels, and that scale each."""

import numpy as np
import pytest

import nbcnn
from nbcnn import functional
from nbcnn.errors import InputError
from nbcnn.layers.channel_slice import ChannelSlice
from nbcnn.layers.problems import Code, Problem
from nbcnn.layers.scale import Scale
from nbcnn.spec import parse


def test_a_slice_has_as_many_channels_as_it_says():
    assert ChannelSlice(type="channel_slice", start=2).output_shape((5, 4, 4)) == (3, 4, 4)
    assert ChannelSlice(type="channel_slice", stop=2).output_shape((5,)) == (2,)
    assert ChannelSlice(type="channel_slice", start=1, stop=3).attributes((5, 4)) == {"start": 1, "stop": 3}


@pytest.mark.parametrize(
    "fields, blamed", [({"start": 5}, "start"), ({"start": 3, "stop": 3}, "start"), ({"stop": 6}, "stop")]
)
def test_a_slice_takes_what_is_there(fields, blamed):
    with pytest.raises(Problem, match="are not among the 5 that there are; use 0 <= start < stop <= 5") as caught:
        ChannelSlice(type="channel_slice", **fields).output_shape((5, 4, 4))
    assert (caught.value.code, caught.value.field) == (Code.WRONG_VALUE, blamed)


def test_the_function_of_slices_refuses_alike():
    x = np.arange(12.0).reshape(1, 4, 3)
    assert (functional.channel_slice(x, 1, 3) == x[:, 1:3]).all()
    with pytest.raises(InputError, match="channel_slice: channels from start = 2 up to stop = 9 are not among the 4"):
        functional.channel_slice(x, 2, 9)
    with pytest.raises(InputError, match=r"channel_slice: x must be \(N, C, \*space\), received shape \(3,\)"):
        functional.channel_slice(np.zeros(3))


def test_factors_start_from_init_and_are_learned():
    parameter = Scale(type="scale", init=0.5).parameters((3, 4, 4))["weight"]
    assert (parameter.shape, parameter.initializer) == ((3,), 0.5)
    layers = [{"type": "scale", "name": "scale", "init": 0.5}, {"type": "flatten"}]
    model = nbcnn.Model(nbcnn.build(parse({"input": {"shape": [2, 1]}, "layers": layers})))
    x = np.array([[[1.0], [3.0]]], dtype="float32")
    assert model(x).tolist() == [[0.5, 1.5]]
    trainer = nbcnn.Trainer(model, optimizer={"type": "sgd", "lr": 1.0})
    trainer.step(x, np.array([0]))
    assert model.parameters["scale.weight"][0] > 0.5 > model.parameters["scale.weight"][1]


def test_the_function_of_factors_refuses_other_shapes():
    with pytest.raises(InputError, match="scale: .* received \\(1, 4, 3\\) and \\(3,\\); give one factor per channel"):
        functional.scale(np.zeros((1, 4, 3)), np.ones(3))


def test_a_layer_whose_name_ends_in_a_number_may_have_an_activation():
    layers = [{"type": "conv", "name": "features.0.1", "out_channels": 1, "kernel_size": 1, "activation": "relu"}]
    spec = parse({"input": {"shape": [1, 3]}, "layers": layers})
    assert [node.name for node in nbcnn.build(spec).layers] == ["features.0.1", "features.0.1_relu"]
