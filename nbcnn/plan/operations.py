"""Finding operations by name: every room above asks here which function of the CPU kernels serves a layer."""

import inspect
from collections.abc import Callable
from importlib import import_module
from typing import Any

from nbcnn.kernels.cpu.program import Program


def forward_of(operation: str) -> Callable[..., Any]:
    """The function that adds an operation to a program."""
    function: Callable[..., Any] = getattr(import_module(f"nbcnn.kernels.cpu.{operation}"), operation)
    return function


def gradient_of(operation: str) -> Callable[..., Any]:
    """The function that adds an operation's way back to a program."""
    function: Callable[..., Any] = getattr(import_module(f"nbcnn.kernels.cpu.{operation}"), f"{operation}_gradient")
    return function


def is_random(operation: str) -> bool:
    """Whether the operation draws random numbers, and so has a part in training alone."""
    return "seed" in inspect.signature(forward_of(operation)).parameters


def random_attributes(program: Program, salt: int) -> dict[str, Any]:
    """What a random operation needs beside its own attributes: `salt` tells one layer's numbers from another's."""
    return {"seed": program.state("seed"), "step": program.state("step"), "salt": salt}


def state_names(optimizer: str) -> list[str]:
    """The arrays that an optimiser keeps for each parameter, in the order in which it takes them."""
    _, _, _, *names = (
        name
        for name, parameter in inspect.signature(forward_of(optimizer)).parameters.items()
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    )
    return names
