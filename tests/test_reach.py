"""Where paths lead that files give."""

from pathlib import Path

import numpy as np
import pytest

import nbcnn
from nbcnn import api, data
from nbcnn.data.files import refuse_links_out
from nbcnn.errors import DataError, WeightsError
from nbcnn.network import build
from nbcnn.reach import data_folder, is_within, named_folders
from nbcnn.spec import InvalidSpec
from nbcnn.training.events import ignore
from nbcnn.training.pretrained import take_pretrained
from nbcnn.training.samples import load_samples

SPEC = """
[input]
shape = [1, 4, 4]
[[layers]]
type = "flatten"
[[layers]]
type = "linear"
out_features = 2
"""


@pytest.fixture
def homeless(monkeypatch):
    """A user without a home, as in some containers."""
    for name in ("NBCNN_DATA", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder to work in, with a spec's folder and one for data in it, and something outside."""
    monkeypatch.delenv("NBCNN_DATA", raising=False)
    for name in ("project/specs", "project/data", "outside"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "project")
    for folder in ("project/data", "outside"):
        x = np.arange(160, dtype=np.uint8).reshape(10, 1, 4, 4)
        np.savez(tmp_path / folder / "x.npz", x=x, y=np.arange(10) % 2)
        (tmp_path / folder / "base.toml").write_text(SPEC)
    return tmp_path / "project"


def with_data(project, source):
    path = project / "specs" / "spec.toml"
    path.write_text(f'{SPEC}[data]\nsource = "{source}"\n')
    return path


def read(spec, data_dir=None):
    base = Path(spec.file).parent if spec.file else None
    return load_samples(build(spec), data_dir, base, ignore)


def test_folders_that_the_user_names(tmp_path, monkeypatch):
    monkeypatch.delenv("NBCNN_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.chdir(tmp_path)
    assert named_folders(None, Path("a")) == (Path("a"), Path("/cache/nbcnn/data"), Path.cwd())
    monkeypatch.setenv("NBCNN_DATA", "/disk")
    assert named_folders() == (Path("/disk"), Path.cwd())
    monkeypatch.chdir("/")
    assert named_folders() == (Path("/disk"),)


@pytest.mark.parametrize(
    "platform, variable, usual",
    [("linux", "XDG_CACHE_HOME", ".cache"), ("win32", "LOCALAPPDATA", "AppData/Local")],
)
def test_a_cache_that_is_no_absolute_path_is_as_if_not_set(tmp_path, monkeypatch, platform, variable, usual):
    monkeypatch.delenv("NBCNN_DATA", raising=False)
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr("os.path.expanduser", lambda path: path.replace("~", str(tmp_path)))
    for given, expected in (("cache", tmp_path / usual), ("./.cache", tmp_path / usual), ("/cache", Path("/cache"))):
        monkeypatch.setenv(variable, given)
        assert data_folder() == expected / "nbcnn" / "data"


@pytest.mark.parametrize(
    "path, expected",
    [("a", True), ("a/../b", True), ("a/../../b", False), ("link", False), ("circle", False), ("a\0", False)],
)
def test_links_are_followed_before_it_is_told_where_a_path_leads(tmp_path, path, expected):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link").symlink_to("/etc")
    (folder / "circle").symlink_to("circle")
    if path == "circle" and is_within(folder / path, [folder]):
        pytest.skip("Python resolves links in a circle here")
    assert is_within(folder / path, [folder]) is expected


@pytest.mark.parametrize("source", ["../data/x.npz", "ABSOLUTE"])
def test_a_spec_names_data_where_the_user_works(project, source):
    source = source.replace("ABSOLUTE", str(project / "data" / "x.npz"))
    assert len(read(nbcnn.load_spec(with_data(project, source))).train) == 9


@pytest.mark.parametrize(
    "source", ["../../outside/x.npz", "OUTSIDE/x.npz", "../data/link.npz", "/etc/passwd", "../../.."]
)
def test_a_spec_names_nothing_outside(project, source):
    outside = project.parent / "outside"
    (project / "data" / "link.npz").symlink_to(outside / "x.npz")
    path = with_data(project, source.replace("OUTSIDE", str(outside)))
    with pytest.raises(
        DataError, match="leads out of .*; if that is meant, name it yourself: --data-dir .*--set data.source="
    ):
        read(nbcnn.load_spec(path))


def test_the_user_names_what_he_wants(project, monkeypatch):
    outside = project.parent / "outside"
    path, source = with_data(project, "../../outside/x.npz"), str(outside / "x.npz")
    for overrides in ({"data.source": source}, {"data": {"source": source}}):
        assert len(read(nbcnn.load_spec(path, overrides)).train) == 9
    assert len(read(nbcnn.load_spec(path), outside).train) == 9
    assert len(data.load(source).train) == 10
    monkeypatch.setenv("NBCNN_DATA", str(outside))
    assert len(read(nbcnn.load_spec(path)).train) == 9


@pytest.mark.parametrize(
    "source, typed", [("../../out side/x.npz", "'../../out side/x.npz'"), ("/" + "a b" * 50, "...")]
)
def test_validate_tells_what_to_type(project, source, typed):
    path = with_data(project, source)
    (found,) = [each for each in nbcnn.build(nbcnn.load_spec(path)).findings if each.code == "NB248"]
    assert found.help == f"if that is meant, name it yourself: --set data.source={typed}"


def test_a_spec_extends_nothing_outside(project):
    path = project / "specs" / "child.toml"
    for base in ("../data/base.toml", str(project / "data" / "base.toml")):
        path.write_text(f'extends = "{base}"\n')
        assert nbcnn.load_spec(path).input.shape == (1, 4, 4)
    (project / "specs" / "link.toml").symlink_to("../../outside/base.toml")
    for base in ("../../outside/base.toml", "link.toml", "/etc/passwd", "/dev/zero"):
        path.write_text(f'extends = "{base}"\n')
        with pytest.raises(InvalidSpec, match="extends: .*leads out of the spec's folder") as raised:
            nbcnn.load_spec(path)
        found = raised.value.diagnostics[0]
        assert found.line == 1
        both = ", or work in a folder that holds both: cd .." if "outside" in base or base == "link.toml" else ""
        assert found.help == f"copy it there{both}"


def test_a_spec_extends_what_is_above_where_one_works_there_as_the_message_says(project, monkeypatch):
    monkeypatch.chdir("specs")
    Path("child.toml").write_text('extends = "../data/base.toml"\n')
    with pytest.raises(InvalidSpec) as raised:
        nbcnn.load_spec("child.toml")
    _, folder = raised.value.diagnostics[0].help.split("cd ")
    monkeypatch.chdir(folder)
    assert nbcnn.load_spec("specs/child.toml").input.shape == (1, 4, 4)


def test_pretrained_weights_are_inside_too(project):
    path = project / "specs" / "spec.toml"
    path.write_text(f'{SPEC}[pretrained]\nweights = "../../outside/model.h5"\n')
    outside = project.parent / "outside" / "model.h5"
    model = nbcnn.Model(build(nbcnn.load_spec(path)))
    model.save(outside)
    with pytest.raises(WeightsError, match=r"leads out of .*--set pretrained.weights="):
        take_pretrained(model)
    named = nbcnn.load_spec(path, {"pretrained.weights": str(outside)})
    assert take_pretrained(nbcnn.Model(build(named)))


def test_a_link_in_a_circle_leads_out(tmp_path):
    (tmp_path / "circle").symlink_to("circle")
    if is_within(tmp_path / "circle", [tmp_path]):
        pytest.skip("Python resolves links in a circle here")
    with pytest.raises(DataError, match="circle: the link leads out of"):
        refuse_links_out([tmp_path / "circle"], tmp_path)


@pytest.mark.parametrize("link", ["a/z.png", "c", "train"])
def test_links_in_a_folder_of_images_stay_in_it(tmp_path, monkeypatch, link):
    image = pytest.importorskip("PIL.Image")
    monkeypatch.delenv("NBCNN_DATA", raising=False)
    for folder in ("images/a", "images/b", "images/train/a", "outside/a"):
        (tmp_path / folder).mkdir(parents=True)
        image.new("L", (4, 4)).save(tmp_path / folder / "x.png")
    (tmp_path / "images" / "a" / "y.png").symlink_to("../b/x.png")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    for each in (tmp_path / "images" / "train" / "a" / "x.png", tmp_path / "images" / "train" / "a"):
        each.unlink() if each.is_file() else each.rmdir()
    (tmp_path / "images" / "train").rmdir()
    assert len(data.load(str(tmp_path / "images"), input_shape=(1, 4, 4)).train) == 3
    target = tmp_path / "outside" / ("a/x.png" if link == "a/z.png" else "a" if link == "c" else "")
    (tmp_path / "images" / link).symlink_to(target)
    with pytest.raises(DataError, match="the link leads out of .*--data-dir or NBCNN_DATA"):
        data.load(str(tmp_path / "images"), input_shape=(1, 4, 4))
    assert data.load(str(tmp_path / "images"), tmp_path, input_shape=(1, 4, 4))


def test_a_run_on_data_elsewhere_goes_on_where_they_are_named_again(project, monkeypatch):
    """`train --set`, then from another folder `--resume`, `eval` and `plot`, which say how to name the data."""
    pytest.importorskip("matplotlib")
    source = project.parent / "outside" / "x.npz"
    spec, run, away = with_data(project, str(source)), project / "run", project.parent / "away"
    named = {"train.epochs": 1, "data.source": str(source)}
    nbcnn.train(nbcnn.load_spec(spec, named), out=run, on_event=ignore)
    away.mkdir()
    monkeypatch.chdir(away)
    longer = {"train.epochs": 2}
    with pytest.raises(DataError, match=f"--set data.source={source} "):
        nbcnn.train(nbcnn.load_spec(run / "spec.json", longer), out=run, resume=True, on_event=ignore)
    nbcnn.train(nbcnn.load_spec(run / "spec.json", named | longer), out=run, resume=True, on_event=ignore)
    with pytest.raises(DataError, match=f"--data {source} for eval"):
        nbcnn.evaluate(run / "model.h5", split="train")
    assert nbcnn.evaluate(run / "model.h5", split="train", data=str(source)).samples == 9
    with pytest.raises(DataError, match=f"--data-dir {source.parent},"):
        api.plot("confusion", run)
    assert api.plot("confusion", run, data_dir=source.parent)


def test_without_a_home_folder_data_need_a_name(homeless, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert named_folders(None) == (Path.cwd(),)
    assert data.load("digits").classes[-1] == "9"
    with pytest.raises(DataError, match="no home folder .* name a folder by --data-dir or NBCNN_DATA"):
        data.load("mnist")
    with pytest.raises(DataError, match="there is no '.*~nobody/x.npz'"):
        data.load("~nobody/x.npz", base=tmp_path)
