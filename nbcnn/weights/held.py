"""A weights file that is open: its texts have been read, its arrays not yet."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO, FileIO

from nbcnn.errors import WeightsError
from nbcnn.network.network import Network
from nbcnn.weights import texts
from nbcnn.weights.files import read_at, size_of
from nbcnn.weights.seal import BLOCK, DAMAGED, checksum, is_sealed, read_block
from nbcnn.weights.sections import Entry, all_entries, read_manifest
from nbcnn.weights.snapshot import Arrays, Shapes, Snapshot, check_fits

FORMAT = "nbcnn weights"
FORMAT_VERSION = "1"
MOST_TEXT = 32 << 20
"""Bytes of all texts; the spec of a thousand layers takes half a megabyte of them, a history of 10,000 epochs four."""
BESIDES = 1 << 20
BESIDES_EACH = 8 << 10
"""Bytes that HDF5 takes at most for itself, and for each array and its group."""


class Held:
    """What a file says it holds; raises WeightsError where that breaks the rules of the format."""

    def __init__(self, file: FileIO | BytesIO, place: str) -> None:
        self._file, self._place = file, place
        self._size = size_of(file)
        self._table = read_block(bytes(read_at(file, 0, BLOCK, place)), self._size, place)
        self._refuse_long_texts()
        with _rules(place):
            received = " version ".join(self._text(name)[:50] for name in ("format", "format_version"))
            if received != f"{FORMAT} version {FORMAT_VERSION}":
                raise WeightsError(
                    f"{place}: {FORMAT} version {FORMAT_VERSION} is expected, received {received!r}; install the nbcnn "
                    "that wrote the file"
                )
            self.spec = texts.mapping(self._text("spec"), f"{place}: spec")
            self.classes = texts.class_labels(self._text("classes"), place)
            self.normalization = texts.normalization(self._text("normalization"), place)
            self.provenance = texts.mapping(self._text("provenance"), f"{place}: provenance")
            self.versions = texts.mapping(self._text("versions"), f"{place}: versions")
            state = self._text("state")
            self.trainer = texts.mapping(state, f"{place}: /trainer") if state else None
            self._manifest = read_manifest(texts.from_json(self._text("arrays")), self._size, place)
        self._refuse_more_than_declared()

    @property
    def shapes(self) -> Shapes:
        """The shape of every array, by section and key."""
        return {
            section: None if entries is None else {key: each.shape for key, each in entries.items()}
            for section, entries in self._manifest.items()
        }

    def read(self, network: Network | None = None) -> Snapshot:
        """All of the file, once its shapes are known to be the `network`'s, if one is given; raises WeightsError."""
        if network is not None:
            check_fits(self, network, self._place)
        data = read_at(self._file, 0, self._size, self._place)
        if len(data) < self._size or not is_sealed(data):
            raise WeightsError(f"{self._place}: the content does not match the file's own SHA-256; {DAMAGED}")
        with _rules(self._place):
            sections = {
                section: None if entries is None else self._arrays(entries, data, section)
                for section, entries in self._manifest.items()
            }
        return Snapshot(
            spec=self.spec,
            parameters=sections["parameters"] or {},
            buffers=sections["buffers"] or {},
            classes=self.classes,
            normalization=self.normalization,
            provenance=self.provenance,
            optimizer=sections["optimizer"],
            trainer=self.trainer,
            versions=self.versions,
        )

    def _text(self, name: str) -> str:
        where = self._table[name]
        content = read_at(self._file, where.offset, where.length, self._place)
        if where.length and checksum(content) != where.checksum:
            raise WeightsError(f"{self._place}: {name} does not match its SHA-256; {DAMAGED}")
        return content.decode("ascii")

    def _refuse_long_texts(self) -> None:
        length = sum(where.length for where in self._table.values())
        if length > MOST_TEXT:
            raise WeightsError(
                f"{self._place}: attributes of at most {MOST_TEXT} bytes are expected, received {length}; use another "
                "file"
            )

    def _refuse_more_than_declared(self) -> None:
        entries = all_entries(self._manifest)
        declared = sum(each.nbytes for each in entries)
        besides = sum(where.length for where in self._table.values()) + BESIDES + BESIDES_EACH * len(entries)
        if self._size > declared + besides:
            raise WeightsError(
                f"{self._place}: the arrays are declared with {declared} bytes, and at most {besides} bytes are "
                f"expected besides, the file holds {self._size}; use another file"
            )

    def _arrays(self, entries: dict[str, Entry], data: bytearray, section: str) -> Arrays:
        for key, entry in entries.items():
            if not entry.is_sound(data):
                raise WeightsError(f"{self._place}: {section} {key} does not match its SHA-256; {DAMAGED}")
        return {key: entry.view(data) for key, entry in entries.items()}


@contextmanager
def _rules(place: str) -> Iterator[None]:
    """A file with valid checksums that breaks them was made to do harm, or by a library with a bug.

    Python answers with any of a dozen exceptions, json among others with RecursionError, and all mean the same.
    """
    try:
        yield
    except WeightsError:
        raise
    except Exception as error:
        raise WeightsError(
            f"{place}: the file breaks the rules of its format ({str(error)[:200]}); use another file"
        ) from None
