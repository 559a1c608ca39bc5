"""The conformance cases that the `onnx` package ships for its operators, through `nbcnn.functional`.

Left out are the variants named `..._expanded`: their nodes are the primitives (Exp, ReduceSum, ...) that the
operator's body consists of, so that they test how a framework unfolds functions, on the inputs of the case itself.
"""

import warnings
from typing import Any

import numpy as np
import pytest
from onnx_operators import OPERATORS, OUTPUTS_NOT_OFFERED

# The package divides by zero while it writes down the cases of other operators.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    onnx = pytest.importorskip("onnx")
    from onnx.backend.test.loader import load_model_tests

    CASES = {
        case.name: case
        for case in load_model_tests(kind="node")
        if "_expanded" not in case.name and {node.op_type for node in case.model.graph.node} & OPERATORS.keys()
    }

NOT_OFFERED = {
    "an axis of one array is repeated along another; arrays of one shape, or one number a channel, are joined": [
        "test_add_bcast",
        "test_mul_bcast",
    ],
    "one array alone is no sum": ["test_sum_one_input"],
    "PyTorch's average and Lp pools have no dilation": [
        "test_averagepool_2d_dilations",
        "test_averagepool_3d_dilations_small",
        "test_averagepool_3d_dilations_large_count_include_pad_is_0_ceil_mode_is_True",
        "test_averagepool_3d_dilations_large_count_include_pad_is_0_ceil_mode_is_False",
        "test_averagepool_3d_dilations_large_count_include_pad_is_1_ceil_mode_is_True",
        "test_averagepool_3d_dilations_large_count_include_pad_is_1_ceil_mode_is_False",
        "test_lppool_2d_dilations",
    ],
    "padding above half the window of a pool is refused": [
        "test_averagepool_2d_pads",
        "test_averagepool_2d_pads_count_include_pad",
        "test_lppool_2d_pads",
        "test_maxpool_2d_pads",
    ],
    "which numbers are dropped is for each library's own generator to say": [
        "test_training_dropout",
        "test_training_dropout_default",
        "test_training_dropout_default_mask",
        "test_training_dropout_mask",
    ],
    "slope and offset of hard_sigmoid are PyTorch's, 1/6 and 1/2": [
        "test_hardsigmoid",
        "test_hardsigmoid_default",
        "test_hardsigmoid_example",
    ],
    "alpha and gamma of selu are those of its paper": ["test_selu", "test_selu_example"],
    "layers take samples one by one: none crosses from one to another": [
        "test_flatten_axis2",
        "test_flatten_axis3",
        "test_flatten_negative_axis1",
        "test_flatten_negative_axis2",
        "test_reshape_negative_extended_dims",
        "test_reshape_one_dim",
        "test_reshape_reordered_all_dims",
    ],
    "an array without numbers": ["test_reshape_allowzero_reordered"],
    "a bias for every sample is no linear layer": ["test_gemm_default_matrix_bias"],
    "products of vectors and of stacks of matrices are no linear layer": [
        "test_matmul_1d_1d",
        "test_matmul_1d_3d",
        "test_matmul_3d",
        "test_matmul_4d",
        "test_matmul_4d_1d",
        "test_matmul_bcast",
    ],
    "a loss is a number: the mean": [
        "test_nllloss_NC",
        "test_nllloss_NCd1d2",
        "test_nllloss_NCd1d2_with_weight",
        "test_nllloss_NCd1d2d3_none_no_weight_negative_ii",
        "test_nllloss_NCd1d2d3d4d5_none_no_weight",
        "test_sce_NCd1d2d3_none_no_weight_negative_ii",
        "test_sce_NCd1d2d3_none_no_weight_negative_ii_log_prob",
        "test_sce_NCd1d2d3d4d5_none_no_weight",
        "test_sce_NCd1d2d3d4d5_none_no_weight_log_prob",
        "test_sce_none",
        "test_sce_none_log_prob",
        "test_sce_none_weights",
        "test_sce_none_weights_log_prob",
    ],
    "upsample has neither cubic interpolation, antialiasing nor regions": [
        "test_resize_downsample_scales_cubic",
        "test_resize_downsample_scales_cubic_A_n0p5_exclude_outside",
        "test_resize_downsample_scales_cubic_align_corners",
        "test_resize_downsample_scales_cubic_antialias",
        "test_resize_downsample_scales_linear_antialias",
        "test_resize_downsample_sizes_cubic",
        "test_resize_downsample_sizes_cubic_antialias",
        "test_resize_downsample_sizes_linear_antialias",
        "test_resize_tf_crop_and_resize",
        "test_resize_tf_crop_and_resize_axes_2_3",
        "test_resize_tf_crop_and_resize_axes_3_2",
        "test_resize_tf_crop_and_resize_extrapolation_value",
        "test_resize_upsample_scales_cubic",
        "test_resize_upsample_scales_cubic_A_n0p5_exclude_outside",
        "test_resize_upsample_scales_cubic_align_corners",
        "test_resize_upsample_scales_cubic_asymmetric",
        "test_resize_upsample_sizes_cubic",
    ],
    "upsample has whole factors, or sizes": [
        "test_resize_downsample_scales_linear",
        "test_resize_downsample_scales_linear_align_corners",
        "test_resize_downsample_scales_linear_half_pixel_symmetric",
        "test_resize_downsample_scales_nearest",
        "test_resize_upsample_scales_linear_half_pixel_symmetric",
    ],
    "the nearest pixel is PyTorch's: input p * m // n for output p of n from m inputs": [
        "test_resize_downsample_sizes_nearest",
        "test_resize_downsample_sizes_nearest_not_larger",
        "test_resize_downsample_sizes_nearest_not_smaller",
        "test_resize_upsample_sizes_nearest_ceil_half_pixel",
        "test_resize_upsample_sizes_nearest_floor_align_corners",
        "test_resize_upsample_sizes_nearest_not_larger",
        "test_resize_upsample_sizes_nearest_not_smaller",
        "test_resize_upsample_sizes_nearest_round_prefer_ceil_asymmetric",
    ],
    "one output pixel lies in the middle of the input, as in PyTorch itself, and not at its first pixel": [
        "test_resize_downsample_sizes_linear_pytorch_half_pixel",
    ],
}
LEFT_OUT = {name: reason for reason, names in NOT_OFFERED.items() for name in names}


@pytest.mark.parametrize("name", sorted(CASES.keys() - LEFT_OUT.keys()))
def test_case(name: str) -> None:
    case = CASES[name]
    (node,) = case.model.graph.node
    ((inputs, expected),) = case.data_sets
    given = iter(inputs)
    arrays = [next(given) if input_name else None for input_name in node.input]
    outputs = OPERATORS[node.op_type](*arrays, **attributes(node))
    assert len(outputs) >= len(expected) or node.op_type in OUTPUTS_NOT_OFFERED
    for actual, wanted in zip(outputs, expected, strict=False):
        # Whole numbers come out as float32.
        assert actual.shape == wanted.shape and actual.dtype == np.float32
        np.testing.assert_allclose(actual, wanted, rtol=case.rtol, atol=case.atol)


def attributes(node: Any) -> dict[str, Any]:
    values = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
    return {name: value.decode() if isinstance(value, bytes) else value for name, value in values.items()}


def test_every_operator_has_a_case_that_runs_or_a_reason() -> None:
    assert LEFT_OUT.keys() <= CASES.keys()
    run = {node.op_type for name, case in CASES.items() if name not in LEFT_OUT for node in case.model.graph.node}
    assert OPERATORS.keys() - run == {"HardSigmoid"}
