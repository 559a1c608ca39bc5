"""Every rule there is; a new file of rules is added here and its rules are found everywhere."""

from nbcnn.layers.problems import Code
from nbcnn.lint import (
    activations,
    batches,
    initialisers,
    normalisation,
    outputs,
    reaching,
    receptive_fields,
    recipe,
    structure,
    windows,
)
from nbcnn.lint.rules import Rule

_FILES = (
    outputs,
    activations,
    initialisers,
    windows,
    receptive_fields,
    structure,
    normalisation,
    recipe,
    batches,
    reaching,
)

RULES: dict[Code, Rule] = dict(
    sorted((each.code, each) for file in _FILES for each in vars(file).values() if isinstance(each, Rule))
)
"""The rules by their codes, in order."""
