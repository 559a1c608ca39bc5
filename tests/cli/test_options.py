import datetime
from typing import Any

import pytest

from nbcnn_cli.options import _value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("1e-3", 0.001),
        ("true", True),
        ("[3, 5]", [3, 5]),
        ("same", "same"),
        ('"3"', "3"),
        ("", ""),
        ("1\nname = 2", "1\nname = 2"),
        ("[" * 5000, "[" * 5000),
        ("2020-01-01", datetime.date(2020, 1, 1)),
    ],
)
def test_values_are_toml_or_words(text: str, value: Any) -> None:
    assert _value(text) == value
