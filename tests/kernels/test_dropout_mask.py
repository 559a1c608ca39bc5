"""The random words behind dropout: known answers, and a mask that depends on nothing but its counters."""

import numpy as np
import pytest

from nbcnn.kernels.reference._philox import philox4x32
from nbcnn.kernels.reference.channel_dropout import channel_dropout
from nbcnn.kernels.reference.dropout import dropout, dropout_gradient
from nbcnn.kernels.reference.stochastic_depth import stochastic_depth

ALL_ONES = 0xFFFFFFFF
# The vectors for philox4x32 with ten rounds of Random123's own test, kat_vectors.
KNOWN_ANSWERS = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((ALL_ONES,) * 4, (ALL_ONES,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN_ANSWERS)
def test_known_answers(counter: tuple, key: tuple, words: tuple) -> None:
    assert tuple(int(word) for word in philox4x32(counter, key)) == words


def test_the_mask_is_read_from_the_words_as_written_down() -> None:
    """The rule spelled out for one element at a time; checkpoints rely on it."""
    p, seed, step, salt = 0.3, 2**33 + 5, 7, 11
    kept = dropout(np.ones((3, 2, 5)), p=p, seed=seed, step=step, salt=salt).reshape(3, 10) != 0.0
    for sample in range(3):
        for feature in range(10):
            word = philox4x32((feature // 4, sample, step, salt), (5, 2))[feature % 4]
            assert kept[sample, feature] == (int(word) >= int(p * 2**32))


def test_kept_values_grow_so_that_the_mean_stays() -> None:
    y = dropout(np.ones((50, 2000)), p=0.25, seed=1, step=0, salt=0)
    assert set(np.unique(y)) == {0.0, 1.0 / 0.75}
    # 100,000 draws: three standard deviations of the share that is dropped are 0.004.
    assert np.mean(y == 0.0) == pytest.approx(0.25, abs=0.004)


def test_every_counter_changes_the_mask_and_the_batch_does_not() -> None:
    settings = {"seed": 1, "step": 2, "salt": 3}
    x = np.ones((8, 64))
    mask = dropout(x, p=0.5, **settings)
    for name in settings:
        assert not np.array_equal(mask, dropout(x, p=0.5, **{**settings, name: settings[name] + 1}))
    assert np.array_equal(mask[:3], dropout(x[:3], p=0.5, **settings))
    assert not np.array_equal(mask[0], mask[1])


def test_the_gradient_uses_the_same_mask() -> None:
    x = np.random.default_rng(0).standard_normal((4, 3, 3))
    settings = {"p": 0.5, "seed": 9, "step": 1, "salt": 2}
    y = dropout(x, **settings)
    (dx,) = dropout_gradient(np.ones(x.shape), x, y, **settings)
    assert np.array_equal(dx * x, y)


@pytest.mark.parametrize(("p", "kept"), [(0.0, 1.0), (1.0, 0.0)])
def test_the_ends_of_the_range(p: float, kept: float) -> None:
    assert (dropout(np.ones((3, 7)), p=p, seed=0, step=0, salt=0) == kept).all()


def test_channels_and_samples_are_dropped_as_a_whole() -> None:
    """Their masks are those of dropout with the channels for features, and with a single feature."""
    settings = {"p": 0.4, "seed": 2**33 + 5, "step": 7, "salt": 11}
    x = np.random.default_rng(0).standard_normal((9, 6, 2, 3))
    channels = dropout(np.ones((9, 6)), **settings)
    assert np.array_equal(channel_dropout(x, **settings), x * channels[:, :, np.newaxis, np.newaxis])
    samples = dropout(np.ones((9, 1)), **settings)
    assert np.array_equal(stochastic_depth(x, **settings), x * samples[:, :, np.newaxis, np.newaxis])
    assert 0 < np.count_nonzero(channels) < channels.size and 0 < np.count_nonzero(samples) < samples.size
