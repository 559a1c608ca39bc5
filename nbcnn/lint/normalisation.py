"""Rules on layers that normalise."""

from collections.abc import Iterator

from nbcnn.layers.problems import Code
from nbcnn.lint.graph import DROPOUTS, NORMS, WEIGHTED, Graph
from nbcnn.lint.rules import Finding, rule
from nbcnn.network import Node


@rule(Code.BIAS_BEFORE_NORM, "warning", "A bias before a normalisation that takes it away")
def bias_before_norm(graph: Graph) -> Iterator[Finding]:
    """The mean of each channel is subtracted, and the bias with it (S. Ioffe, C. Szegedy, Batch normalization,
    arXiv:1502.03167, section 3.2)."""
    for node in graph.nodes:
        reader = graph.reader(node)
        if node.type not in WEIGHTED or "bias" not in node.parameters or reader is None:
            continue
        if reader.type in ("batch_norm", "instance_norm"):
            count = node.parameters["bias"].shape[0]
            states = f"its bias has no effect: `{reader.name}` subtracts the mean of each channel"
            note = f"{count} parameters are trained and taken away again"
            yield Finding(node, states, (graph.set_on(node, "bias", False, safe=True),), (note,), ("bias",))


@rule(Code.DROPOUT_BEFORE_NORM, "warning", "Dropout before batch norm")
def dropout_before_norm(graph: Graph) -> Iterator[Finding]:
    """Dropout changes the variance in training and not in inference, and batch norm's running variance is training's
    (X. Li et al., Understanding the disharmony between dropout and batch normalization by variance shift, CVPR 2019,
    arXiv:1801.05134, section 3)."""

    def passes(node: Node) -> bool:
        return node.type not in (*WEIGHTED, *NORMS)

    def reads(node: Node, origins: dict[str, Node]) -> Node | None:
        source = graph.source(node)
        return origins.get(source.name) if source else None

    near = graph.origins(lambda node: node.type in DROPOUTS and node.attributes["p"] > 0, passes)
    behind_weights = graph.origins(lambda node: node.type in WEIGHTED and reads(node, near) is not None, passes)
    for node in graph.nodes:
        weighted = reads(node, behind_weights)
        dropout = reads(weighted, near) if weighted else reads(node, near)
        if dropout is None or node.type != "batch_norm":
            continue
        p = dropout.attributes["p"]
        states = f"dropout with p = {p:g} before `{node.name}`, whose running variance is then too large for inference"
        note = f"where the mean is 0, dropout makes the variance 1 / (1 - {p:g}) = {1 / (1 - p):.2f} times as large"
        yield Finding(
            dropout, states, ("move the dropout behind the last batch norm", graph.deletion(dropout)), (note,)
        )


@rule(Code.NORM_AFTER_NORM, "warning", "A normalisation directly after another")
def norm_after_norm(graph: Graph) -> Iterator[Finding]:
    """The second subtracts a mean and divides by a deviation anew; of two alike the first might as well be left out."""
    for node in graph.nodes:
        source = graph.source(node)
        if node.type not in NORMS or not source or source.type not in NORMS or graph.reader(source) is not node:
            continue
        states = f"{node.type} directly after {source.type}: it normalises again what `{source.name}` has normalised"
        yield Finding(node, states, (graph.deletion(source), graph.deletion(node)))


@rule(Code.GROUP_PER_CHANNEL, "info", "Group norm with a group for each channel")
def group_per_channel(graph: Graph) -> Iterator[Finding]:
    """With as many groups as channels it is instance normalisation (Y. Wu, K. He, Group normalization,
    arXiv:1803.08494, section 3.1)."""
    for node in graph.nodes:
        groups, channels = node.attributes.get("num_groups"), node.input_shapes[0][0]
        if node.type == "group_norm" and groups == channels > 1:
            states = f"{groups} groups of {channels} channels are one channel each: this is instance_norm"
            cures = (
                "use fewer groups: 32, or as many as have 16 channels each",
                "say instance_norm, with affine = true",
            )
            yield Finding(node, states, cures, (), ("num_groups",))
