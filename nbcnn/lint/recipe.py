"""Rules on how a network is trained: rates, decay, schedules, dropout."""

from collections.abc import Iterator
from math import log

from nbcnn.layers.problems import Code
from nbcnn.lint.graph import Graph
from nbcnn.lint.rules import Finding, rule
from nbcnn.spec import Adam, Sgd
from nbcnn.spec.diagnostics import Change
from nbcnn.spec.edits import delete, put
from nbcnn.spec.optimizers import AdamW, Lion
from nbcnn.spec.places import Path, echo
from nbcnn.spec.schedules import OneCycle

OPTIMIZER: Path = ("train", "optimizer")
USUAL = {"adam": 1e-3, "adamw": 1e-3, "lion": 1e-4, "rmsprop": 1e-2, "adagrad": 1e-2, "sgd": 1e-1}
"""Rates to begin with: D. Kingma, J. Ba, Adam, arXiv:1412.6980, section 2; X. Chen et al., Lion, arXiv:2302.06675,
section 5; PyTorch's defaults of RMSprop and Adagrad; P. Goyal et al., arXiv:1706.02677, section 5.1, for momentum 0.9
and batches of 256."""
TIMES = 10
"""A rate is unusual from this many times the usual one on."""
SHARE = 1e-4
"""And below this share of it: Y. Bengio, Practical recommendations, arXiv:1206.5533, section 3.1.1, has 10^-6 to 1."""
REFERENCE_BATCH, REFERENCE_MOMENTUM, SMALL_BATCH = 256, 0.9, 32
PEAK = 10
"""How many times the usual rate a cycle has at its peak: L. Smith, N. Topin, Super-convergence, arXiv:1708.07120,
figure 1a, has a peak of 3 where a rate that is constant by pieces begins with 0.35."""
FEWEST_STEPS = 100
"""Steps in which decay alone should not halve a weight; with the numbers of P. Goyal et al. it takes 6,900."""
MOST_DROPOUT = 0.8
"""N. Srivastava et al., JMLR 15, 2014, section A.4: hidden units are kept with a probability of 0.5 to 0.8."""


def _set(path: Path, value: object) -> Change:
    return Change(f"set {path[-1]} = {echo(value)}", (put(path, value),))


@rule(Code.UNUSUAL_RATE, "warning", "A learning rate unusual for the optimizer and the batch size")
def unusual_rate(graph: Graph) -> Iterator[Finding]:
    """Adam and its kin move each weight by about lr in a step (arXiv:1412.6980, section 2.1). Of SGD it is lr / (1 -
    momentum) that counts, and it may grow with the batch (P. Goyal et al., arXiv:1706.02677, section 2.1), which is all
    of those that make an update; batches below 32 are judged as those of 32. The lr of one_cycle is its peak."""
    train = graph.spec.train
    optimizer = train.optimizer
    usual = USUAL[optimizer.type]
    scale, words = 1.0, ""
    if isinstance(optimizer, Sgd):
        factor = (1 - optimizer.dampening if optimizer.momentum else 1) / (1 - optimizer.momentum)
        batch = train.batch_size * train.accumulation_steps
        scale = max(batch, SMALL_BATCH) / REFERENCE_BATCH / (1 - REFERENCE_MOMENTUM) / factor
        words = f" with momentum = {optimizer.momentum:g} and batches of {batch}"
    if isinstance(train.schedule, OneCycle):
        scale, words = scale * PEAK, f"{words} at the peak of one_cycle"
    high, low = usual * scale * TIMES, usual * scale * SHARE
    path = (*OPTIMIZER, "lr")
    cures = (_set(path, float(f"{usual * scale:.2g}")),)
    if optimizer.lr > high:
        times = f"{optimizer.lr / (usual * scale):,.0f} times"
        states = f"{optimizer.lr:g} is {times} the {usual * scale:.2g} that {optimizer.type} usually takes{words}"
        note = "the loss then often grows until it is no number"
    elif optimizer.lr < low:
        share = f"{usual * scale / optimizer.lr:,.0f} times less than" if optimizer.lr else "not"
        states = f"{optimizer.lr:g} is {share} the {usual * scale:.2g} that {optimizer.type} usually takes{words}"
        note = "weights hardly move in a whole run" if optimizer.lr else "no weight changes in training"
    else:
        return
    yield Finding(path, states, cures, (note,))


@rule(Code.DECAY_IN_ADAM, "info", "Weight decay through Adam's gradients")
def decay_in_adam(graph: Graph) -> Iterator[Finding]:
    """What is added to the gradient is divided by its size, so that weights with large gradients decay less (I.
    Loshchilov, F. Hutter, Decoupled weight decay regularization, arXiv:1711.05101, section 2, proposition 2)."""
    optimizer = graph.spec.train.optimizer
    if isinstance(optimizer, Adam) and optimizer.weight_decay:
        states = f"{optimizer.weight_decay:g} is added to the gradient, which adam then divides by its size"
        note = "weights with large gradients decay less than others; adamw takes the decay from the weights themselves"
        yield Finding((*OPTIMIZER, "weight_decay"), states, (_set((*OPTIMIZER, "type"), "adamw"),), (note,))


@rule(Code.FAST_DECAY, "warning", "Weight decay that halves weights in a few steps")
def fast_decay(graph: Graph) -> Iterator[Finding]:
    """Without gradients a weight shrinks by lr * weight_decay a step (I. Loshchilov, F. Hutter, arXiv:1711.05101,
    equation 1), with momentum by 1 / (1 - momentum) times that."""
    optimizer = graph.spec.train.optimizer
    if not isinstance(optimizer, Sgd | AdamW | Lion):
        return
    momentum = optimizer.momentum if isinstance(optimizer, Sgd) else 0.0
    shrinks = optimizer.lr * optimizer.weight_decay / (1 - momentum)
    if shrinks * FEWEST_STEPS <= log(2):
        return
    steps = log(2) / shrinks
    states = f"{optimizer.weight_decay:g} alone halves every weight in {steps:.2g} steps"
    product = f"lr x weight_decay = {optimizer.lr:g} x {optimizer.weight_decay:g}"
    if momentum:
        product += f" / (1 - {momentum:g})"
    note = f"a step takes {product} = {shrinks:.2g} of it away, and ln 2 / {shrinks:.2g} = {steps:.2g}"
    cures = (_set((*OPTIMIZER, "weight_decay"), 1e-4 if isinstance(optimizer, Sgd) else 1e-2),)
    yield Finding((*OPTIMIZER, "weight_decay"), states, cures, (note,))


@rule(Code.UNREACHED_SCHEDULE, "warning", "A schedule that the run ends before")
def unreached_schedule(graph: Graph) -> Iterator[Finding]:
    """Schedules count epochs of the run; what begins after its end never happens."""
    train = graph.spec.train
    epochs, schedule = train.epochs, train.schedule
    path: Path = ("train", "schedule")
    warmup = getattr(schedule, "warmup_epochs", 0.0)
    if warmup >= epochs:
        states = f"{warmup:g} epochs of warm-up do not end within the run's {epochs}"
        yield Finding((*path, "warmup_epochs"), states, ("warm up for less",), ("the rate never gets to lr",))
    for key in ("step_size", "patience"):
        if getattr(schedule, key, 0) >= epochs:
            states = f"the run has {epochs} epochs, so the learning rate never changes"
            note = f"the first change would come after epoch {getattr(schedule, key)}"
            yield Finding((*path, key), states, (_set((*path, key), max(1, epochs // 3)),), (note,))
    if getattr(schedule, "T_0", 0) > epochs:
        states = f"the run has {epochs} epochs, so the first half cosine does not come to its end"
        yield Finding((*path, "T_0"), states, (_set((*path, "T_0"), epochs),))
    late = [str(each) for each in getattr(schedule, "milestones", ()) if each >= epochs]
    if late:
        states = f"the run has {epochs} epochs, so nothing changes after {', '.join(late)}"
        yield Finding((*path, "milestones"), states, ("name earlier epochs",))
    stopping = train.early_stopping
    if stopping is not None and stopping.patience >= epochs:
        states = f"{stopping.patience} epochs without a better one do not fit into {epochs}: it never stops early"
        path = ("train", "early_stopping", "patience")
        yield Finding(path, states, (_set(path, max(1, epochs // 3)),))


@rule(Code.NOTHING_LEARNS, "warning", "No layer learns")
def nothing_learns(graph: Graph) -> Iterator[Finding]:
    """Training would compute losses and change nothing."""
    holding = [node for node in graph.nodes if node.parameters]
    if holding and not any(node.trainable for node in holding):
        states = f"no layer learns: all {len(holding)} that have parameters say trainable = false"
        if len(holding) == 1:
            states = "no layer learns: this is the only one that has parameters"
        yield Finding(holding[0], states, ("delete trainable = false where weights shall change",), (), ("trainable",))


@rule(Code.FIXED_ORDER, "info", "Samples in the same order in every epoch")
def fixed_order(graph: Graph) -> Iterator[Finding]:
    """Batches are then the same in every epoch, and what is sorted stays sorted (L. Bottou, Stochastic gradient descent
    tricks, 2012, section 4.1)."""
    if not graph.spec.train.shuffle:
        path = ("train", "shuffle")
        states = "each epoch has the same batches in the same order, that of the data"
        note = "where samples are sorted by class, a batch knows one class alone"
        yield Finding(path, states, (_set(path, True),), (note,))


@rule(Code.BALANCED_TWICE, "warning", "Classes balanced twice")
def balanced_twice(graph: Graph) -> Iterator[Finding]:
    """Either makes all classes count alike; both make a class count the more, the rarer it is (H. He, E. Garcia,
    Learning from imbalanced data, IEEE TKDE 21, 2009, section 3, has the two as alternatives)."""
    train = graph.spec.train
    if train.sampling == "balanced" and getattr(train.loss, "weight", None) == "balanced":
        path = ("train", "sampling")
        states = "samples of rare classes come more often, and each of them has a larger weight in the loss as well"
        note = "a class with a tenth of the samples of another then counts ten times as much as that one"
        cures = (
            Change("delete sampling, and keep the weights", (delete(path),)),
            Change("delete weight, and keep the sampling", (delete(("train", "loss", "weight")),)),
        )
        yield Finding(path, states, cures, (note,))


@rule(Code.HIGH_DROPOUT, "warning", "Dropout of almost everything")
def high_dropout(graph: Graph) -> Iterator[Finding]:
    """Few units are then left to learn from, and what is left is scaled up much (N. Srivastava et al., Journal of
    Machine Learning Research 15, 2014, sections 7.3 and A.4)."""
    for node in graph.nodes:
        p = node.attributes.get("p", 0.0)
        if node.type in ("dropout", "channel_dropout") and p > MOST_DROPOUT:
            count = node.output_shape[0] if node.type == "channel_dropout" else graph.count(node)
            unit = "channels" if node.type == "channel_dropout" else "numbers"
            kept = f"about {(1 - p) * count:,.3g}, and multiplies them by {1 / (1 - p):.3g}"
            states = f"p = {p:g} keeps {1 - p:.1%} of {count:,} {unit}, {kept}"
            yield Finding(node, states, (graph.set_on(node, "p", 0.5),), ("p is the share that is set to 0",), ("p",))
