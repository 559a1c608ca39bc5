"""Hostile data files, each run through `nbcnn data check`: refused in less than 1 s and 300 MB, with exit code 2.

    python tools/trust/hostile_data.py --count 1000 --seed 0 --cold 50

Every family is a way to hurt whoever reads data of one kind; numbers in it are drawn. Each case runs in a fork of a
process that has imported the command; `--cold` of them run once more as processes of their own. Ends with 1 where a
case is not refused as it should be.
"""

import gzip
import io
import os
import pickle
import random
import struct
import sys
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from trial import campaign

Family = Callable[[random.Random, Path], str]
"""Writes a case into a folder, and gives the source to check."""
FAMILIES: dict[str, Family] = {}
TERMINAL = "\x1b]0;owned\x07\x1b[31m"
SPEC = '[input]\nshape = [1, 8, 8]\n[[layers]]\ntype = "flatten"\n[[layers]]\ntype = "linear"\nout_features = 2\n'


def family(make: Family) -> Family:
    FAMILIES[make.__name__] = make
    return make


def written(folder: Path, name: str, content: bytes) -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return name


def npy(shape: object, descr: object = "|u1", data: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    header = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape!r}, }}\n".encode()
    size = struct.pack("<H" if version == b"\x01\x00" else "<I", len(header) % 65536)
    return b"\x93NUMPY" + version + size + header + data


def npz(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def array(*shape: int) -> np.ndarray:
    return np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)


def good_npz() -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, x=array(4, 1, 8, 8), y=np.array([0, 1, 0, 1]))
    return file.getvalue()


def damaged(draw: random.Random, content: bytes) -> bytes:
    """Cut short, or with its beginning overwritten."""
    if draw.random() < 0.5:
        return content[: draw.randrange(len(content) * 3 // 4)]
    return draw.randbytes(min(len(content), 16)) + content[16:]


@cache
def zeros(count: int) -> bytes:
    """So many of them, deflated, without holding them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece, parts = bytes(1 << 20), []
    for _ in range(count >> 20):
        parts.append(packer.compress(piece))
    return b"".join([*parts, packer.flush()])


@family
def npz_header_beyond_the_file(draw: random.Random, folder: Path) -> str:
    shape = tuple(draw.choice([2**20, 2**31, 2**62, 10**30]) for _ in range(draw.choice([1, 2, 5])))
    descr = draw.choice(["|u1", "<f8", "<i8", "|S1", "<U1000000"])
    return written(folder, "a.npz", npz({"x.npy": npy(shape, descr), "y.npy": npy((4,), "<i8", bytes(32))}))


@family
def npz_objects(draw: random.Random, folder: Path) -> str:
    code = pickle.dumps(draw.choice([print, os.system, [1] * 1000]), draw.choice([0, 2, 4]))
    descr = draw.choice(["|O", "O", [("a", "|O")], [("a", "<f8"), ("b", "<i4")], "|V8", "<M8[s]", "<c16", "(2,3)<f8"])
    return written(folder, "a.npz", npz({"x.npy": npy((1,), descr, code), "y.npy": npy((1,), "<i8", bytes(8))}))


@family
def npz_strange_headers(draw: random.Random, folder: Path) -> str:
    shape = draw.choice([(-1,), (-5, -5), (1,) * 2000, "a", (1.5,), ((1,),), None, (True,), 4, (2**64,), (0, 2**62)])
    content = draw.choice(
        [
            npy(shape),
            npy((4,), draw.choice(["", "|u0", "|S0", "<U0", ">q9", "nonsense", "|u1" * 1000, ["a"] * 100])),
            npy((4,), version=draw.choice([b"\x03\x00", b"\x09\x00", b"\x00\x00", b"\x02\x00"]), data=b"1"),
            b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 65535,
            b"\x93NUMPY\x02\x00\xff\xff\xff\x7f" + b"{" * 100_000,
            b"\x93NUMPY\x01\x00\x10\x00" + b"__import__('os')",
            b"",
        ]
    )
    return written(folder, "a.npz", npz({"x.npy": content, "y.npy": npy((4,), "<i8", bytes(32))}))


def bomb(count: int, packed: bytes, crc: int = 0) -> bytes:
    """An archive with x.npy of so many bytes, deflated before."""
    name = b"x.npy"
    head = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0, crc, len(packed), count, len(name), 0)
    local = b"PK\x03\x04" + head + name + packed
    entry = b"PK\x01\x02" + struct.pack("<H", 20) + head + struct.pack("<HHHII", 0, 0, 0, 0, 0) + name
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(entry), len(local), 0)
    return local + entry + end


@family
def npz_bombs(draw: random.Random, folder: Path) -> str:
    count = draw.choice([130, 200, 1000, 3000]) << 20
    header = npy((count >> 20, 1, 1024, 1024))
    stored = struct.pack("<BHH", 0, len(header), len(header) ^ 0xFFFF) + header  # a block as it is, then deflated ones
    return written(folder, "a.npz", bomb(count + len(header), stored + zeros(count)))


@family
def npz_bombs_below_the_bound(draw: random.Random, folder: Path) -> str:
    count = draw.choice([50, 100, 120]) << 20
    header = npy((count >> 20, 1, 1024, 1024))
    stored = struct.pack("<BHH", 0, len(header), len(header) ^ 0xFFFF) + header
    return written(folder, "a.npz", bomb(count + len(header), stored + zeros(count)))


@family
def npz_many_members(draw: random.Random, folder: Path) -> str:
    count = draw.choice([1001, 20_000, 65_000])
    name = "a" * draw.choice([1, 60])
    end = 46 + len(name) + 6
    entry = struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 0, 0, 0, 0, 0, 0, len(name) + 6, 0, 0, 0, 0, 0, 0)
    directory = b"".join(entry + f"{name}{number:06}".encode() for number in range(count))
    assert len(directory) == end * count
    closing = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, len(directory), 0, 0)
    return written(folder, "a.npz", directory + closing)


@family
def npz_one_name_many_times(draw: random.Random, folder: Path) -> str:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(draw.choice([2, 500])):
            archive.writestr("x.npy", npy((64, 1, 128, 128), data=bytes(2**20)))
        archive.writestr("y.npy", npy((64,), "<i8", bytes(512)))
    return written(folder, "a.npz", file.getvalue())


@family
def npz_paths_as_names(draw: random.Random, folder: Path) -> str:
    name = draw.choice(["../../x.npy", "/etc/x.npy", "C:\\x.npy", "a/x.npy", "x.npy\0.txt", TERMINAL, "x.npy/"])
    source = written(folder, "a.npz", npz({name: npy((4,), data=b"1234")}))
    return source


@family
def npz_other_compression(draw: random.Random, folder: Path) -> str:
    method = draw.choice([zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    return written(folder, "a.npz", npz({"x.npy": npy((2**20,), data=bytes(2**20)), "y.npy": npy((1,))}, method))


@family
def npz_damage(draw: random.Random, folder: Path) -> str:
    return written(folder, "a.npz", damaged(draw, good_npz()))


@family
def npz_arrays_that_do_not_fit(draw: random.Random, folder: Path) -> str:
    file = io.BytesIO()
    x, y = array(4, 1, 8, 8), np.array([0, 1, 0, 1])
    arrays = draw.choice(
        [
            {"x": x, "y": y[:3]},
            {"x": x},
            {"y": y},
            {"a": x, "b": y},
            {"x": x[:0], "y": y[:0]},
            {"x": x.astype(np.float32) * np.nan, "y": y},
            {"x": x, "y": y * 10**15},
            {"x": x, "y": -y - 1},
            {"x": x.astype(np.int32), "y": y},
            {"x": x, "y": y.astype(complex)},
            {"x": x, "y": y, "class_names": np.array([TERMINAL, "b"])},
            {"x": x, "y": y, "class_names": np.array(["a" * 10_000, "b"])},
            {"x": x, "y": y, "class_names": np.array(["a"])},
            {"x": x, "y": y, "class_names": np.array([f"c{number}" for number in range(70_000)])},
            {"x": x, "y": y, "class_names": np.array([["a", "b"]])},
        ]
    )
    np.savez_compressed(file, **arrays)
    return written(folder, "a.npz", file.getvalue())


@family
def csv_nonsense(draw: random.Random, folder: Path) -> str:
    text = draw.choice(
        [
            "",
            "\n" * 10_000,
            "a,b\n1,2\n",
            "label\na\n",
            "x,label\n1\n",
            "x,label\n1,a,b\n",
            "x,label\n,a\n",
            "x,label\nnan,a\n",
            "x,label\n1e999,a\n",
            "x,label\n1,\n",
            "x,label,split\n1,a,elsewhere\n",
            "x,label,split\n1,a,test\n",
            "label,class,x\na,b,1\n",
            "x,label,target\n1,a,2\n",
            '"' * 10_001,
            'x,label\n"1,a\n' * 100,
            "x,label\n\0,a\n",
            "x,label\n" + "9" * 100_000 + ",a\n",
            "path,label\nnowhere.png,a\n",
        ]
    )
    return written(folder, draw.choice(["a.csv", "a.tsv"]), text.encode())


@family
def csv_wide(draw: random.Random, folder: Path) -> str:
    count = draw.choice([1000, 100_000, 300_000])
    name = draw.choice(["c", "target", "1", "label", ""])
    header = ",".join([name] * count)
    return written(folder, "a.csv", f"{header}\n{draw.choice(['1', 'a', '1,' * (count - 2)])}\n".encode())


@family
def csv_long(draw: random.Random, folder: Path) -> str:
    rows = draw.choice([1000, 40_000])
    return written(folder, "a.csv", b"x,label\n" + draw.choice([b"1,a\n", b"1,1\n", b"2,b\n"]) * rows + b"1,a,b\n")


@family
def csv_long_fields(draw: random.Random, folder: Path) -> str:
    size = draw.choice([10_000, 131_073, 2_000_000])
    field = draw.choice(["a", "1", " ", ","]) * size
    return written(folder, "a.csv", f'x,label\n1,"{field}"\n2,a,a\n'.encode())


@family
def csv_many_classes(draw: random.Random, folder: Path) -> str:
    rows = "".join(f"1,c{number}\n" for number in range(70_000))
    return written(folder, "a.csv", f"x,label\n{rows}".encode())


@family
def csv_terminals(draw: random.Random, folder: Path) -> str:
    label = draw.choice([TERMINAL, "a\u202eb", "\x9b31m", "a\x00b", "a\u2028b"])
    row = draw.choice([f"1,{label}", f"{label},a", f'1,"a\r\n{label}"'])
    return written(folder, "a.csv", f"x,label\n{row}\n".encode())


@family
def csv_paths(draw: random.Random, folder: Path) -> str:
    path = draw.choice(
        [
            "/etc/passwd",
            "../outside.png",
            "../../../../etc/hostname",
            "/dev/zero",
            "a\0b.png",
            "a" * 5000,
            ".",
            "",
            "~/x.png",
        ]
    )
    if draw.random() < 0.3:
        (folder / "link.png").symlink_to("/etc/passwd")
        path = "link.png"
    return written(folder, "a.csv", f"path,label\n{path},a\n".encode())


@family
def csv_other_encodings(draw: random.Random, folder: Path) -> str:
    text = "x,label\n1,é\n"
    return written(
        folder,
        "a.csv",
        draw.choice(
            [
                text.encode("utf-16"),
                text.encode("latin-1"),
                draw.randbytes(10_000),
                gzip.compress(b"1," * 10**6),
            ]
        ),
    )


def idx(sizes: list[int], data: bytes = b"", kind: int = 8) -> bytes:
    return bytes([0, 0, kind, len(sizes) % 256]) + b"".join(struct.pack(">I", size) for size in sizes) + data


def idx_folder(folder: Path, images: bytes, labels: bytes, ending: str) -> str:
    written(folder, f"idx/train-images-idx3-ubyte{ending}", images)
    written(folder, f"idx/train-labels-idx1-ubyte{ending}", labels)
    return "idx"


@family
def idx_headers(draw: random.Random, folder: Path) -> str:
    sizes = [draw.choice([0, 1, 2**16, 2**31, 2**32 - 1]) for _ in range(draw.choice([0, 1, 3, 8, 9, 255]))]
    images = idx(sizes, b"", draw.choice([0, 8, 9, 10, 11, 14, 255]))
    if draw.random() < 0.5:
        return idx_folder(folder, gzip.compress(images), gzip.compress(idx([4], bytes(4))), ".gz")
    return idx_folder(folder, images, idx([4], bytes(4)), "")


@family
def idx_lengths(draw: random.Random, folder: Path) -> str:
    images, labels = idx([4, 8, 8], bytes(256)), idx([4], bytes(4))
    if draw.random() < 0.5:
        images = images[: draw.randrange(len(images))] if draw.random() < 0.5 else images + b"more"
    else:
        labels = idx([draw.choice([0, 3, 5])], bytes(draw.choice([3, 5])))
    return idx_folder(folder, images, labels, "")


@family
def gzip_bombs(draw: random.Random, folder: Path) -> str:
    count = draw.choice([129, 200, 1000, 4000]) << 20
    head = idx([count >> 20, 1024, 1024])
    stored = struct.pack("<BHH", 0, len(head), len(head) ^ 0xFFFF) + head
    images = b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + stored + zeros(count) + bytes(8)
    return idx_folder(folder, images, gzip.compress(idx([4], bytes(4))), ".gz")


@family
def gzip_bombs_behind_a_small_header(draw: random.Random, folder: Path) -> str:
    head = idx([4, 8, 8])
    stored = struct.pack("<BHH", 0, len(head), len(head) ^ 0xFFFF) + head
    images = b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + stored + zeros(draw.choice([10, 1000]) << 20) + bytes(8)
    return idx_folder(folder, images, gzip.compress(idx([4], bytes(4))), ".gz")


@family
def gzip_that_never_ends(draw: random.Random, folder: Path) -> str:
    whole = gzip.compress(idx([4, 8, 8], bytes(256)))
    size = draw.choice([200_000, 1_000_000])
    more = draw.choice([bytes(size), gzip.compress(b"") * (size // 20), draw.randbytes(size)])
    return idx_folder(folder, whole + more, gzip.compress(idx([4], bytes(4))), ".gz")


@family
def gzip_damage(draw: random.Random, folder: Path) -> str:
    whole = gzip.compress(idx([40, 8, 8], draw.randbytes(2560)))
    content = draw.choice(
        [
            whole[:-9],
            whole[: draw.randrange(2, 200)],
            whole[:30] + draw.randbytes(50) + whole[80:],
            whole[:-8] + bytes(8),
        ]
    )
    return idx_folder(folder, content, gzip.compress(idx([40], bytes(40))), ".gz")


def class_folder(folder: Path, files: dict[str, bytes]) -> str:
    for name, content in files.items():
        written(folder, f"images/{name}", content)
    return "images"


def png(width: int, height: int, data: bytes = b"", colour: int = 2, before: bytes = b"", bits: int = 8) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + before + chunk(b"IDAT", data or zlib.compress(b"")) + chunk(b"IEND", b"")


def picture(kind: str, mode: str = "RGB", size: tuple[int, int] = (8, 8)) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.new(mode, size, 7).save(file, kind)
    return file.getvalue()


KINDS = {"PNG": ".png", "JPEG": ".jpg", "GIF": ".gif", "WEBP": ".webp", "TIFF": ".tif", "BMP": ".bmp", "PPM": ".ppm"}


@family
def picture_bombs(draw: random.Random, folder: Path) -> str:
    width, height = draw.choice(
        [
            (20_000, 20_000),
            (60_000, 60_000),
            (2**31 - 1, 2**31 - 1),
            (10**6, 10**5),
            (2**31 - 1, 1),
        ]
    )
    packed = zlib.compress(bytes(10**6)) if width < 10**5 else b""
    return class_folder(folder, {"a/x.png": png(width, height, packed, draw.choice([0, 2, 3, 6]))})


@family
def picture_bombs_of_other_kinds(draw: random.Random, folder: Path) -> str:
    width, height = draw.choice([(30_000, 30_000), (65_535, 65_535)])
    bmp = (
        b"BM"
        + struct.pack("<IHHI", 54, 0, 0, 54)
        + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    )
    gif = (
        b"GIF89a"
        + struct.pack("<HH", width, height)
        + b"\x80\0\0"
        + bytes(6)
        + b","
        + struct.pack("<HHHH", 0, 0, width, height)
        + b"\0\x02\x02\x4c\x01\0;"
    )
    ppm = f"P6\n{width} {height}\n255\n".encode()
    tags = [
        (256, 4, width),
        (257, 4, height),
        (258, 3, 8),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 8),
        (277, 3, 1),
        (278, 4, height),
        (279, 4, width * height % 2**32),
    ]
    tiff = (
        b"II*\0\x08\0\0\0"
        + struct.pack("<H", len(tags))
        + b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
        + bytes(4)
    )
    jpeg = (
        b"\xff\xd8\xff\xc0\x00\x11\x08"
        + struct.pack(">HH", height, width)
        + b"\x03\x01\x22\0\x02\x11\x01\x03\x11\x01\xff\xda\x00\x0c\x03\x01\0\x02\x11\x03\x11\0\x3f\0"
    )
    name, content = draw.choice([("x.bmp", bmp), ("x.gif", gif), ("x.ppm", ppm), ("x.tif", tiff), ("x.jpg", jpeg)])
    return class_folder(folder, {f"a/{name}": content})


@family
def picture_texts(draw: random.Random, folder: Path) -> str:
    size = draw.choice([10, 80]) << 20
    content = b"k\0" + b"\0" + zlib.compress(bytes(size), 9)
    kind = draw.choice([b"zTXt", b"iCCP"])
    chunk = struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    return class_folder(folder, {"a/x.png": png(8, 8, zlib.compress(b"short"), before=chunk * draw.choice([1, 20]))})


@family
def picture_damage(draw: random.Random, folder: Path) -> str:
    kind = draw.choice([*KINDS])
    content = picture(kind, size=draw.choice([(8, 8), (64, 64)]))
    cut = content[: draw.randrange(len(content) // 3)] if draw.random() < 0.5 else draw.randbytes(12) + content[12:]
    return class_folder(folder, {f"a/x{KINDS[kind]}": cut})


@family
def pictures_that_are_none(draw: random.Random, folder: Path) -> str:
    content = draw.choice(
        [
            b"",
            b"\0" * 1000,
            b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run\n",
            b"<svg/>",
            draw.randbytes(1000),
            good_npz(),
        ]
    )
    return class_folder(folder, {f"a/x{draw.choice([*KINDS.values()])}": content})


@family
def pictures_with_more_bits(draw: random.Random, folder: Path) -> str:
    return class_folder(
        folder, {"a/x.png": png(8, 8, zlib.compress(bytes(8 * 17)), 0, bits=16), "b/y.png": picture("PNG")}
    )


@family
def folders_of_no_classes(draw: random.Random, folder: Path) -> str:
    good = picture("PNG")
    files = draw.choice(
        [
            {"a/readme.txt": b"none"},
            {"a/x.png": good, "b/readme.txt": b"none"},
            {"train/a/x.png": good, "test/b/x.png": good},
            {f"a/x{TERMINAL.replace('/', '')}.png": b"none"},
            {f"a{TERMINAL.replace('/', '')}/x.png": good},
            {"a\u202eb/x.png": good},
            {"a/" + "d/" * draw.choice([40, 500]) + "x.png": good},
        ]
    )
    return class_folder(folder, files)


@family
def links_out_of_folders(draw: random.Random, folder: Path) -> str:
    written(folder.parent, "outside/x.png", picture("PNG"))
    class_folder(folder, {"a/x.png": picture("PNG"), "b/y.png": picture("PNG", size=(9, 9))})
    link, target = draw.choice(
        [
            ("a/z.png", "../../../outside/x.png"),
            ("c", "../../outside"),
            ("a/z.png", "/etc/passwd"),
            ("c", "/etc"),
            ("a/z.png", "z.png"),
        ]
    )
    (folder / "images" / link).symlink_to(target)
    return "images"


@family
def folders_with_what_is_no_file(draw: random.Random, folder: Path) -> str:
    class_folder(folder, {"a/x.png": picture("PNG")})
    if draw.random() < 0.5:
        os.mkfifo(folder / "images/a/y.png")
    else:
        (folder / "images/a/y.png").symlink_to("/dev/zero")
    return "images"


def pickled(labels: object, data: object) -> bytes:
    return pickle.dumps({b"labels": labels, b"data": data}, 2)


@family
def cifar_binary(draw: random.Random, folder: Path) -> str:
    size = draw.choice([0, 1, 3072, 3074, 30_729_999])
    for name in [*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"]:
        written(folder, f"c/{name}", b"")
        os.truncate(folder / "c" / name, size)
    return "c"


@family
def cifar_that_is_too_large(draw: random.Random, folder: Path) -> str:
    for name in ("data_batch_1.bin", "data_batch_2.bin"):
        written(folder, f"c/{name}", b"")
        os.truncate(folder / "c" / name, 3073 * draw.choice([100_000, 10**6, 10**9]))
    return "c"


@family
def cifar_pickles(draw: random.Random, folder: Path) -> str:
    code = draw.choice(
        [
            b"cos\nsystem\n(S'touch owned'\ntR.",
            b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x011\x85R.",
            b"\x80\x02r" + struct.pack("<I", draw.choice([10**6, 10**8, 2**31 - 1])) + b".",
            b"\x80\x02}r" + struct.pack("<I", draw.choice([10**8, 2**31 - 1])) + b".",
            b"\x80\x04\x96" + struct.pack("<Q", 2**40),
            b"\x80\x04\x8e" + struct.pack("<Q", draw.choice([2**33, 2**62])),
            b"\x80\x04\x95" + struct.pack("<Q", 2**62),
            b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".",
            b"\x80\x02]" + b"2\x86" * 60 + b".",
            b"\x80\x02\x8b\xff\xff\xff\x7f",
            b"I" + b"9" * 10_000 + b"\n.",
            b"Pout\n.",
            b"ccollections\nOrderedDict\n(tR.",
            b"cnumpy\nndarray\n(tR.",
            b"c\x1b]0;owned\x07\nx\n.",
            b"",
            pickled([0] * 10, b"short"),
            pickled([300], bytes(3072)),
            pickled("no list", bytes(3072)),
            pickle.dumps([1, 2, 3]),
        ]
    )
    return written(folder, "c/data_batch_1", code)[:1]


def hdf5_file(folder: Path, fill: Callable[[object], None]) -> str:
    import h5py

    with h5py.File(folder / "a.h5", "w", libver="latest") as file:
        fill(file)
    return "a.h5"


@family
def hdf5_references(draw: random.Random, folder: Path) -> str:
    import h5py

    def fill(file: "h5py.File") -> None:
        file["y"] = np.arange(4) % 2
        match draw.randrange(5):
            case 0:
                file["x"] = h5py.ExternalLink("/etc/passwd", "/x")
            case 1:
                file["x"] = h5py.SoftLink("/y")
            case 2:
                layout = h5py.VirtualLayout((4, 8), "u1")
                layout[:] = h5py.VirtualSource("/etc/passwd", "x", (4, 8))
                file.create_virtual_dataset("x", layout)
            case 3:
                file.create_dataset("x", (4, 8), "u1", external=[("/etc/passwd", 0, 32)])
            case 4:
                file.create_group("x")

    return hdf5_file(folder, fill)


@family
def hdf5_sizes(draw: random.Random, folder: Path) -> str:
    import h5py

    def fill(file: "h5py.File") -> None:
        file["y"] = np.arange(4) % 2
        shape = draw.choice([(2**40, 8), (4, 2**40), (2**31, 2**20)])
        chunks = draw.choice([(1, 8), (4, 2**20 if shape[1] > 2**20 else 8)])
        file.create_dataset("x", shape, "u1", chunks=chunks, compression=draw.choice([None, "gzip"]))

    return hdf5_file(folder, fill)


@family
def hdf5_types(draw: random.Random, folder: Path) -> str:
    import h5py

    def fill(file: "h5py.File") -> None:
        kind = draw.choice(
            [
                h5py.string_dtype(),
                h5py.vlen_dtype(np.int32),
                h5py.ref_dtype,
                np.dtype([("a", "f4")]),
                np.dtype("S9"),
                np.dtype("c8"),
            ]
        )
        file.create_dataset("x", (4,), kind)
        file["y"] = np.arange(4) % 2

    return hdf5_file(folder, fill)


@family
def hdf5_bombs(draw: random.Random, folder: Path) -> str:
    import h5py

    def fill(file: "h5py.File") -> None:
        count = draw.choice([200, 400])
        for name in ("x", "y"):  # a number a sample, which is read as a whole
            data = file.create_dataset(name, (count << 20,), "u1", chunks=(1 << 20,), compression="gzip")
            for number in range(count):
                data.id.write_direct_chunk((number << 20,), ZEROS)

    return hdf5_file(folder, fill)


ZEROS = zlib.compress(bytes(1 << 20), 9)


@family
def hdf5_damage(draw: random.Random, folder: Path) -> str:
    def fill(file: object) -> None:
        file["x"], file["y"] = array(4, 1, 8, 8), np.arange(4) % 2  # type: ignore[index]

    source = hdf5_file(folder, fill)
    return written(folder, source, damaged(draw, (folder / source).read_bytes()))


@family
def other_sources(draw: random.Random, folder: Path) -> str:
    kind = draw.choice(["fifo", "zero", "self", "folder", "text", "npy", "missing", "long", "nul"])
    name = "a" + draw.choice([".npz", ".csv", ".h5"])
    match kind:
        case "fifo":
            os.mkfifo(folder / name)
        case "zero":
            (folder / name).symlink_to("/dev/zero")
        case "self":
            (folder / name).symlink_to(name)
        case "folder":
            (folder / name).mkdir()
        case "text":
            return written(folder, "a.txt", b"1,2\n")
        case "npy":
            return written(folder, "a.npy", npy((4,), data=b"1234"))
        case "long":
            return "a" * 5000
        case "nul":
            return TERMINAL
    return name


@family
def sources_that_specs_name(draw: random.Random, folder: Path) -> str:
    target = draw.choice(
        [
            "/etc/passwd",
            "../outside.npz",
            "/dev/zero",
            "/proc/self/environ",
            "~/.ssh/id_rsa",
            "/etc",
            "link.npz",
            "..",
            "nowhere.npz",
        ]
    )
    written(folder.parent, "outside.npz", good_npz())
    (folder / "link.npz").symlink_to("../outside.npz")
    return written(folder, "spec.toml", f'{SPEC}[data]\nsource = "{target}"\n'.encode())


def prepared(family: str, draw: random.Random, folder: Path) -> tuple[list[str], str]:
    return ["data", "check", FAMILIES[family](draw, folder)], "text"


def _warm_up() -> None:
    """Import what reading data needs."""
    import h5py  # noqa: F401
    from PIL import Image

    import nbcnn_cli.main  # noqa: F401
    from nbcnn import api

    Image.init()
    with tempfile.TemporaryDirectory() as room:
        api.check_data(str(Path(room) / written(Path(room), "a.npz", good_npz())))


if __name__ == "__main__":
    _warm_up()
    sys.exit(campaign(__doc__, "hostile data files", FAMILIES, prepared))
