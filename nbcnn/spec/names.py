"""Names of layers, and the nearest of several names."""

from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

OTHER_NAMES = {
    "filters": "out_channels",
    "strides": "stride",
    "pool_size": "kernel_size",
    "dilation_rate": "dilation",
    "use_bias": "bias",
    "units": "out_features",
    "rate": "p",
    "learning_rate": "lr",
    "epsilon": "eps",
    "dense": "linear",
    "fc": "linear",
    "maxpool": "max_pool",
    "avgpool": "avg_pool",
    "batch": "batch_size",
}
"""What other frameworks call things, where no similarity of letters leads to our name."""


def default_names(layers: Sequence[tuple[str, str | None]]) -> list[str]:
    """A name for each layer of (type, name or None): its own, or its type and number among that type: conv1, conv2."""
    count: Counter[str] = Counter()
    names = []
    for kind, name in layers:
        count[kind] += 1
        names.append(name or f"{kind}{count[kind]}")
    return names


def nearest(name: object, known: Iterable[str]) -> str | None:
    """The known name that was probably meant, or None."""
    candidates = list(known)
    text = str(name)[:64].lower()
    if OTHER_NAMES.get(text) in candidates:
        return OTHER_NAMES[text]
    matches = get_close_matches(text, candidates, n=1)
    return matches[0] if matches else None
