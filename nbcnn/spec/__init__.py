"""What a person writes: reading it, checking it, and filling in its defaults."""

from nbcnn.spec.diagnostics import Diagnostic, InvalidSpec
from nbcnn.spec.load import load, parse, parse_optimizer
from nbcnn.spec.model import Data, Spec, Train
from nbcnn.spec.optimizers import Adam, Sgd
from nbcnn.spec.schedules import Constant, Cosine, StepDecay
from nbcnn.spec.schema import schema

__all__ = [
    "Adam",
    "Constant",
    "Cosine",
    "Data",
    "Diagnostic",
    "InvalidSpec",
    "Sgd",
    "Spec",
    "StepDecay",
    "Train",
    "load",
    "parse",
    "parse_optimizer",
    "schema",
]
