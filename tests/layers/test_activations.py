"""What activations, dropouts and layers of other shapes declare and refuse."""

import pytest
from pydantic import ValidationError

from nbcnn.layers.catalogue import ACTIVATIONS, LAYER_TYPES
from nbcnn.layers.channel_shuffle import ChannelShuffle
from nbcnn.layers.prelu import PReLU
from nbcnn.layers.problems import Code, Problem
from nbcnn.layers.reshape import Reshape
from nbcnn.layers.softmax import Softmax

OUT_OF_RANGE = [
    {"type": "elu", "alpha": -0.1},
    {"type": "gelu", "approximate": "erf"},
    {"type": "softplus", "beta": 0.0},
    {"type": "leaky_relu", "negative_slope": float("inf")},
    {"type": "prelu", "num_parameters": 0},
    {"type": "channel_dropout", "p": 1.0},
    {"type": "stochastic_depth", "p": -0.1},
    {"type": "stochastic_depth"},
    {"type": "channel_shuffle", "groups": 0},
    {"type": "reshape", "shape": []},
    {"type": "reshape", "shape": [2, 0]},
    {"type": "reshape", "shape": [1, 2, 3, 4, 5]},
]


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_activations_need_no_setting_and_keep_the_shape(kind: str) -> None:
    layer = ACTIVATIONS[kind](type=kind)
    for shape in ((7,), (3, 4, 5)):
        assert layer.output_shape(shape) == shape
        assert not list(layer.review(shape))
        assert sum(layer.other_flops(shape).values()) >= layer.output_shape(shape)[0]


@pytest.mark.parametrize("fields", OUT_OF_RANGE, ids=str)
def test_settings_out_of_range_are_refused(fields: dict) -> None:
    with pytest.raises(ValidationError):
        LAYER_TYPES[fields["type"]](**fields)


def test_prelu_has_one_slope_or_one_per_channel() -> None:
    assert PReLU(type="prelu").parameters((5, 4))["weight"].shape == (1,)
    own = PReLU(type="prelu", num_parameters=5, init=0.1)
    assert own.parameters((5, 4))["weight"].shape == (5,)
    assert own.parameters((5, 4))["weight"].initializer == 0.1
    assert not list(own.review((5, 4)))
    (problem,) = own.review((3, 4))
    assert problem.code is Code.DECLARED_SIZE
    assert problem.rule == "num_parameters (=5) must be 1 or the number of channels, 3"


def test_softmax_counts_a_sum_for_every_position() -> None:
    counts = Softmax(type="softmax").other_flops((10, 2, 3))
    assert counts == {"elementary_functions": 60, "comparisons": 54, "additions": 114, "divisions": 60}


def test_shuffled_channels_must_make_whole_groups() -> None:
    layer = ChannelShuffle(type="channel_shuffle", groups=4)
    assert not list(layer.review((8, 3, 3)))
    (problem,) = layer.review((6, 3, 3))
    assert problem.code is Code.BAD_GROUPS
    assert str(problem) == "the 6 channels must be divisible by groups (=4); use groups = 3"


@pytest.mark.parametrize(
    ("wanted", "shape", "output"),
    [
        ([2, 6], (3, 4), (2, 6)),
        ([-1], (3, 4), (12,)),
        ([2, -1, 3], (12, 1, 2), (2, 4, 3)),
        ([4, 1, 1, 3], (12,), (4, 1, 1, 3)),
    ],
)
def test_reshape_keeps_the_numbers(wanted: list, shape: tuple, output: tuple) -> None:
    layer = Reshape(type="reshape", shape=wanted)
    assert layer.output_shape(shape) == output
    assert layer.attributes(shape) == {"shape": output}
    assert layer.window(shape) is None


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ([5, -1], r"shape = \[5, -1\] does not hold the 12 numbers of 3 x 4; use sizes whose product is 12"),
        ([2, 3], r"shape = \[2, 3\] does not hold the 12 numbers of 3 x 4"),
        ([-1, -1], "has more than one -1; keep one of them"),
    ],
)
def test_reshape_refuses_other_numbers(wanted: list, message: str) -> None:
    with pytest.raises(Problem, match=message):
        Reshape(type="reshape", shape=wanted).output_shape((3, 4))
