"""The weights that a spec wants training to begin with, and the list in the run's folder of what came of it."""

import json
import os
import shlex
from pathlib import Path
from typing import Any

from nbcnn.errors import WeightsError
from nbcnn.model import Model
from nbcnn.reach import is_within, named_folders
from nbcnn.spec.paths import is_overridden
from nbcnn.training.record.folder import PRETRAINED
from nbcnn.weights.files import write_atomically
from nbcnn.weights.transfer import Transfer


def take_pretrained(model: Model) -> Transfer | None:
    """What the model takes as its spec's `[pretrained]` table says, None where it has none; raises WeightsError."""
    spec = model.network.spec
    if spec.pretrained is None:
        return None
    base = Path(spec.file).parent if spec.file else None
    path = (base or Path()) / os.path.expanduser(spec.pretrained.weights)
    is_named = base is None or is_overridden(spec, "pretrained", "weights")
    if not is_named and not is_within(path, named_folders(base)):
        raise WeightsError(
            f"{spec.file}: pretrained.weights = {spec.pretrained.weights!r} leads out of the spec's folder, and of the "
            f"one that you work in; if that is meant, name it yourself: --set "
            f"pretrained.weights={shlex.quote(spec.pretrained.weights)}"
        )
    return model.take_weights(path, exclude=spec.pretrained.exclude)


def write_pretrained(folder: Path, found: dict[str, Any]) -> None:
    """pretrained.json: the file, and every array that was taken, left or not used."""
    write_atomically(folder / PRETRAINED, (json.dumps(found, indent=2) + "\n").encode())
