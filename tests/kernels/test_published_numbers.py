"""The functions against numbers that courses, books and papers print beside their explanations."""

from math import ceil, log

import numpy as np
import pytest
from numpy.typing import ArrayLike
from tolerances import assert_close

from nbcnn import functional as F
from nbcnn.kernels.reference.adam import adam
from nbcnn.kernels.reference.rmsprop import rmsprop


def image(rows: ArrayLike) -> np.ndarray:
    """One sample of one channel."""
    return np.array(rows, dtype=np.float32)[np.newaxis, np.newaxis]


def between(first: float, last: float, *shape: int) -> np.ndarray:
    return np.linspace(first, last, num=int(np.prod(shape))).reshape(shape)


class TestStanfordCS231n:
    """CS231n, Stanford: the checks in the notebooks of assignment 2, and the notes that are named."""

    def test_convolution(self) -> None:
        """ConvolutionalNetworks.ipynb, naive forward pass."""
        x, weight, bias = between(-0.1, 0.5, 2, 3, 4, 4), between(-0.2, 0.3, 3, 3, 4, 4), np.linspace(-0.1, 0.2, 3)
        expected = [
            [
                [[-0.08759809, -0.10987781], [-0.18387192, -0.2109216]],
                [[0.21027089, 0.21661097], [0.22847626, 0.23004637]],
                [[0.50813986, 0.54309974], [0.64082444, 0.67101435]],
            ],
            [
                [[-0.98053589, -1.03143541], [-1.19128892, -1.24695841]],
                [[0.69108355, 0.66880383], [0.59480972, 0.56776003]],
                [[2.36270298, 2.36904306], [2.38090835, 2.38247847]],
            ],
        ]
        assert_close(F.conv(x, weight, bias, stride=2, padding=1), expected, "float32", "forward", 3 * 4 * 4)

    def test_max_pooling(self) -> None:
        """ConvolutionalNetworks.ipynb, naive forward pass."""
        expected = [
            [
                [[-0.26315789, -0.24842105], [-0.20421053, -0.18947368]],
                [[-0.14526316, -0.13052632], [-0.08631579, -0.07157895]],
                [[-0.02736842, -0.01263158], [0.03157895, 0.04631579]],
            ],
            [
                [[0.09052632, 0.10526316], [0.14947368, 0.16421053]],
                [[0.20842105, 0.22315789], [0.26736842, 0.28210526]],
                [[0.32631579, 0.34105263], [0.38526316, 0.4]],
            ],
        ]
        assert_close(F.max_pool(between(-0.3, 0.4, 2, 3, 4, 4), 2), expected, "float32", "forward", 1)

    def test_fully_connected(self) -> None:
        """FullyConnectedNets.ipynb, forward pass; its weights are (inputs, outputs)."""
        x, weight, bias = between(-0.1, 0.5, 2, 4, 5, 6), between(-0.2, 0.3, 120, 3), np.linspace(-0.3, 0.1, 3)
        expected = [[1.49834967, 1.70660132, 1.91485297], [3.25553199, 3.5141327, 3.77273342]]
        assert_close(F.linear(F.flatten(x), weight.T, bias), expected, "float32", "forward", 120)

    def test_relu(self) -> None:
        """FullyConnectedNets.ipynb, forward pass."""
        expected = [[0, 0, 0, 0], [0, 0, 0.04545455, 0.13636364], [0.22727273, 0.31818182, 0.40909091, 0.5]]
        assert_close(F.relu(between(-0.5, 0.5, 3, 4)), expected, "float32", "forward", 1)

    def test_adam(self) -> None:
        """FullyConnectedNets.ipynb; its step counter is at 5 before the update."""
        start, gradient = between(-0.4, 0.6, 4, 5), between(-0.6, 0.4, 4, 5)
        settings = {"lr": 0.01, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0, "step": 6}
        updated, mean, square = adam(start, gradient, between(0.6, 0.9, 4, 5), between(0.7, 0.5, 4, 5), **settings)
        expected = [
            [-0.40094747, -0.34836187, -0.29577703, -0.24319299, -0.19060977],
            [-0.1380274, -0.08544591, -0.03286534, 0.01971428, 0.0722929],
            [0.1248705, 0.17744702, 0.23002243, 0.28259667, 0.33516969],
            [0.38774145, 0.44031188, 0.49288093, 0.54544852, 0.59801459],
        ]
        np.testing.assert_allclose(updated, expected, rtol=0, atol=6e-9)
        np.testing.assert_allclose(mean[::3, ::4], [[0.48, 0.55789474], [0.77210526, 0.85]], rtol=0, atol=6e-9)
        np.testing.assert_allclose(square[::3, ::4], [[0.69966, 0.65738853], [0.54159906, 0.49966]], rtol=0, atol=6e-9)

    def test_rmsprop(self) -> None:
        """FullyConnectedNets.ipynb."""
        start, gradient, cache = between(-0.4, 0.6, 4, 5), between(-0.6, 0.4, 4, 5), between(0.6, 0.9, 4, 5)
        settings = {"alpha": 0.99, "eps": 1e-8, "weight_decay": 0.0, "momentum": 0.0, "centered": False, "step": 1}
        updated, square, *_ = rmsprop(start, gradient, cache, None, None, lr=0.01, **settings)
        expected = [
            [-0.39223849, -0.34037513, -0.28849239, -0.23659121, -0.18467247],
            [-0.132737, -0.08078555, -0.02881884, 0.02316247, 0.07515774],
            [0.12716641, 0.17918792, 0.23122175, 0.28326742, 0.33532447],
            [0.38739248, 0.43947102, 0.49155973, 0.54365823, 0.59576619],
        ]
        np.testing.assert_allclose(updated, expected, rtol=0, atol=6e-9)
        np.testing.assert_allclose(square[::3, ::4], [[0.5976, 0.65804321], [0.82883269, 0.8926]], rtol=0, atol=6e-9)

    @pytest.mark.parametrize("stride, expected", [(1, [-2, 2, 1, 2, 1]), (2, [-2, 1, 1])])
    def test_spatial_arrangement(self, stride: int, expected: list[int]) -> None:
        """Notes on convolutional networks: five inputs and a border of zeros under a neuron of three weights."""
        y = F.conv(image([1, 2, -1, 1, -3]), image([1, 0, -1]), stride=stride, padding=1)
        assert y.ravel().tolist() == expected

    def test_softmax_classifier(self) -> None:
        """Notes on linear classification: three scores, the loss, and their shares, computed from rounded powers."""
        scores = np.array([[-2.85, 0.86, 0.28]])
        assert F.softmax(scores)[0] == pytest.approx(np.array([0.016, 0.631, 0.353]), abs=1e-3)
        assert round(float(F.cross_entropy(scores, [2])), 2) == 1.04

    def test_scores_too_large_for_the_exponential(self) -> None:
        """Notes on linear classification, numeric stability: shares of 6e-290, 2e-145 and 1."""
        assert F.softmax(np.array([[123.0, 456.0, 789.0]])).tolist() == [[0.0, 0.0, 1.0]]


class TestDiveIntoDeepLearning:
    """Zhang, Lipton, Li and Smola, Dive into Deep Learning (d2l.ai), by section."""

    COUNT = np.arange(9.0).reshape(3, 3)
    KERNEL = np.array([[0.0, 1.0], [2.0, 3.0]])

    @pytest.mark.parametrize(
        "kernel, padding, stride, sizes",
        [
            ((3, 3), (1, 1), (1, 1), (8, 8)),
            ((5, 3), (2, 1), (1, 1), (8, 8)),
            ((3, 3), (1, 1), (2, 2), (4, 4)),
            ((3, 5), (0, 1), (3, 4), (2, 2)),
        ],
    )
    def test_padding_and_stride(self, kernel: tuple, padding: tuple, stride: tuple, sizes: tuple) -> None:
        y = F.conv(np.ones((1, 1, 8, 8)), np.ones((1, 1, *kernel)), stride=stride, padding=padding)
        assert y.shape[2:] == sizes

    def test_several_input_and_output_channels(self) -> None:
        x = np.stack([self.COUNT, self.COUNT + 1])[np.newaxis]
        kernel = np.stack([self.KERNEL, self.KERNEL + 1])
        y = F.conv(x, np.stack([kernel, kernel + 1, kernel + 2]))
        assert y[0].tolist() == [[[56, 72], [104, 120]], [[76, 100], [148, 172]], [[96, 128], [192, 224]]]

    @pytest.mark.parametrize(
        "window, stride, padding, expected",
        [
            (3, None, 0, [[10]]),
            (3, 2, 1, [[5, 7], [13, 15]]),
            ((2, 3), (2, 3), (0, 1), [[5, 7], [13, 15]]),
        ],
    )
    def test_max_pooling(self, window: object, stride: object, padding: object, expected: list) -> None:
        x = image(np.arange(16).reshape(4, 4))
        assert F.max_pool(x, window, stride, padding)[0, 0].tolist() == expected

    @pytest.mark.parametrize(
        "settings, expected",
        [
            ({}, [[0, 0, 1], [0, 4, 6], [4, 12, 9]]),
            ({"padding": 1}, [[4]]),
            ({"stride": 2}, [[0, 0, 0, 1], [0, 0, 2, 3], [0, 2, 0, 3], [4, 6, 6, 9]]),
        ],
    )
    def test_transposed_convolution(self, settings: dict, expected: list) -> None:
        y = F.conv_transpose(image(self.KERNEL), image(self.KERNEL), **settings)
        assert y[0, 0].tolist() == expected

    def test_transposed_convolution_of_a_convolution(self) -> None:
        kernel = image([[1, 2], [3, 4]])
        y = F.conv(image(self.COUNT), kernel)
        assert y[0, 0].tolist() == [[27, 37], [57, 67]]
        assert F.conv_transpose(y, kernel)[0, 0].tolist() == [[27, 91, 74], [138, 400, 282], [171, 429, 268]]

    def test_cross_entropy_of_two_samples(self) -> None:
        """Softmax regression from scratch: 2.3026 and 0.6931."""
        logarithms = np.log([[0.1, 0.3, 0.6], [0.3, 0.2, 0.5]])
        assert float(F.nll_loss(logarithms, [0, 2])) == pytest.approx((2.3026 + 0.6931) / 2, abs=5e-5)


class TestGuideToConvolutionArithmetic:
    """Dumoulin and Visin, A guide to convolution arithmetic for deep learning (arXiv:1603.07285)."""

    X = image([[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]])
    KERNEL = image([[0, 1, 2], [2, 2, 0], [0, 1, 2]])

    def test_a_discrete_convolution(self) -> None:
        """Figure 1.1."""
        assert F.conv(self.X, self.KERNEL)[0, 0].tolist() == [[12, 12, 17], [10, 17, 19], [9, 6, 14]]

    def test_with_padding_and_stride(self) -> None:
        """Figure 1.2."""
        y = F.conv(self.X, self.KERNEL, stride=2, padding=1)
        assert y[0, 0].tolist() == [[6, 17, 3], [8, 17, 13], [6, 4, 4]]

    def test_average_pooling(self) -> None:
        """Figure 1.5, to the one place it prints."""
        y = np.round(F.avg_pool(self.X, 3, 1), 1)[0, 0]
        np.testing.assert_allclose(y, [[1.7, 1.7, 1.7], [1.0, 1.2, 1.8], [1.1, 0.8, 1.3]], rtol=1e-6)

    def test_max_pooling(self) -> None:
        """Figure 1.6."""
        assert F.max_pool(self.X, 3, 1)[0, 0].tolist() == [[3, 3, 3], [3, 3, 3], [3, 2, 3]]

    # Input, kernel, stride, padding and output of figures 2.1 to 2.7; in 4.1 to 4.7 each is transposed.
    SIZES = [(4, 3, 1, 0, 2), (5, 4, 1, 2, 6), (5, 3, 1, 1, 5), (5, 3, 1, 2, 7), (5, 3, 2, 0, 2), (5, 3, 2, 1, 3)]
    SIZES += [(6, 3, 2, 1, 3)]

    @pytest.mark.parametrize("size, kernel, stride, padding, output", SIZES)
    def test_sizes(self, size: int, kernel: int, stride: int, padding: int, output: int) -> None:
        x, weight = np.ones((1, 1, size, size)), np.ones((1, 1, kernel, kernel))
        assert F.conv(x, weight, stride=stride, padding=padding).shape[2:] == (output, output)

    @pytest.mark.parametrize("size, kernel, stride, padding, output", SIZES)
    def test_transposed(self, size: int, kernel: int, stride: int, padding: int, output: int) -> None:
        """Chapter 4: from the output back to the input's size, as the gradient of the convolution does; and as a
        convolution (relationship 14) of the input with stride - 1 zeros between its pixels."""
        random = np.random.default_rng(0)
        x, y = random.standard_normal((2, 2, size, size)), random.standard_normal((2, 3, output, output))
        weight = random.standard_normal((3, 2, kernel, kernel))
        more = (size + 2 * padding - kernel) % stride
        settings = {"stride": stride, "padding": padding}
        back = F.conv_transpose(y, weight, **settings, output_padding=more)
        dx, _ = F.vjp(F.conv, x, weight, **settings)[1](y)
        assert_close(back, dx, "float32", "input_gradient", 3 * kernel**2)

        stretched = np.zeros((2, 3, stride * (output - 1) + 1, stride * (output - 1) + 1))
        stretched[:, :, ::stride, ::stride] = y
        border = kernel - 1 - padding
        mirrored = weight.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]
        direct = F.conv(stretched, mirrored, padding=[(border, border + more)] * 2)
        assert_close(back, direct, "float32", "forward", 3 * kernel**2)

    def test_dilated(self) -> None:
        """Figure 5.1: a kernel of 3 with dilation 2 over 7 inputs."""
        assert F.conv(np.ones((1, 1, 7, 7)), np.ones((1, 1, 3, 3)), dilation=2).shape == (1, 1, 3, 3)


class TestDeepLearning:
    """Goodfellow, Bengio and Courville, Deep Learning (MIT Press 2016), chapter 9."""

    @pytest.mark.parametrize(
        "detectors, expected", [([0.1, 1.0, 0.2, 0.1], [1.0, 1.0, 1.0, 0.2]), ([0.3, 0.1, 1.0, 0.2], [0.3, 1, 1, 1])]
    )
    def test_pooling_hides_a_shift_by_one_pixel(self, detectors: list[float], expected: list[float]) -> None:
        """Figure 9.8."""
        y = F.max_pool(image(detectors), 3, 1, padding=1)
        assert np.array_equal(y[0, 0], np.array(expected, np.float32))

    def test_pooling_with_a_smaller_last_window(self) -> None:
        """Figure 9.10: windows of 3, two apart, so that the last has only two detectors."""
        y = F.max_pool(image([0.1, 1.0, 0.2, 0.1, 0.0, 0.1]), 3, 2, ceil_mode=True)
        assert np.array_equal(y[0, 0], np.array([1.0, 0.2, 0.1], np.float32))


class TestPapers:
    def test_dynamic_k_max_pooling(self) -> None:
        """Kalchbrenner, Grefenstette and Blunsom, ACL 2014, section 3.3: a sentence of 18 words, three layers and
        k = 3 at the top give k = 12 and k = 6."""
        x = np.random.default_rng(0).permutation(18).reshape(1, 1, 18)
        first = F.kmax_pool(x, 2 / 3)
        second = F.kmax_pool(first, ceil(18 / 3))
        assert [first.shape[-1], second.shape[-1]] == [12, 6]
        for y, k in ((first, 12), (second, 6), (F.kmax_pool(second, 3), 3)):
            assert y.ravel().tolist() == [number for number in x.ravel() if number >= 18 - k]

    def test_local_response_normalisation(self) -> None:
        """Krizhevsky, Sutskever and Hinton, NeurIPS 2012, section 3.3: k = 2, n = 5, alpha = 1e-4, beta = 0.75.

        As in PyTorch alpha is divided by n, so that the paper's is five times as much here.
        """
        y = F.local_response_norm(np.full((1, 8, 1, 1), 100.0), size=5, alpha=5e-4, beta=0.75, k=2.0)
        # One activation of 100 adds 1e-4 * 100**2 = 1 to k; three channels are in reach of the first, five of a middle.
        expected = [100 / (2 + neighbours) ** 0.75 for neighbours in (3, 4, 5, 5, 5, 5, 4, 3)]
        assert_close(y.ravel(), expected, "float32", "forward", 5)

    def test_selu_keeps_mean_and_variance(self) -> None:
        """Klambauer, Unterthiner, Mayr and Hochreiter, NeurIPS 2017: (0, 1) is its fixed point."""
        x = np.linspace(-12, 12, 240001)
        density = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi) * (x[1] - x[0])
        y = F.selu(x).astype(np.float64)
        assert (y * density).sum() == pytest.approx(0.0, abs=1e-6)
        assert (y**2 * density).sum() == pytest.approx(1.0, abs=1e-6)

    def test_mean_squared_and_absolute_errors_meet(self) -> None:
        """Huber, Annals of Mathematical Statistics 35 (1964): x**2 / 2 up to k, and k |x| - k**2 / 2 beyond."""
        for error, expected in ((1.0, 0.5), (1.345, 1.345**2 / 2), (3.0, 1.345 * 3.0 - 1.345**2 / 2)):
            loss = F.huber_loss(np.array([[error]]), np.array([[0.0]]), delta=1.345)
            assert float(loss) == pytest.approx(expected, rel=1e-6)

    def test_smoothed_labels_of_an_undecided_network(self) -> None:
        """Szegedy et al., CVPR 2016, section 7: with 0.1 of the label spread over 1000 classes, equal logits cost
        log(1000) as ever."""
        loss = F.cross_entropy(np.zeros((2, 1000)), [0, 999], label_smoothing=0.1)
        assert float(loss) == pytest.approx(log(1000), rel=1e-6)
