"""Plots: what they show, what they are made of, and that the same plot is the same file."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

import nbcnn
from nbcnn.data import digits
from nbcnn.errors import DataError, InputError, SpecError
from nbcnn.pictures import figures
from nbcnn.pictures.plots import PLOTS, Kind
from nbcnn.pictures.source import Sample
from nbcnn.spec import parse
from nbcnn_cli.plot import KINDS

pytest.importorskip("matplotlib")


def test_every_kind_is_a_picture(run: Path, tmp_path: Path) -> None:
    assert (*PLOTS,) == KINDS == Kind.__args__
    for kind in KINDS:
        for ending, begins in (("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")):
            paths = [tmp_path / f"{kind}{number}.{ending}" for number in range(2)]
            for path in paths:
                nbcnn.plot(kind, run, out=path)
            one, other = (path.read_bytes() for path in paths)
            assert one == other and one.startswith(begins)
    ElementTree.parse(tmp_path / "curves0.svg")


def test_curves_of_several_runs(run: Path) -> None:
    loss, accuracy = nbcnn.plot("curves", run, run).axes
    rows = [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]
    assert [line.get_label() for line in loss.lines] == ["run, training", "run, validation"] * 2
    assert loss.lines[0].get_ydata().tolist() == [row["loss"] for row in rows]
    assert accuracy.lines[1].get_ydata().tolist() == [row["val_accuracy"] for row in rows]
    assert accuracy.lines[1].get_xdata().tolist() == [1, 2]


def test_the_confusion_matrix_is_that_of_eval(run: Path) -> None:
    axes, _ = nbcnn.plot("confusion", run, split="validation").axes
    measured = nbcnn.evaluate(run / "model.h5", split="validation")
    shares = measured.confusion / measured.confusion.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(np.asarray(axes.images[0].get_array()), shares)
    assert "validation" in axes.get_title()
    counts = {text.get_text() for text in axes.texts}
    assert counts == {str(count) for count in measured.confusion[measured.confusion > 0]}


def test_features_filters_and_maps_are_the_models(run: Path, tmp_path: Path) -> None:
    model = nbcnn.Model.load(run / "model.h5")
    x = np.random.default_rng(0).integers(0, 256, (1, 8, 8), dtype=np.uint8)
    np.save(tmp_path / "x.npy", x)
    drawn = nbcnn.plot("features", run / "model.h5", layer="left", sample=tmp_path / "x.npy").axes[0]
    values = np.ma.getdata(drawn.images[0].get_array())
    np.testing.assert_array_equal(values[:8, :8], model.activations(x[None], "left")[0, 0])
    assert "left (conv) of" in drawn.get_title()
    kernels = nbcnn.plot("filters", run, layer="right").axes[0]
    np.testing.assert_array_equal(
        np.ma.getdata(kernels.images[0].get_array())[:3, :3], model.parameters["right.weight"][0, 0]
    )
    _, saliency, _ = nbcnn.plot("saliency", run, sample=tmp_path / "x.npy", target=3).axes
    np.testing.assert_array_equal(np.ma.getdata(saliency.images[0].get_array()), model.saliency(x[None], 3)[0])
    _, cam, _ = nbcnn.plot("grad-cam", run, sample=tmp_path / "x.npy", target="3", layer="pool").axes
    np.testing.assert_array_equal(np.ma.getdata(cam.images[1].get_array()), model.grad_cam(x[None], "pool", 3)[0])
    # Units of the pool stand every two pixels, the first in the middle of what it sees, pixels -3 to 4.
    assert cam.images[1].get_extent() == [-0.5, 7.5, 7.5, -0.5]


def test_the_class_by_default_is_what_the_sample_is_taken_for(run: Path) -> None:
    model = nbcnn.Model.load(run / "model.h5")
    axes = nbcnn.plot("saliency", run, sample=7).axes
    test = digits.load().test
    guess = int(model(test.inputs[7:8]).argmax())
    assert axes[1].get_title() == f"saliency for {model.classes[guess]}"
    assert axes[0].get_title() == f"test sample 7, class {model.classes[int(test.targets[7])]}"


@pytest.mark.parametrize(
    ("space", "units"), [((30,), (15,)), ((4, 5, 6), (2, 3, 3)), ((5, 6), (5, 6))], ids=["signal", "volume", "image"]
)
def test_heat_over_one_two_and_three_axes(space: tuple[int, ...], units: tuple[int, ...], tmp_path: Path) -> None:
    sample = Sample(np.random.default_rng(0).standard_normal((2, *space)).astype(np.float32), "a $5 sample", 0)
    values = np.random.default_rng(0).random(units).astype(np.float32)
    figures.write(figures.heat(sample, values, "a title of 2 $", None), tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 1000


def test_a_regression_has_no_confusion(tmp_path: Path) -> None:
    layers = [{"type": "flatten"}, {"type": "linear", "out_features": 1}]
    spec = {"input": {"shape": [1, 4]}, "layers": layers, "train": {"loss": "mse_loss"}}
    np.savez(tmp_path / "a.npz", x_train=np.ones((8, 1, 4), np.float32), y_train=np.ones((8, 1), np.float32))
    model = nbcnn.Model(nbcnn.build(parse(spec | {"data": {"source": str(tmp_path / "a.npz"), "normalize": False}})))
    model.save(tmp_path / "model.h5")
    with pytest.raises(InputError, match="confusion needs classes, this network was trained with mse_loss"):
        nbcnn.plot("confusion", tmp_path / "model.h5")
    with pytest.raises(InputError, match="no layer of .* is a convolution"):
        nbcnn.plot("filters", tmp_path / "model.h5")


def test_refusals(run: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'histogram' is no kind of plot; choose one of curves, confusion"):
        nbcnn.plot("histogram", run)
    with pytest.raises(InputError, match="filters shows one run, received 2"):
        nbcnn.plot("filters", run, run)
    with pytest.raises(InputError, match=r"ends in \.png, \.svg or \.pdf is expected"):
        nbcnn.plot("curves", run, out=tmp_path / "a.jpg")
    with pytest.raises(InputError, match='"pool" .max_pool. has no kernels; choose a convolution, such as conv1, left'):
        nbcnn.plot("filters", run, layer="pool")
    with pytest.raises(SpecError, match="no layer is named 'conv9'"):
        nbcnn.plot("features", run, layer="conv9")
    with pytest.raises(InputError, match="'cat' is no class; use a number from 0 to 9, or one of 0, 1"):
        nbcnn.plot("saliency", run, target="cat")
    for target in (11, "11", -1):
        with pytest.raises(
            InputError, match=rf"class: 0 to 9, or one of 0, 1.* is expected, received {target}; choose"
        ):
            nbcnn.plot("grad-cam", run, target=target)
    with pytest.raises(InputError, match=r"there is no folder .*nowhere; choose another out"):
        nbcnn.plot("curves", run, out=tmp_path / "nowhere" / "a.png")
    with pytest.raises(InputError, match="there are 355 in the test split, received 355; use 0 to 354"):
        nbcnn.plot("saliency", run, sample=355)
    with pytest.raises(InputError, match="a run's folder is expected, this is none; name one"):
        nbcnn.plot("curves", run / "model.h5")
    with pytest.raises(DataError, match=r"no.npy"):
        nbcnn.plot("features", run, sample=tmp_path / "no.npy")


def test_without_matplotlib_it_says_what_to_install(run: Path) -> None:
    program = (
        "import sys; sys.modules['matplotlib'] = None; sys.modules['matplotlib.figure'] = None\n"
        "from nbcnn_cli.main import main\n"
        f"main(['plot', 'filters', {str(run)!r}, '--out', 'never.png'])"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1] == (
        "nbcnn: plot: Matplotlib draws and is not installed; pip install 'nbcnn[plot]'"
    )
    assert not Path("never.png").exists()
