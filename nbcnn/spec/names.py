"""Names of layers, and the nearest of several names."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate, takewhile

from nbcnn.layers.problems import Guess

OTHER_NAMES = {
    "filters": "out_channels",
    "strides": "stride",
    "pool_size": "kernel_size",
    "dilation_rate": "dilation",
    "use_bias": "bias",
    "units": "out_features",
    "rate": "p",
    "learning_rate": "lr",
    "inputs": "from",
    "bottom": "from",
    "path": "source",
    "dataset": "source",
    "num_epochs": "epochs",
    "alpha": "negative_slope",
    "prob": "p",
    "num_classes": "out_features",
    "nonlinearity": "activation",
    "decay": "weight_decay",
    "size": "kernel_size",
    "epsilon": "eps",
    "dense": "linear",
    "fc": "linear",
    "fully_connected": "linear",
    "depthwiseconv": "conv",
    "maxpool": "max_pool",
    "avgpool": "avg_pool",
    "averagepooling": "avg_pool",
    "zeropadding": "pad",
    "zeropad": "pad",
    "cropping": "crop",
    "bn": "batch_norm",
    "lrn": "local_response_norm",
    "swish": "silu",
    "dropout1d": "channel_dropout",
    "dropout2d": "channel_dropout",
    "dropout3d": "channel_dropout",
    "spatialdropout": "channel_dropout",
    "droppath": "stochastic_depth",
    "sum": "add",
    "mul": "multiply",
    "batch": "batch_size",
    "nesterov": "sgd",
    "nllloss": "cross_entropy",
    "sparse_categorical_crossentropy": "cross_entropy",
    "bce": "binary_cross_entropy_with_logits",
    "bcewithlogitsloss": "binary_cross_entropy_with_logits",
    "binary_crossentropy": "binary_cross_entropy_with_logits",
    "mse": "mse_loss",
    "mae": "l1_loss",
    "smoothl1loss": "huber_loss",
}
"""What other frameworks call things, where no similarity of letters leads to our name."""

EVIDENT = 0.75
"""Likeness from which a name was hardly meant otherwise, where no other comes near."""
APART = 0.1
"""How much less like it any other name must be."""

MOST_COMPARED = 200_000
"""Letters of a name times those of the names, the last ones, among which its nearest is looked for."""

_AXES = re.compile(r"_?[123]d$")
"""How other frameworks tell one, two and three axes apart."""


def default_names(layers: Sequence[tuple[str, str | None]]) -> list[str]:
    """A name for each layer of (type, name or None): its own, or its type and number among that type: conv1, conv2."""
    count: Counter[str] = Counter()
    names = []
    for kind, name in layers:
        count[kind] += 1
        names.append(name or f"{kind}{count[kind]}")
    return names


def nearest(name: object, known: Iterable[str]) -> Guess | None:
    """The known name that was probably meant, or None."""
    return _nearest(str(name)[:64].lower(), tuple(dict.fromkeys(known)))


@lru_cache(maxsize=256)  # a document is looked at again for each cure that is tried
def _nearest(text: str, known: Sequence[str]) -> Guess | None:
    from difflib import get_close_matches  # here, because a spec without a fault needs none

    for known_elsewhere in (text, _AXES.sub("", text)):
        if OTHER_NAMES.get(known_elsewhere) in known:
            return Guess(OTHER_NAMES[known_elsewhere], evident=True)
    letters = accumulate(len(text) * len(each) for each in reversed(known))
    compared = sum(1 for _ in takewhile(lambda count: count <= MOST_COMPARED, letters))
    matches = get_close_matches(text, known[len(known) - compared :], n=2) if compared else []
    return Guess(matches[0], _is_evident(_AXES.sub("", text), *matches)) if matches else None


def _is_evident(text: str, match: str, other: str | None = None) -> bool:
    """Whether a name was meant for its nearest: with other digits, conv3 for conv2, it may be for what is not there."""
    if re.sub(r"\D", "", text) != re.sub(r"\D", "", match):
        return False
    if sorted(text) == sorted(match):  # letters exchanged
        return other is None or sorted(text) != sorted(other)
    likeness = _likeness(text, match)
    return likeness >= EVIDENT and (other is None or likeness - _likeness(text, other) >= APART)


def _likeness(text: str, name: str) -> float:
    """From 0 to 1, as get_close_matches compares."""
    from difflib import SequenceMatcher

    return SequenceMatcher(None, name, text).ratio()
