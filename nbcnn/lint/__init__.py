"""What is legal in a spec but was perhaps not meant: rules over networks, one file a topic.

Adding a rule touches its function here, its code in `nbcnn.layers.problems`, its page in `nbcnn/explanations`, a row in
the tests' table of examples and one in the guide's. Nothing else: catalogue, command and schema find it.
"""

from nbcnn.lint.catalogue import RULES
from nbcnn.lint.linter import lint
from nbcnn.lint.rules import Rule
from nbcnn.lint.surroundings import KNOWN_DATA, DataFacts, Surroundings

__all__ = ["KNOWN_DATA", "RULES", "DataFacts", "Rule", "Surroundings", "lint"]
