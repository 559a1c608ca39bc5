import errno
import os
import stat

import pytest

from nbcnn.errors import NbcnnError, WeightsError
from nbcnn.weights import files
from nbcnn.weights.files import read_whole, write_atomically


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "model.h5"
    path.write_bytes(b"old")
    return path


def test_a_file_is_replaced_and_nothing_else_is_left(path):
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert os.listdir(path.parent) == ["model.h5"]


def test_a_new_file_has_the_rights_that_the_user_gives_new_files(tmp_path):
    old = os.umask(0o027)
    try:
        write_atomically(tmp_path / "new", b"x")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640


@pytest.mark.parametrize("links", [True, False])
def test_the_previous_file_is_kept_under_another_name(path, monkeypatch, links):
    if not links:
        monkeypatch.setattr(os, "link", fails_with(errno.EPERM))
    kept = path.with_name("previous.h5")
    for content in (b"second", b"third"):
        before = path.read_bytes()
        write_atomically(path, content, keep_previous=kept)
        assert kept.read_bytes() == before
    assert sorted(os.listdir(path.parent)) == ["model.h5", "previous.h5"]


def test_with_nothing_there_nothing_is_kept(tmp_path):
    write_atomically(tmp_path / "a", b"x", keep_previous=tmp_path / "b")
    assert os.listdir(tmp_path) == ["a"]


def test_a_name_already_kept_for_the_same_file_is_no_obstacle(path):
    kept = path.with_name("previous.h5")
    os.link(path, kept)
    write_atomically(path, b"new", keep_previous=kept)
    assert (path.read_bytes(), kept.read_bytes()) == (b"new", b"old")
    assert sorted(os.listdir(path.parent)) == ["model.h5", "previous.h5"]


def test_a_link_is_followed(path):
    link = path.with_name("link.h5")
    link.symlink_to(path)
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert path.read_bytes() == b"new"


def fails_with(number):
    def fail(*arguments, **options):
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("call", ["open", "write", "fsync", "replace"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_a_failing_disk_leaves_the_old_file_and_one_message(path, monkeypatch, call, number):
    with monkeypatch.context() as patch:
        patch.setattr(os, call, fails_with(number))
        with pytest.raises(NbcnnError) as caught:
            write_atomically(path, b"new")
    assert caught.value.exit_code == 1
    assert str(path) in str(caught.value)
    assert os.strerror(number) in str(caught.value)
    assert path.read_bytes() == b"old"
    assert os.listdir(path.parent) == ["model.h5"]


def test_a_folder_that_fails_after_the_replacing_is_told_as_that(path, monkeypatch):
    monkeypatch.setattr(files, "sync_folder", fails_with(errno.EIO))
    with pytest.raises(NbcnnError) as caught:
        write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert "nothing was overwritten" not in str(caught.value)
    assert f"{path}: the file is written, and its folder cannot be (Input/output error)" in str(caught.value)


def test_a_disk_that_fills_up_midway_leaves_the_old_file(path, monkeypatch):
    written = []

    def write(descriptor, data, real=os.write):
        if sum(written) >= 1000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(real(descriptor, data[:100]))  # short writes are legal
        return written[-1]

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(NbcnnError, match="No space left on device"):
        write_atomically(path, bytes(5000))
    assert path.read_bytes() == b"old"
    assert os.listdir(path.parent) == ["model.h5"]
    written.clear()
    write_atomically(path, b"x" * 950)
    assert path.read_bytes() == b"x" * 950


def test_an_interrupt_leaves_no_partial_file(path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, b"new")
    assert os.listdir(path.parent) == ["model.h5"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="rights do not bind the superuser")
def test_a_read_only_folder_is_named(path):
    path.parent.chmod(0o500)
    try:
        with pytest.raises(NbcnnError, match="Permission denied"):
            write_atomically(path, b"new")
    finally:
        path.parent.chmod(0o700)


def test_what_is_no_regular_file_is_neither_read_nor_replaced(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(WeightsError, match="regular file"):
        read_whole(tmp_path / "fifo")
    with pytest.raises(NbcnnError, match="regular file"):
        write_atomically(tmp_path / "fifo", b"x")
    with pytest.raises(NbcnnError, match="regular file"):
        write_atomically(tmp_path, b"x")
    with pytest.raises(NbcnnError, match="No such file or directory"):
        write_atomically(tmp_path / "missing" / "model.h5", b"x")


@pytest.mark.parametrize("name", ["missing", "", "a\0b", "x" * 5000])
def test_a_file_that_cannot_be_opened_is_named(tmp_path, name):
    with pytest.raises(WeightsError):
        read_whole(tmp_path / name)
