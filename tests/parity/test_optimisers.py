"""The reference's optimisers against torch.optim, over several steps in float64."""

import numpy as np
import pytest

from nbcnn.kernels.reference.adam import adam
from nbcnn.kernels.reference.sgd import sgd

torch = pytest.importorskip("torch")

STEPS = 7


def problem() -> tuple[np.ndarray, list[np.ndarray]]:
    random = np.random.default_rng(0)
    return random.standard_normal(11), [random.standard_normal(11) for _ in range(STEPS)]


def torch_path(start: np.ndarray, gradients: list[np.ndarray], make_optimiser) -> list[np.ndarray]:
    """Return the parameter after every step of PyTorch's optimiser."""
    parameter = torch.nn.Parameter(torch.from_numpy(start.copy()))
    optimiser = make_optimiser([parameter])
    path = []
    for gradient in gradients:
        parameter.grad = torch.from_numpy(gradient)
        optimiser.step()
        path.append(parameter.detach().numpy().copy())
    return path


@pytest.mark.parametrize(
    ("momentum", "nesterov", "weight_decay"),
    [(0.0, False, 0.0), (0.0, False, 0.1), (0.9, False, 0.0), (0.9, False, 0.01), (0.9, True, 0.0), (0.5, True, 0.2)],
)
def test_sgd(momentum: float, nesterov: bool, weight_decay: float) -> None:
    settings = {"lr": 0.05, "momentum": momentum, "nesterov": nesterov, "weight_decay": weight_decay}
    parameter, gradients = problem()
    expected = torch_path(parameter, gradients, lambda parameters: torch.optim.SGD(parameters, **settings))
    buffer = np.zeros_like(parameter)
    for step, (gradient, after) in enumerate(zip(gradients, expected, strict=True), start=1):
        parameter, buffer = sgd(parameter, gradient, buffer, **settings, step=step)
        np.testing.assert_allclose(parameter, after, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.0, 0.5), (0.8, 0.9)])
@pytest.mark.parametrize("eps", [1e-8, 0.1])
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_adam(betas: tuple[float, float], eps: float, weight_decay: float) -> None:
    settings = {"lr": 0.01, "betas": betas, "eps": eps, "weight_decay": weight_decay}
    parameter, gradients = problem()
    expected = torch_path(parameter, gradients, lambda parameters: torch.optim.Adam(parameters, **settings))
    mean, square = np.zeros_like(parameter), np.zeros_like(parameter)
    for step, (gradient, after) in enumerate(zip(gradients, expected, strict=True), start=1):
        parameter, mean, square = adam(parameter, gradient, mean, square, **settings, step=step)
        np.testing.assert_allclose(parameter, after, rtol=1e-13, atol=1e-14)
