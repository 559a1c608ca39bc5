"""The reference's optimisers against torch.optim, and Lion against its paper, over several steps in float64."""

from importlib import import_module
from typing import Any

import numpy as np
import pytest

from nbcnn.plan.operations import state_names
from nbcnn.spec import parse_optimizer
from nbcnn.spec.optimizers import Adagrad, Adam, AdamW, RmsProp, Sgd

torch = pytest.importorskip("torch")

STEPS = 7
CLASSES = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "adagrad": torch.optim.Adagrad,
}


def problem() -> tuple[np.ndarray, list[np.ndarray]]:
    random = np.random.default_rng(0)
    return random.standard_normal(11), [random.standard_normal(11) for _ in range(STEPS)]


def torch_path(settings: dict[str, Any]) -> list[np.ndarray]:
    """Return the parameter after every step of PyTorch's optimiser."""
    start, gradients = problem()
    parameter = torch.nn.Parameter(torch.from_numpy(start.copy()))
    others = {key: value for key, value in settings.items() if key != "type"}
    optimiser = CLASSES[settings["type"]]([parameter], **others)
    path = []
    for gradient in gradients:
        parameter.grad = torch.from_numpy(gradient)
        optimiser.step()
        path.append(parameter.detach().numpy().copy())
    return path


def our_path(settings: dict[str, Any]) -> list[np.ndarray]:
    """Return the parameter after every step of the reference's optimiser."""
    table = parse_optimizer(settings)
    function = getattr(import_module(f"nbcnn.kernels.reference.{table.type}"), table.type)
    parameter, gradients = problem()
    starts = [table.state_arrays.get(name) for name in state_names(table.type)]
    state: list[np.ndarray | None] = [None if start is None else np.full_like(parameter, start) for start in starts]
    path = []
    for step, gradient in enumerate(gradients, start=1):
        parameter, *state = function(parameter, gradient, *state, **table.settings, lr=table.lr, step=step)
        path.append(parameter)
    return path


def compare(**settings: Any) -> None:
    np.testing.assert_allclose(our_path(settings), torch_path(settings), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize(
    ("momentum", "nesterov", "weight_decay"),
    [(0.0, False, 0.0), (0.0, False, 0.1), (0.9, False, 0.0), (0.9, False, 0.01), (0.9, True, 0.0), (0.5, True, 0.2)],
)
def test_sgd(momentum: float, nesterov: bool, weight_decay: float) -> None:
    compare(type="sgd", lr=0.05, momentum=momentum, nesterov=nesterov, weight_decay=weight_decay)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_sgd_with_dampening(momentum: float) -> None:
    compare(type="sgd", lr=0.05, momentum=momentum, dampening=0.3, weight_decay=0.1)


@pytest.mark.parametrize("kind", ["adam", "adamw"])
@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.0, 0.5), (0.8, 0.9)])
@pytest.mark.parametrize("eps", [1e-8, 0.1])
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_adam(kind: str, betas: tuple[float, float], eps: float, weight_decay: float) -> None:
    compare(type=kind, lr=0.01, betas=betas, eps=eps, weight_decay=weight_decay)


@pytest.mark.parametrize("centered", [False, True])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize(("alpha", "eps", "weight_decay"), [(0.99, 1e-8, 0.0), (0.5, 0.1, 0.1), (0.1, 1e-2, 0.0)])
def test_rmsprop(alpha: float, eps: float, weight_decay: float, momentum: float, centered: bool) -> None:
    compare(
        type="rmsprop", lr=0.01, alpha=alpha, eps=eps, weight_decay=weight_decay, momentum=momentum, centered=centered
    )


@pytest.mark.parametrize("lr_decay", [0.0, 0.3])
@pytest.mark.parametrize(("start", "eps", "weight_decay"), [(0.0, 1e-10, 0.0), (0.5, 0.1, 0.1)])
def test_adagrad(lr_decay: float, start: float, eps: float, weight_decay: float) -> None:
    compare(
        type="adagrad",
        lr=0.05,
        lr_decay=lr_decay,
        initial_accumulator_value=start,
        eps=eps,
        weight_decay=weight_decay,
    )


@pytest.mark.parametrize("table", [Sgd, Adam, AdamW, RmsProp, Adagrad])
def test_defaults_are_those_of_pytorch(table: type) -> None:
    """All but the learning rate of SGD, which a spec must give."""
    kind = table.model_fields["type"].annotation.__args__[0]
    theirs = CLASSES[kind]([torch.zeros(1)]).defaults
    ours = table(type=kind, lr=0.5).model_dump(exclude={"type", "lr"})
    assert ours == {key: theirs[key] for key in ours}
    if kind != "sgd":
        assert table(type=kind).lr == theirs["lr"]


@pytest.mark.parametrize(("betas", "weight_decay"), [((0.9, 0.99), 0.0), ((0.95, 0.98), 0.1), ((0.0, 0.5), 1.0)])
def test_lion_is_algorithm_2_of_its_paper(betas: tuple[float, float], weight_decay: float) -> None:
    """Chen et al., arXiv:2302.06675: theta and m number by number, in the paper's letters and its order."""
    eta, (beta1, beta2) = 0.01, betas
    theta, gradients = problem()
    expected = []
    m = [0.0] * len(theta)
    theta = list(theta)
    for gradient in gradients:
        for i, g in enumerate(gradient):
            c = beta1 * m[i] + (1 - beta1) * g
            theta[i] = theta[i] - eta * (int(c > 0) - int(c < 0) + weight_decay * theta[i])
            m[i] = beta2 * m[i] + (1 - beta2) * g
        expected.append(list(theta))
    settings = {"type": "lion", "lr": eta, "betas": betas, "weight_decay": weight_decay}
    np.testing.assert_allclose(our_path(settings), expected, rtol=1e-13, atol=1e-14)


def test_the_sign_of_nothing_is_nothing() -> None:
    table = parse_optimizer({"type": "lion"})
    assert (table.lr, table.settings) == (1e-4, {"betas": (0.9, 0.99), "weight_decay": 0.0})
    from nbcnn.kernels.reference.lion import lion

    zeros = np.zeros(3)
    parameter, average = lion(np.ones(3), zeros, zeros, **table.settings, lr=0.1, step=1)
    assert (parameter == 1.0).all() and not average.any()
