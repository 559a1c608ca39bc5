"""The check of gradients agrees where they are right, and says which layer it is where they are not."""

import numpy as np
import pytest
from networks import NETWORKS, named

from nbcnn.errors import InputError
from nbcnn.kernels.cpu import tanh as cpu_tanh
from nbcnn.kernels.reference import tanh as reference_tanh
from nbcnn.plan import lowering
from nbcnn.training.gradcheck import gradcheck


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_agrees(name: str) -> None:
    heard = []
    checks = gradcheck(named(name), on_check=lambda check, done, total: heard.append((check, done, total)))
    assert [check.name for check in checks[:-1]] == [node.name for node in named(name).layers]
    assert all(check.agrees for check in checks)
    assert heard == [(check, number, len(checks)) for number, check in enumerate(checks, 1)]
    assert any(abs(check.difference) > 1e-3 for check in checks), "there are slopes to compare"


def wrong_layers(checks) -> set[str]:
    return {check.name for check in checks if not check.agrees}


def test_a_wrong_kernel_is_found_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu_tanh, "tanh_gradient", lambda program, dy, x, y: (dy,))
    checks = gradcheck(named("strides, uneven padding, dilation"))
    assert wrong_layers(checks[:-1]) == {"conv1_tanh"}
    assert checks[-1].kernel_error > 1e-4
    assert all(check.reference_error < 1e-6 for check in checks)


def test_a_branch_forgotten_is_found_by_the_line_of_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lowering, "add", lambda program, parts: parts[0])
    checks = gradcheck(named("residual"))
    assert wrong_layers(checks) == {"network"}


def test_a_wrong_reference_is_found_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference_tanh, "tanh_gradient", lambda dy, x, y: (0.99 * dy * (1.0 - y**2),))
    checks = gradcheck(named("strides, uneven padding, dilation"))
    assert wrong_layers(checks) == {"conv1_tanh", "network"}


def test_a_wrong_output_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference_tanh, "tanh", lambda x: np.tanh(x) + 0.01)
    (check,) = (each for each in gradcheck(named("branches of features")) if each.type == "tanh")
    assert check.forward_error > 1e-3 and not check.agrees


def test_statistics_need_several_samples() -> None:
    with pytest.raises(InputError, match="samples = 1, at least 2 are expected"):
        gradcheck(named("linear alone"), samples=1)
