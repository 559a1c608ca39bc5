"""What docs/weights.md shows reads a file that nbcnn has written."""

import re
from pathlib import Path

import numpy as np
import pytest

from nbcnn.weights import store

CODE = re.findall(r"```python\n(.*?)```", (Path(__file__).parents[2] / "docs/weights.md").read_text(), re.DOTALL)


@pytest.mark.parametrize("code", CODE)
def test_the_code_reads_a_file(snapshot, tmp_path, monkeypatch, code):
    monkeypatch.chdir(tmp_path)
    store.save(Path("model.h5"), snapshot)
    found: dict = {}
    exec(code, found)
    if "classes" in found:
        assert tuple(found["classes"]) == snapshot.classes
        np.testing.assert_array_equal(found["weight"], snapshot.parameters["conv1.weight"])
    else:
        np.testing.assert_array_equal(found["array"], snapshot.parameters[found["key"]])


def test_there_is_code():
    assert len(CODE) == 2
