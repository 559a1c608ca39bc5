"""What a person writes: reading it, checking it, and filling in its defaults."""

from nbcnn.spec.diagnostics import Diagnostic, InvalidSpec
from nbcnn.spec.load import load, parse, parse_ema, parse_loss, parse_optimizer
from nbcnn.spec.losses import BinaryCrossEntropyWithLogits, CrossEntropy, Loss
from nbcnn.spec.model import Data, Spec, Train
from nbcnn.spec.optimizers import Adam, Sgd
from nbcnn.spec.reader import read_text
from nbcnn.spec.schema import schema

__all__ = [
    "Adam",
    "BinaryCrossEntropyWithLogits",
    "CrossEntropy",
    "Data",
    "Diagnostic",
    "InvalidSpec",
    "Loss",
    "Sgd",
    "Spec",
    "Train",
    "load",
    "parse",
    "parse_ema",
    "parse_loss",
    "parse_optimizer",
    "read_text",
    "schema",
]
