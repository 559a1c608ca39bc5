"""What the layers that normalise declare, and what they refuse."""

import pytest
from pydantic import TypeAdapter, ValidationError

from nbcnn.layers.catalogue import AnyLayer
from nbcnn.layers.problems import Code, Problem


def layer(kind: str, **fields):
    return TypeAdapter(AnyLayer).validate_python({"type": kind} | fields)


@pytest.mark.parametrize(
    "made, shape, weight",
    [
        (layer("batch_norm"), (6, 4, 5), (6,)),
        (layer("batch_norm"), (6,), (6,)),
        (layer("layer_norm"), (6, 4, 5), (6, 4, 5)),
        (layer("layer_norm", axes=[1]), (6, 4, 5), (6,)),
        (layer("layer_norm", axes=[3, 2]), (6, 4, 5), (4, 5)),
        (layer("instance_norm", affine=True), (6, 4), (6,)),
        (layer("group_norm", num_groups=3), (6, 4, 5, 2), (6,)),
    ],
)
def test_weight_starts_at_one_and_bias_at_zero(made, shape, weight) -> None:
    parameters = made.parameters(shape)
    assert made.output_shape(shape) == shape
    assert not list(made.review(shape))
    assert {name: (each.shape, each.initializer) for name, each in parameters.items()} == {
        "weight": (weight, "ones"),
        "bias": (weight, "zeros"),
    }


def test_without_affine_there_are_none() -> None:
    assert not layer("batch_norm", affine=False).parameters((3, 4))
    assert not layer("instance_norm").parameters((3, 4))


def test_only_batch_norm_has_running_statistics() -> None:
    buffers = layer("batch_norm").buffers((3, 4))
    assert {name: (each.shape, each.initializer) for name, each in buffers.items()} == {
        "running_mean": ((3,), "zeros"),
        "running_var": ((3,), "ones"),
    }
    for kind in ("layer_norm", "instance_norm"):
        assert not layer(kind).buffers((3, 4))


def test_spatial_axes_are_counted_from_the_end() -> None:
    assert layer("layer_norm").attributes((3, 4, 5)) == {"axes": (1, -2, -1), "eps": 1e-5}
    assert layer("layer_norm", axes=[2]).attributes((3, 4, 5, 6))["axes"] == (-3,)
    assert layer("layer_norm").attributes((7,))["axes"] == (1,)


def test_what_sees_the_whole_input_has_no_window() -> None:
    for made in (
        layer("layer_norm"),
        layer("layer_norm", axes=[2]),
        layer("instance_norm"),
        layer("group_norm", num_groups=1),
    ):
        assert made.window((4, 6)) is None
    for made in (layer("batch_norm"), layer("layer_norm", axes=[1]), layer("local_response_norm", size=3)):
        assert made.window((4, 6)).spans == (1,)


def test_operations_of_inference() -> None:
    assert layer("batch_norm").other_flops((4, 3, 3)) == {"multiplications": 36, "additions": 36}
    # Two sets of 18: a sum, the mean taken off, a sum of squares, eps, the bias; a square, 1 / deviation, the weight.
    assert layer("group_norm", num_groups=2).other_flops((4, 3, 3)) == {
        "additions": (36 - 2) + 36 + (36 - 2) + 2 + 36,
        "multiplications": 3 * 36,
        "divisions": 6,
        "square_roots": 2,
    }
    # Windows of 2, 3, 3, 2 channels: their squares, alpha / size and the division by the power.
    assert layer("local_response_norm", size=3).other_flops((4,)) == {
        "multiplications": 10 + 8,
        "additions": 10,
        "powers": 4,
    }


@pytest.mark.parametrize(
    "made, shape, code, message",
    [
        (layer("group_norm", num_groups=4), (6, 5), Code.BAD_GROUPS, r"channels \(=6\).*\(=4\); use num_groups = 3"),
        (layer("group_norm", num_groups=9), (6, 5), Code.BAD_GROUPS, "use num_groups = 6"),
        (layer("group_norm", num_groups=6), (6, 1), Code.NOTHING_TO_NORMALISE, "use fewer groups"),
        (layer("instance_norm"), (6, 1, 1), Code.NOTHING_TO_NORMALISE, "move it before"),
        (layer("instance_norm"), (6,), Code.WRONG_AXES, "received"),
        (layer("layer_norm", axes=[3]), (6, 5), Code.WRONG_AXES, "names axis 3 of an input that has 2; use axes"),
        (layer("layer_norm", axes=[2, 2]), (6, 5), Code.WRONG_VALUE, "names an axis twice"),
        (layer("layer_norm", axes=[2]), (6, 1), Code.NOTHING_TO_NORMALISE, "size above 1"),
    ],
)  # fmt: skip
def test_refused(made, shape, code, message) -> None:
    with pytest.raises(Problem, match=message) as caught:
        made.output_shape(shape)
        for problem in made.review(shape):
            raise problem
    assert caught.value.code is code


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "batch_norm", "momentum": 1.5},
        {"type": "batch_norm", "eps": 0.0},
        {"type": "layer_norm", "axes": []},
        {"type": "layer_norm", "axes": [0]},
        {"type": "group_norm", "num_groups": 0},
        {"type": "group_norm"},
        {"type": "local_response_norm", "size": 0},
        {"type": "local_response_norm", "size": 5, "k": 0.0},
        {"type": "local_response_norm", "size": 5, "alpha": -1.0},
    ],
)
def test_values_out_of_range(fields) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(AnyLayer).validate_python(fields)
