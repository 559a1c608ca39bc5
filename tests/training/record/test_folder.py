from pathlib import Path

import pytest

from nbcnn.errors import InputError
from nbcnn.training.record.folder import FILES, folder_to_resume, new_folder


@pytest.fixture(autouse=True)
def empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_numbers_count_on_from_the_highest() -> None:
    assert new_folder(None, "net")[0] == Path("runs/net-1")
    assert new_folder(None, "net")[0] == Path("runs/net-2")
    Path("runs/net-41").mkdir()
    Path("runs/net-x").mkdir()
    Path("runs/net-2-99").mkdir()
    assert new_folder(None, "net")[0] == Path("runs/net-42")
    assert new_folder(None, "other")[0] == Path("runs/other-1")


@pytest.mark.parametrize("name", ["../up", "a/b", ".hidden", "..", "x" * 256, "ünï ☃", "[a-z]*"])
def test_any_name_is_one_folder_inside_runs(name: str) -> None:
    folder, _ = new_folder(None, name)
    assert folder.resolve().parent == Path("runs").resolve()
    assert new_folder(None, name)[0] != folder


@pytest.mark.parametrize("file", FILES)
def test_refuses_a_folder_that_holds_what_a_run_writes(file: str) -> None:
    Path("a").mkdir()
    (Path("a") / file).write_text("mine")
    with pytest.raises(InputError, match=f"a: the folder holds {file} already.*--resume"):
        new_folder(Path("a"), "net")
    assert (Path("a") / file).read_text() == "mine"


def test_takes_a_folder_with_other_files() -> None:
    Path("a").mkdir()
    Path("a/notes.txt").write_text("mine")
    assert new_folder(Path("a"), "net") == (Path("a"), [])


def test_refuses_a_file_as_folder() -> None:
    Path("a").write_text("")
    with pytest.raises(InputError, match="a folder is expected"):
        new_folder(Path("a"), "net")
    with pytest.raises(InputError, match="cannot be made"):
        new_folder(Path("a/b"), "net")


def test_resumes_the_newest_run() -> None:
    with pytest.raises(InputError, match="no run net-<n> to resume"):
        folder_to_resume(None, "net")
    for _ in range(11):
        folder, _ = new_folder(None, "net")
    with pytest.raises(InputError, match="runs/net-11: the folder holds no last.h5"):
        folder_to_resume(None, "net")
    (folder / "last.h5").touch()
    assert folder_to_resume(None, "net") == folder
