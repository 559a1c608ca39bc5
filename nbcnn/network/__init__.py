"""Everything that can be known about a network without an array: shapes, receptive fields, costs, memory."""

from nbcnn.network.builder import build, trace
from nbcnn.network.network import Network
from nbcnn.network.node import INPUT, Node
from nbcnn.network.report import report

__all__ = ["INPUT", "Network", "Node", "build", "report", "trace"]
