"""Save, load in a new process, predict: identical bits."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from networks import named
from reference_training import batch

from nbcnn.errors import InputError
from nbcnn.model import Model
from nbcnn.training.trainer import Trainer

PREDICT = """
import sys
import numpy as np
from nbcnn.model import Model
model = Model.load(sys.argv[1])
np.save(sys.argv[3], model(np.load(sys.argv[2])))
assert model.classes == ("a", "b", "c", "d", "e", "f")
assert model.provenance == {"seed": 2}
"""


def trained(name: str = "dropout") -> Model:
    model = Model(named(name), seed=2)
    model.classes = tuple("abcdef"[: model.network.output_shape[0]])
    model.provenance = {"seed": 2}
    model.normalization = {"mean": [0.1, 0.7], "std": [1 / 3, 3.0]}
    trainer = Trainer(model)
    x, y = batch(model.network, 50)
    for _ in range(3):
        trainer.step(x, y)
    return model


def test_a_new_process_predicts_identical_bits(tmp_path: Path) -> None:
    model = trained()
    x, _ = batch(model.network, 50, seed=1)
    np.save(tmp_path / "x.npy", x)
    model.save(tmp_path / "model.h5")
    names = [str(tmp_path / name) for name in ("model.h5", "x.npy", "y.npy")]
    subprocess.run([sys.executable, "-c", PREDICT, *names], check=True)
    assert np.array_equal(np.load(tmp_path / "y.npy"), model(x))


@pytest.mark.parametrize("name", ["dropout", "batch norm under relu, on branches and on features"])
def test_what_is_loaded_is_what_was_saved(name: str, tmp_path: Path) -> None:
    model = trained(name)
    model.save(tmp_path / "model.h5")
    loaded = Model.load(tmp_path / "model.h5")
    assert loaded.network.spec == model.network.spec
    assert loaded.normalization == model.normalization
    for key, value in model.parameters.items():
        assert np.array_equal(loaded.parameters[key], value)
        assert loaded.parameters[key].flags.writeable
    assert loaded.buffers.keys() == model.buffers.keys()
    assert all(np.array_equal(loaded.buffers[key], value) for key, value in model.buffers.items())
    x, y = batch(model.network, 20)
    assert Trainer(loaded).step(x, y) == Trainer(model).step(x, y), "and it can be trained on"


def test_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        Model.load(tmp_path / "missing.h5")
    (tmp_path / "text.h5").write_text("weights")
    with pytest.raises(InputError):
        Model.load(tmp_path / "text.h5")
