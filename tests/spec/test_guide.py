"""The guide's example of blocks is a spec, and gives the layers that the guide says it gives."""

import re
from pathlib import Path

import nbcnn

GUIDE = Path(__file__).parents[2] / "docs" / "guide.md"


def test_the_guides_blocks(tmp_path):
    section = GUIDE.read_text().partition("## Graphs and blocks")[2].partition("\n## ")[0]
    (example,) = re.findall(r"```toml\n(.*?)```", section, re.DOTALL)
    path = tmp_path / "guide.toml"
    path.write_text("[input]\nshape = [3, 8, 8]\n" + example)
    network = nbcnn.build(nbcnn.load_spec(path))
    assert not {"NB202", "NB203"}.intersection(finding.code for finding in network.findings)
    names = [node.name for node in network.layers]
    assert names[0] == "stage1.0.conv1" and names[-1] == "stage2.add1_relu" and "stage1.1.add1" in names
    assert network["stage2.conv1"].inputs == ("stage1.1.add1_relu",)
    assert network.output_shape == (32, 4, 4)
