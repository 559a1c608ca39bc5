"""Pickles read as data: nothing that one names is imported or called, NumPy's arrays become their bytes."""

import io
import pickle
from dataclasses import dataclass
from typing import Any

from nbcnn.errors import DataError


@dataclass
class PlainArray:
    """What stands for an array: its `content` as it lies in memory, if the pickle has any."""

    content: Any = None

    def __setstate__(self, state: Any) -> None:
        # (version, shape, dtype, whether the first axis is the fastest, content)
        if isinstance(state, tuple) and len(state) == 5:
            self.content = state[4]


@dataclass
class _PlainType:
    """What stands for the type of an array's numbers."""

    def __setstate__(self, state: Any) -> None:
        """Of no use: the reader knows what it expects."""


def _encoded(text: str, encoding: str) -> bytes:
    """Bytes, which Python 3 writes as a text to be encoded where its pickle is to be read by Python 2."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"it encodes as {encoding}")
    return text.encode("latin1")


STAND_INS: dict[tuple[str, str], Any] = {("_codecs", "encode"): _encoded} | {
    (module, name): stand_in
    for module in ("numpy", "numpy.core.multiarray", "numpy._core.multiarray")
    for name, stand_in in (
        ("_reconstruct", lambda *arguments: PlainArray()),
        ("ndarray", None),
        ("dtype", lambda *arguments: _PlainType()),
    )
}


class _Unpickler(pickle._Unpickler):
    """The one written in Python: that in C takes memory for as many things as any one number in a pickle says."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in STAND_INS:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return STAND_INS[module, name]

    def persistent_load(self, number: Any) -> Any:
        raise pickle.UnpicklingError("it refers to something outside")


def load_plain(content: bytes, place: str) -> Any:
    """What a pickle holds of dictionaries, lists, numbers and texts, these as bytes; raises DataError for any other."""
    try:
        return _Unpickler(io.BytesIO(content), encoding="bytes").load()
    # A damaged pickle ends in almost any kind of exception; all mean the same.
    except Exception as error:
        raise DataError(
            f"{place}: a pickle of plain values and arrays is expected, and this is none ({str(error)[:200]!r}); use "
            "the binary form"
        ) from None
