"""One file that says what differs from another."""

import pytest
from work import counted_work

import nbcnn
from nbcnn.spec import InvalidSpec, parse

BASE = """
name = "base"
[input]
shape = [1, 8, 8]
[vars]
width = 4
[[layers]]
type = "conv"
out_channels = "$width"
kernel_size = 3
[train]
epochs = 3
[train.optimizer]
type = "sgd"
lr = 0.1
momentum = 0.9
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # from where all of it may be extended

    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    write("base.toml", BASE)
    return write


def test_tables_merge_and_values_replace(write):
    path = write("child.toml", 'extends = "base.toml"\nname = "child"\n[train]\noptimizer = {lr = 1.0}\n')
    spec = nbcnn.load_spec(path)
    assert (spec.name, spec.train.epochs, spec.train.optimizer.lr, spec.train.optimizer.momentum) == (
        "child",
        3,
        1.0,
        0.9,
    )
    assert spec.layers == nbcnn.load_spec(path.parent / "base.toml").layers
    assert spec.file == str(path)
    assert parse(spec.resolved()) == spec


def test_lists_replace(write):
    path = write("child.toml", 'extends = "base.toml"\n[[layers]]\ntype = "relu"\n')
    assert [layer.type for layer in nbcnn.load_spec(path).layers] == ["relu"]


def test_variables_and_overrides_come_after_merging(write):
    path = write("child.toml", 'extends = "base.toml"\n[vars]\nwidth = 5\n')
    assert nbcnn.load_spec(path).layers[0].out_channels == 5
    assert nbcnn.load_spec(path, {"vars.width": 6}).layers[0].out_channels == 6
    assert nbcnn.load_spec(path, {"layers.conv1.out_channels": 7}).layers[0].out_channels == 7


def test_a_chain_over_folders_and_formats(write):
    write("deeper/middle.json", '{"extends": "../base.toml", "name": "middle", "train": {"epochs": 4}}')
    path = write("child.toml", 'extends = "deeper/middle.json"\n[train]\nseed = 1\n')
    spec = nbcnn.load_spec(path)
    assert (spec.name, spec.train.epochs, spec.train.seed, spec.train.optimizer.lr) == ("middle", 4, 1, 0.1)


def refusal(path):
    with pytest.raises(InvalidSpec) as raised:
        nbcnn.load_spec(path)
    (found,) = raised.value.diagnostics
    return found


def test_a_circle_names_its_files(write):
    write("a.toml", 'extends = "b.toml"\n')
    found = refusal(write("b.toml", 'extends = "./a.toml"\n'))
    assert found.code == "NB118"
    assert "b.toml >" in found.message and "a.toml >" in found.message
    assert refusal(write("own.toml", 'extends = "own.toml"\n')).code == "NB118"


def test_a_missing_base_is_named(write):
    found = refusal(write("child.toml", 'extends = "bass.toml"\n'))
    assert found.code == "NB101"
    assert found.file.endswith("child.toml")
    assert found.message.startswith("extends: ") and found.message.endswith("bass.toml: no such file")
    assert "the nearest name there is base.toml" in found.help


def test_a_path_of_data_counts_from_the_file_that_it_stands_in(write, tmp_path):
    write("shared/base.toml", BASE + '[data]\nsource = "numbers.npz"\n')
    write("shared/numbers.npz", "")
    write("shared/digits", "")
    middle = write("own/middle.toml", 'extends = "../shared/base.toml"\n')
    assert nbcnn.load_spec(middle).data.source == "../shared/numbers.npz"
    child = write("child.toml", 'extends = "own/middle.toml"\n')
    assert (tmp_path / nbcnn.load_spec(child).data.source).samefile(tmp_path / "shared/numbers.npz")
    own = write("b/own.toml", 'extends = "../child.toml"\n[data]\nsource = "numbers.npz"\n')
    assert nbcnn.load_spec(own).data.source == "numbers.npz"
    write("shared/named.toml", BASE + '[data]\nsource = "digits"\n')
    named = write("own/named.toml", 'extends = "../shared/named.toml"\n')
    assert nbcnn.load_spec(named).data.source == "digits"


def test_a_path_of_weights_counts_from_the_file_that_it_stands_in(write):
    write("shared/base.toml", BASE + '[pretrained]\nweights = "runs/model.h5"\n')
    write("shared/runs/model.h5", "")
    child = write("own/child.toml", 'extends = "../shared/base.toml"\n')
    assert nbcnn.load_spec(child).pretrained.weights == "../shared/runs/model.h5"


@pytest.mark.parametrize("source", ["3", '"a\\u0000b"', f'"{"a" * 5000}"', '"nowhere.npz"'])
def test_what_is_no_path_of_data_stays_for_the_spec_to_judge(write, source):
    write("shared/base.toml", BASE + f"[data]\nsource = {source}\n")
    child = write("own/child.toml", 'extends = "../shared/base.toml"\n')
    if source == '"nowhere.npz"':
        assert nbcnn.load_spec(child).data.source == "nowhere.npz"
    else:
        assert refusal(child).message.startswith("data.source: expected")


@pytest.mark.parametrize("value", ["3", '""', '["base.toml"]', '"a\\u0000b"'])
def test_a_base_is_a_path(write, value):
    found = refusal(write("child.toml", f"extends = {value}\n"))
    assert found.code in ("NB106", "NB101")


def test_endless_files_are_refused(write):
    for index in range(20):
        write(f"f{index}.toml", f'extends = "f{index + 1}.toml"\n')
    found = refusal(write("start.toml", 'extends = "f0.toml"\n'))
    assert found.code == "NB109" and "16 files" in found.message


def test_each_file_has_the_readers_bounds(write):
    write("large.toml", "#" * 2**20 + "\n")
    assert refusal(write("child.toml", 'extends = "large.toml"\n')).code == "NB109"


def test_only_a_file_extends_a_file(write):
    with pytest.raises(InvalidSpec, match="extends has no meaning outside a spec file"):
        parse({"extends": "base.toml"})
    with pytest.raises(InvalidSpec, match="extends has no meaning outside a spec file"):
        nbcnn.load_spec(write("child.toml", 'extends = "base.toml"\n'), {"extends": "other.toml"})


def test_deep_tables_are_no_traceback(write):
    deep = "[" + ".".join("a" * 100) + "]\nb = 1\n"
    write("deep.toml", deep)
    with pytest.raises(InvalidSpec):
        nbcnn.load_spec(write("child.toml", 'extends = "deep.toml"\n' + deep.replace("b", "c")))
    for depth in (300, 600, 900):
        nested: dict[str, object] = {}
        for _ in range(depth):
            nested = {"a": nested}
        with counted_work(most=50_000), pytest.raises(InvalidSpec):
            parse({"vars": nested, "x": nested}, overrides={"name": "n"})
