"""Window arithmetic against windows laid out one by one."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nbcnn.layers.axes import Window, padding_pairs, per_axis, span, window_output_size
from nbcnn.layers.problems import Code, Problem

sizes = st.integers(1, 30)
kernels = st.integers(1, 7)
strides = st.integers(1, 8)
paddings = st.integers(0, 4)
dilations = st.integers(1, 3)


def starts(size: int, kernel: int, stride: int, before: int, after: int, dilation: int, ceil_mode: bool) -> list[int]:
    """First input of every window, moving right while it fits; with `ceil_mode` until the end has been reached."""
    extent = span(kernel, dilation)
    found = []
    start = -before
    while start + extent <= size + after or (ceil_mode and start + extent < size + after + stride):
        found.append(start)
        start += stride
    if ceil_mode and found and found[-1] >= size:
        found.pop()
    return found


@given(sizes, kernels, strides, paddings, paddings, dilations, st.booleans())
def test_output_size_counts_the_windows_that_fit(size, kernel, stride, before, after, dilation, ceil_mode):
    windows = starts(size, kernel, stride, before, after, dilation, ceil_mode)
    if windows:
        assert window_output_size(size, kernel, stride, before, after, dilation, ceil_mode) == len(windows)
    else:
        with pytest.raises(Problem) as raised:
            window_output_size(size, kernel, stride, before, after, dilation, ceil_mode)
        assert raised.value.code is Code.WINDOW_TOO_LARGE


@given(sizes, kernels, strides, paddings, paddings, dilations)
def test_unread_counts_the_inputs_after_the_last_window(size, kernel, stride, before, after, dilation):
    windows = starts(size, kernel, stride, before, after, dilation, False)
    assume(windows)
    window = Window((kernel,), (stride,), ((before, after),), (dilation,))
    # One more window would begin at `following`; before that, what a stride above the window skips is no loss.
    following = windows[-1] + stride
    end = max(windows[-1] + span(kernel, dilation), following)
    assert window.unread((size,)) == (max(size - max(end, 0), 0),)


@given(sizes, kernels, dilations)
def test_the_cures_of_a_window_too_large_work(size, kernel, dilation):
    try:
        window_output_size(size, kernel, 1, 0, 0, dilation, False)
    except Problem as problem:
        smaller, padding = (int(part.split("=")[1]) for part in problem.cure.removeprefix("use ").split(" or "))
        assert smaller < kernel
        assert window_output_size(size, smaller, 1, 0, 0, dilation, False) >= 1
        assert window_output_size(size, kernel, 1, padding, padding, dilation, False) >= 1


@given(sizes, kernels, strides, dilations, st.sampled_from(["same", "same_lower"]))
def test_same_padding_gives_the_ceiling_of_size_over_stride(size, kernel, stride, dilation, mode):
    ((before, after),) = padding_pairs(mode, 1, (kernel,), (stride,), (dilation,), (size,))
    assert window_output_size(size, kernel, stride, before, after, dilation, False) == -(-size // stride)
    assert 0 <= (after - before if mode == "same" else before - after) <= 1


def test_padding_is_read_in_every_form():
    arguments = 2, (3, 3), (1, 1), (1, 1), (8, 8)
    assert padding_pairs(1, *arguments) == ((1, 1), (1, 1))
    assert padding_pairs([1, 2], *arguments) == ((1, 1), (2, 2))
    assert padding_pairs([[0, 1], 2], *arguments) == ((0, 1), (2, 2))
    assert padding_pairs("valid", *arguments) == ((0, 0), (0, 0))
    assert padding_pairs("same", *arguments) == ((1, 1), (1, 1))


@pytest.mark.parametrize(
    "padding", ["full", -1, 1.5, True, [1], [1, 2, 3], [[1], [2]], [[1, 2, 3], 1], ["ab", 1], [None, 1]]
)
def test_other_paddings_are_refused(padding):
    with pytest.raises(Problem):
        padding_pairs(padding, 2, (3, 3), (1, 1), (1, 1), (8, 8))


def test_per_axis_states_both_numbers():
    assert per_axis(3, 2, "stride") == (3, 3)
    assert per_axis((1, 2, 3), 3, "stride") == (1, 2, 3)
    with pytest.raises(Problem, match="stride has 2 entries but the input has 1 spatial axis; give one integer, or 1"):
        per_axis([1, 2], 1, "stride")
    with pytest.raises(Problem, match="kernel_size = 0 is not a whole number of at least 1"):
        per_axis(0, 1, "kernel_size")


def test_ceil_mode_drops_a_window_that_starts_in_the_end_padding():
    assert window_output_size(2, 1, 2, 0, 1, 1, ceil_mode=True) == 1
    assert window_output_size(5, 2, 2, 0, 0, 1, ceil_mode=True) == 3
