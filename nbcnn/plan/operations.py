"""Finding operations by name: every room above asks here which function of the CPU kernels serves a layer."""

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from nbcnn.kernels.cpu.program.program import Program


def forward_of(operation: str) -> Callable[..., Any]:
    """The function that adds an operation to a program."""
    function: Callable[..., Any] = getattr(_module_of(operation), operation)
    return function


def gradient_of(operation: str) -> Callable[..., Any]:
    """The function that adds an operation's way back to a program."""
    function: Callable[..., Any] = getattr(_module_of(operation), f"{operation}_gradient")
    return function


@cache
def _module_of(operation: str) -> ModuleType:
    return import_module(f"nbcnn.kernels.cpu.{operation}")


def is_random(operation: str) -> bool:
    """Whether the operation draws random numbers, and so has a part in training alone."""
    return "seed" in _parameters(operation)


def differs_in_training(operation: str) -> bool:
    """Whether the operation computes something else in training, and so must be told."""
    return "training" in _parameters(operation)


def is_loss(operation: str) -> bool:
    """Whether the operation compares with targets and gives scores by sample."""
    return "target" in _parameters(operation)


def random_attributes(program: Program, salt: int) -> dict[str, Any]:
    """What a random operation needs beside its own attributes: `salt` tells one layer's numbers from another's."""
    return {"seed": program.state("seed"), "step": program.state("step"), "salt": salt}


def parameter_names(operation: str) -> list[str]:
    """The arrays that an operation takes beside program and x, in order."""
    return list(_positional(operation)[2:])


def state_names(optimizer: str) -> list[str]:
    """The arrays that an optimiser keeps for each parameter, in the order in which it takes them."""
    return list(_positional(optimizer)[3:])


@cache
def _positional(operation: str) -> tuple[str, ...]:
    parameters = _parameters(operation).items()
    return tuple(name for name, parameter in parameters if parameter.kind is parameter.POSITIONAL_OR_KEYWORD)


@cache
def _parameters(operation: str) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(forward_of(operation)).parameters
