"""Everything that can be known about a network without an array: shapes, receptive fields, costs, memory."""

from nbcnn.network.builder import build, trace
from nbcnn.network.fixing import Fixed, fix
from nbcnn.network.network import Network
from nbcnn.network.node import Node
from nbcnn.network.report import report
from nbcnn.spec.references import INPUT

__all__ = ["INPUT", "Fixed", "Network", "Node", "build", "fix", "report", "trace"]
