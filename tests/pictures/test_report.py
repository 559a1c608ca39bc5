"""The report: its values, its page, and the page in a browser."""

import html
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from hostile import HOSTILE

import nbcnn
from nbcnn import api
from nbcnn.errors import InputError, NbcnnWarning
from nbcnn.pictures.contents import contents
from nbcnn.pictures.report import page
from nbcnn.spec import parse

# Points at every unit of every layer that has some, by every way, and tells on the page what happened.
VISIT = """
<script>
const told = [];
for (const row of document.querySelectorAll(".layers tbody tr")) {
  row.click();
  const canvas = document.querySelector("canvas");
  if (canvas) {
    const box = canvas.getBoundingClientRect();
    canvas.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + 1, clientY: box.top + 1 }));
    told.push(document.querySelector(".words").textContent);
    const keys = ["ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"];
    for (const key of keys) canvas.dispatchEvent(new KeyboardEvent("keydown", { key }));
  } else told.push("");
}
for (const box of document.querySelectorAll("g.box")) box.dispatchEvent(new MouseEvent("click"));
for (const chart of document.querySelectorAll(".chart")) {
  chart.dispatchEvent(new PointerEvent("pointermove", { clientX: 300 }));
  told.push(chart.parentNode.querySelector(".legend").textContent);
}
document.body.setAttribute("data-told", JSON.stringify(told));
document.body.setAttribute("data-wide", document.documentElement.scrollWidth - document.documentElement.clientWidth);
</script>
"""


def visited(path: Path, browser) -> tuple[str, list[str]]:
    """The page after every unit was pointed at, and what that told."""
    path.write_text(path.read_text().replace("</body>", VISIT + "</body>"))
    shown, said = browser(path)
    assert said == []
    told = json.loads(html.unescape(re.search(r'data-told="([^"]*)"', shown)[1]))
    assert re.search(r'data-wide="([^"]*)"', shown)[1] == "0"
    return shown, told


def test_a_page_holds_all_it_needs_and_runs_nothing_else(run: Path, tmp_path: Path, browser) -> None:
    path = api.report(run, tmp_path / "report.html")
    text = path.read_text()
    assert HOSTILE not in text and "default-src 'none'" in text
    assert not re.search(r"""(?:src|href)=["']?(?!data:)[a-z]+:""", text.split('id="values"')[0])
    shown, told = visited(path, browser)
    assert "<title>broken" not in shown
    assert html.escape(HOSTILE, quote=False) in re.search(r"<h1>(.*?)</h1>", shown, re.DOTALL)[1]
    network = nbcnn.build(nbcnn.load_spec(run / "spec.json"))
    assert len(told) == len(network.layers) + 2
    names = [node.name for node in network.layers]
    assert told[
        names.index("conv1")
    ] == "unitrow 0, column 0rows0 to 1 (the window is -1 to 1, the rest is padding)" + (
        "columns0 to 1 (the window is -1 to 1, the rest is padding)"
    )
    assert "rows0, 1, 2, 3 (" not in told[names.index("right")] and "rows0 to 3" in told[names.index("right")]
    assert told[names.index("classes")] == ""
    assert "epoch 1" in told[-1] and "training" in told[-1]
    for title in ("Training", "Network", "Kernels", "Confusion matrix", "Worst errors", "Spec"):
        assert f"<h2>{title}</h2>" in shown
    assert 'alt="sample ' in shown


def test_class_names_are_text(run: Path, tmp_path: Path, browser) -> None:
    found = contents(run, None, lambda event: None)
    for each in (*found["measured"]["per_class"], *found["worst"]):
        each |= {name: HOSTILE for name in ("label", "true", "guess") if name in each}
    path = tmp_path / "report.html"
    path.write_text(page(found))
    shown, _ = visited(path, browser)
    assert "<title>broken" not in shown and shown.count(html.escape(HOSTILE, quote=False)) > 10


def test_without_its_data_the_page_leaves_out_what_needs_them(run: Path, tmp_path: Path, browser) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(run, moved)
    model = nbcnn.Model.load(moved / "model.h5")
    spec = model.network.spec.resolved()
    spec["data"]["source"] = "gone.npz"
    other = nbcnn.Model(nbcnn.build(parse(spec)))
    other.save(moved / "model.h5")
    with pytest.warns(NbcnnWarning, match="the page is without samples: .*gone.npz"):
        path = api.report(moved)
    assert path == moved / "report.html"
    shown, told = visited(path, browser)
    assert "What needs the data is left out" in shown and "gone.npz" in shown
    assert "Confusion matrix" not in re.sub(r"<script.*?</script>", "", shown, flags=re.DOTALL)
    assert told[0].startswith("unit")


@pytest.mark.parametrize("space", [[40], [6, 7], [3, 4, 5]], ids=["signal", "image", "volume"])
def test_numbers_in_one_two_and_three_axes(space: list[int], tmp_path: Path, browser) -> None:
    random = np.random.default_rng(0)
    np.savez(
        tmp_path / "data.npz",
        x_train=random.standard_normal((40, 2, *space)).astype(np.float32),
        y_train=random.standard_normal((40, 1)).astype(np.float32),
    )
    spec = {
        "name": "numbers",
        "input": {"shape": [2, *space]},
        "layers": [
            {"type": "conv", "out_channels": 3, "kernel_size": 3, "padding": 1, "stride": 2},
            {"type": "flatten"},
            {"type": "linear", "out_features": 1},
        ],
        "data": {"source": str(tmp_path / "data.npz")},
        "train": {"epochs": 1, "batch_size": 20, "loss": "mse_loss"},
    }
    nbcnn.train(parse(spec), out=tmp_path / "run")
    shown, told = visited(api.report(tmp_path / "run", data_dir=tmp_path), browser)
    assert told[0].startswith("unit") and "Confusion matrix" not in re.sub(
        r"<script.*?</script>", "", shown, flags=re.DOTALL
    )


def test_the_worst_errors_are_wrong_and_in_order(run: Path) -> None:
    found = contents(run, None, lambda event: None)
    model = nbcnn.Model.load(run / "model.h5")
    worst = found["worst"]
    assert worst and all(each["true"] != each["guess"] for each in worst)
    shares = [each["share_of_true"] for each in worst]
    assert shares == sorted(shares)
    matrix = np.array(found["measured"]["confusion_matrix"])
    assert len(worst) == min(24, matrix.sum() - matrix.trace())
    assert found["best"] == model.provenance["epoch"] and len(found["history"]) == 2


def test_the_same_run_gives_the_same_page(run: Path) -> None:
    assert page(contents(run, None, lambda event: None)) == page(contents(run, None, lambda event: None))


def test_refusals(run: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a run's folder is expected, this holds no history\.jsonl; name one"):
        api.report(tmp_path)
    (tmp_path / "history.jsonl").write_text("")
    with pytest.raises(InputError, match="no epoch is finished yet"):
        api.report(tmp_path)
    (tmp_path / "history.jsonl").write_text("[1]\n")
    with pytest.raises(InputError, match="a JSON object of numbers in every line is expected"):
        api.report(tmp_path)
