"""Folders and tables of images that are too many for the memory: decoded when they are used, and else the same."""

import os
import subprocess
import sys
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nbcnn import data
from nbcnn.data import image_files
from nbcnn.data.dataset import Splits
from nbcnn.data.stored import Stored
from nbcnn.errors import DataError

SHAPE = (3, 4, 6)
COUNT = 30
LITTLE, MUCH = 1, 1 << 20


def write(path: Path, seed: int, size: tuple[int, int] = (6, 4)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """30 images of three classes, and a table of them."""
    names = [f"{'abc'[number % 3]}/{number:02}.png" for number in range(COUNT)]
    for number, name in enumerate(names):
        write(tmp_path / name, number)
    rows = "".join(f"{name},{name[0]}\n" for name in names)
    (tmp_path / "table.csv").write_text("path,label\n" + rows)
    return tmp_path


def damage(path: Path) -> None:
    """Leaves the header whole."""
    content = path.read_bytes()
    path.write_bytes(content[:60] + bytes(len(content) - 60))


Load = Callable[..., Splits]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    """Loads a source with so many bytes of memory."""

    def load(source: Path, memory: int, **options: object) -> Splits:
        monkeypatch.setattr(image_files, "machine_memory", lambda: memory)
        return data.load(str(source), input_shape=SHAPE, **options)  # type: ignore[arg-type]

    return load


@pytest.mark.parametrize("name", ["", "table.csv"])
@pytest.mark.parametrize("skip", [False, True])
def test_they_are_the_same_samples_in_the_same_order(folder: Path, load: Load, name: str, skip: bool) -> None:
    if skip:
        damage(folder / "b" / "04.png")
    bytes_there = COUNT * 72
    held, later = (
        load(folder / name, memory, skip_unreadable=skip) for memory in (4 * bytes_there, 4 * bytes_there - 1)
    )
    assert isinstance(held.train.inputs, np.ndarray) and isinstance(later.train.inputs, Stored)
    assert later.skipped == held.skipped and later.classes == held.classes
    np.testing.assert_array_equal(later.train.targets, held.train.targets)
    assert later.train.inputs.shape == held.train.inputs.shape and len(held.train) == COUNT - skip
    for key in (
        slice(None),
        slice(3, 9),
        slice(None, None, 4),
        np.array([5, 2, 2, 17, 3, 4]),
        np.array([], np.int64),
        7,
    ):
        np.testing.assert_array_equal(later.train.inputs[key], held.train.inputs[key])
    for mine, theirs in zip(data.split(later.train, 0.2, seed=1), data.split(held.train, 0.2, seed=1), strict=True):
        assert [part.tolist() for part in mine.loaded(slice(None))] == [
            part.tolist() for part in theirs.loaded(slice(None))
        ]
    assert data.checksum(later.train) == data.checksum(held.train)
    np.testing.assert_array_equal(data.statistics(later.train), data.statistics(held.train))


def test_all_headers_are_looked_at_first(folder: Path, load: Load) -> None:
    seen: list[tuple[int, int | None]] = []
    load(folder, LITTLE, on_progress=lambda what, done, total: seen.append((done, total)))
    assert len(seen) == COUNT and seen[-1][0] == seen[-1][1]
    write(folder / "b" / "wide.png", 0, size=(12, 4))
    with pytest.raises(DataError, match=r"wide.png: 4 x 6 pixels are expected, received 4 x 12; set resize"):
        load(folder, LITTLE)
    assert load(folder, LITTLE, resize="crop").train.inputs.shape == (COUNT + 1, *SHAPE)
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    Image.new("L", (4, 6)).save(folder / "b" / "upright.jpg", exif=exif)
    (folder / "b" / "wide.png").unlink()
    assert len(load(folder, LITTLE).train) == COUNT + 1
    Image.fromarray(np.zeros((4, 6), np.uint16)).save(folder / "b" / "wide.png")
    with pytest.raises(DataError, match=r"wide.png: 8 bits a channel are expected, the image has more"):
        load(folder, LITTLE)
    (folder / "b" / "wide.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"wide.png: not a readable image .*, or set skip_unreadable = true"):
        load(folder, LITTLE)


def test_damage_behind_a_header_is_found_when_the_image_is_used(folder: Path, load: Load) -> None:
    damage(folder / "b" / "04.png")
    inputs = load(folder, LITTLE).train.inputs
    assert inputs[:11].shape == (11, *SHAPE)
    with pytest.raises(DataError, match=r"04\.png: not a readable image .*; repair or remove it$"):
        inputs[:12]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
@pytest.mark.parametrize("memory", [LITTLE, MUCH])
def test_a_pipe_is_not_waited_for(folder: Path, load: Load, memory: int) -> None:
    os.mkfifo(folder / "a" / "pipe.png")
    with pytest.raises(DataError, match=r"pipe\.png: a regular file is expected"):
        load(folder, memory)


def test_no_other_program_reads_an_image(folder: Path, load: Load) -> None:
    Image.new("L", (6, 4)).save(folder / "b" / "drawing.eps")
    (folder / "b" / "drawing.eps").rename(folder / "b" / "drawing.png")
    with pytest.raises(DataError, match=r"drawing\.png: not a readable image \(cannot identify"):
        load(folder, MUCH)


@pytest.mark.parametrize("side", [8193, 9459])
def test_an_image_that_would_fill_the_memory(folder: Path, load: Load, side: int) -> None:
    header = (folder / "a" / "00.png").read_bytes()
    size = b"IHDR" + 2 * side.to_bytes(4, "big") + header[24:29]
    (folder / "a" / "bomb.png").write_bytes(header[:12] + size + zlib.crc32(size).to_bytes(4, "big") + header[33:])
    with pytest.raises(DataError, match=r"bomb\.png: .*(at most 67108864 pixels are expected|exceeds limit)"):
        load(folder, LITTLE)


def test_threads_leave_the_warnings_of_the_process_as_they_were(
    folder: Path, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_files, "most_threads", lambda: 8)
    before = list(warnings.filters)
    for _ in range(5):
        load(folder, MUCH)
    assert list(warnings.filters) == before


LIMITED = """
import resource, sys
from contextlib import closing
from pathlib import Path
from nbcnn import data
from nbcnn.data import image_files
from nbcnn.spec import Train
from nbcnn.training import loader
import PIL.PngImagePlugin
image_files.machine_memory = lambda: 40 << 20
with open("/proc/self/status") as status:
    used = next(int(line.split()[1]) for line in status if line.startswith("VmData")) << 10
resource.setrlimit(resource.RLIMIT_DATA, (used + (64 << 20),) * 2)
splits = data.load(sys.argv[1], input_shape=(1, 400, 250))
train, validation = data.split(splits.train, 0.1, 0)
data.statistics(train)
sum(len(inputs) for inputs, _ in validation.parts(100))
loaded = loader.Loader(train, Train(batch_size=32), threads=1)
with closing(loaded.batches(1)) as batches:
    print(sum(int(inputs[indices, 0, 0, 0].sum()) for inputs, targets, indices in batches))
try:
    splits.train.inputs[:]
except MemoryError:
    print("too large for memory")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit is Linux's")
def test_a_folder_larger_than_the_memory_there_is(tmp_path: Path) -> None:
    """100 MB of images within 64 MB, stacks of threads included: split, normalised, validated and trained on."""
    (tmp_path / "a").mkdir()
    Image.new("L", (250, 400), 1).save(tmp_path / "a" / "0000.png")
    content = (tmp_path / "a" / "0000.png").read_bytes()
    for number in range(1, 1000):
        (tmp_path / "a" / f"{number:04}.png").write_bytes(content)
    run = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=Path(__file__).parents[2],
        env=os.environ | {"NUMBA_NUM_THREADS": "2"},
    )
    assert run.stdout.split("\n")[:2] == ["900", "too large for memory"], run.stderr
