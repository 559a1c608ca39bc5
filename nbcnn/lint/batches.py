"""Rules on batches: how many samples there are, what they look like, and what they take."""

from collections.abc import Iterator
from itertools import chain, count
from math import ceil

from nbcnn.layers.problems import Code
from nbcnn.lint.graph import Graph
from nbcnn.lint.outputs import CROSS_ENTROPY
from nbcnn.lint.rules import Finding, rule
from nbcnn.machine.memory import gibibytes
from nbcnn.network.node import FLOAT_BYTES
from nbcnn.spec.diagnostics import Change
from nbcnn.spec.edits import put
from nbcnn.spec.places import Path

BATCH_SIZE: Path = ("train", "batch_size")
DECAY: Path = ("train", "ema", "decay")
MOST_OF_FIRST = 0.1
"""Share of an average that the weights after the first update may still have in the end."""
FEW = 4
"""Samples from which batch norm loses: Y. Wu, K. He, arXiv:1803.08494, table 2: an error of 23.6 % with batches of 32,
24.8 % of 8, 27.3 % of 4, 34.7 % of 2."""


def _set_batch_size(size: int, why: str = "") -> Change:
    return Change(f"set batch_size = {size}{why}", (put(BATCH_SIZE, size),))


def _training_samples(graph: Graph) -> int | None:
    """Samples that train, those held out for validation left out."""
    data, facts = graph.spec.data, graph.surroundings.data
    if data is None or facts is None:
        return None
    held_out = -(-facts.samples // data.folds) if data.folds else round(facts.samples * data.validation)
    return facts.samples - held_out


@rule(Code.OTHER_CLASSES, "warning", "The network has as many outputs as the data has no classes")
def other_classes(graph: Graph) -> Iterator[Finding]:
    """Cross-entropy wants one output a class: with fewer, training refuses the data; with more, some are no answer."""
    facts, shape = graph.surroundings.data, graph.network.output_shape
    if facts is None or graph.spec.train.loss.type != CROSS_ENTROPY or len(shape) > 1 or shape[0] == facts.classes:
        return
    node = graph.answer
    states = f"the network ends in {shape[0]} outputs, the data has {facts.classes} classes"
    if node.type == "linear":
        yield Finding(node, states, (graph.set_on(node, "out_features", facts.classes),), (), ("out_features",))
    else:
        yield Finding(node, states, (f"end with {facts.classes} outputs",))


@rule(Code.OTHER_SAMPLES, "warning", "The input has another shape than the data's samples")
def other_samples(graph: Graph) -> Iterator[Finding]:
    """Training refuses such data: samples are not resized."""
    facts, shape = graph.surroundings.data, graph.network.input_shape
    if facts is None or shape == facts.shape:
        return
    path: Path = ("input", "shape")
    wanted, received = (" x ".join(map(str, each)) for each in (shape, facts.shape))
    cures = (Change(f"set shape = {list(facts.shape)}", (put(path, list(facts.shape)),)),)
    yield Finding(path, f"the network reads {wanted}, the data's samples are {received}", cures)


@rule(Code.LAST_BATCH_OF_ONE, "warning", "A last batch of one sample")
def last_batch_of_one(graph: Graph) -> Iterator[Finding]:
    """A loss is the mean over its batch, so that one sample then moves the weights as much as a whole batch does, and
    batch norm has its positions alone to average over."""
    samples, size = _training_samples(graph), graph.spec.train.batch_size
    if samples is None or size < 2 or samples <= size or samples % size != 1:
        return
    near = chain.from_iterable((size + step, size - step) for step in count(1))
    other = next(each for each in near if each > 0 and (samples % each == 0 or samples % each * 2 >= each))
    states = f"{samples:,} training samples leave a last batch of one"
    note = f"{samples:,} = {samples // size} x {size} + 1"
    rest = samples % other or other
    left = f"which leaves a last batch of {rest}" if rest < other else "of which all are whole"
    cures = (_set_batch_size(other, f", {left}"),)
    yield Finding(BATCH_SIZE, states, cures, (note,))


@rule(Code.BATCH_OF_ALL, "warning", "A batch larger than the training data")
def batch_of_all(graph: Graph) -> Iterator[Finding]:
    """Each epoch is then a single step on all samples."""
    samples, size = _training_samples(graph), graph.spec.train.batch_size
    if samples is not None and size > samples:
        states = f"{size:,} is more than the {samples:,} training samples: every epoch is one step"
        epochs = graph.spec.train.epochs
        yield Finding(BATCH_SIZE, states, (_set_batch_size(64),), (f"{epochs} epochs are {epochs} steps in all",))


@rule(Code.SLOW_AVERAGE, "warning", "An average of weights that remembers more updates than the run has")
def slow_average(graph: Graph) -> Iterator[Finding]:
    """An average begins with the weights after the first update, which have decay^(n - 1) of it after n updates, as in
    PyTorch's AveragedModel; validation and model.h5 have what it comes to."""
    train, samples = graph.spec.train, _training_samples(graph)
    if train.ema is None or train.ema.warmup or samples is None:
        return
    batches = ceil(samples / train.batch_size)
    updates = train.epochs * ceil(batches / train.accumulation_steps)
    share = train.ema.decay ** (updates - 1)
    if updates < 2 or share <= MOST_OF_FIRST:
        return
    states = f"after the run's {updates:,} updates {share:.0%} of the average are still the weights after the first"
    faster = round(1 - min(0.5, float(f"{5 / updates:.1g}")), 6)
    cures = (
        Change("set warmup = true", (put((*DECAY[:-1], "warmup"), True),)),
        Change(f"set decay = {faster:g}", (put(DECAY, faster),)),
    )
    note = f"{train.ema.decay:g}^{updates - 1} = {share:.2g}; it remembers about 1 / (1 - decay) updates"
    yield Finding(DECAY, states, cures, (note,))


@rule(Code.NORM_OF_ONE_SAMPLE, "warning", "Batch norm with batches of one sample")
def norm_of_one_sample(graph: Graph) -> Iterator[Finding]:
    """Mean and variance are then those of one sample, and in inference those of many (Y. Wu, K. He, Group
    normalization, arXiv:1803.08494, section 1)."""
    yield from _small_batches(graph, 1, 1)


@rule(Code.NORM_OF_FEW_SAMPLES, "info", "Batch norm with batches of few samples")
def norm_of_few_samples(graph: Graph) -> Iterator[Finding]:
    """The fewer samples, the less the batch's statistics say of the data's (Y. Wu, K. He, Group normalization,
    arXiv:1803.08494, table 2)."""
    yield from _small_batches(graph, 2, FEW)


def _small_batches(graph: Graph, least: int, most: int) -> Iterator[Finding]:
    size = graph.spec.train.batch_size
    norms = [node for node in graph.nodes if node.type == "batch_norm"]
    if not norms or not least <= size <= most:
        return
    first = norms[0]
    positions = graph.count(first) // first.output_shape[0]
    samples = "one sample" if size == 1 else f"{size} samples"
    layers = "a batch_norm layer takes its" if len(norms) == 1 else f"{len(norms)} batch_norm layers take their"
    states = f"{layers} mean and variance from {samples} at a time"
    note = f"`{first.name}` averages over {size} x {positions} = {size * positions} numbers a channel"
    cures = ('use larger batches, or "group_norm", which does not depend on them',)
    yield Finding(BATCH_SIZE, states, cures, (note,))


@rule(Code.TOO_LITTLE_MEMORY, "warning", "Training takes more memory than the machine has")
def too_little_memory(graph: Graph) -> Iterator[Finding]:
    """By the plan that training would use; data comes on top. The batch that would fit is estimated: what does not
    depend on it are weights, gradients and what the optimizer keeps."""
    memory = graph.surroundings.memory_bytes
    if memory is None:
        return
    needed = graph.network.training_memory
    if needed is None or needed <= memory:
        return
    train = graph.spec.train
    fixed = FLOAT_BYTES * graph.network.params * (2 + len(train.optimizer.state_arrays))
    size, has = train.batch_size, gibibytes(memory)
    states = f"training on batches of {size} takes {gibibytes(needed)}, the machine has {has}"
    while size > 1 and fixed + (needed - fixed) * size // train.batch_size > memory:
        size //= 2
    fits = fixed + (needed - fixed) * size // train.batch_size
    cures = (_set_batch_size(size, f", which takes about {gibibytes(fits)}"),) if fits <= memory else ()
    tail = () if graph.spec.engine.checkpointing else ("let [engine] have checkpointing = true",)
    yield Finding(
        BATCH_SIZE,
        states,
        (*cures, *tail),
        (f"{gibibytes(fixed)} of it for weights, gradients and the optimizer, whatever the batch",),
    )
