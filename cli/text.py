"""Numbers, shapes and tables as people read them."""

import sys
from collections.abc import Iterable, Sequence
from unicodedata import category, east_asian_width

import click

GAP = "  "


def number(value: float) -> str:
    """61706 -> 61,706."""
    return f"{value:,}"


def counted(count: int, noun: str, nouns: str | None = None) -> str:
    """1, "layer" -> 1 layer; 3 -> 3 layers."""
    return f"{number(count)} {noun if count == 1 else nouns or f'{noun}s'}"


def shape_text(shape: Sequence[int]) -> str:
    """[6, 28, 28] -> 6x28x28."""
    return "x".join(map(str, shape))


def bytes_text(count: int) -> str:
    """246824 -> 241.0 KiB."""
    size = float(count)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def percent(share: float) -> str:
    """0.97746 -> 97.75%."""
    return f"{100 * share:.2f}%"


def measured_text(loss: float, accuracy: float | None, samples: int) -> str:
    """accuracy 97.75% of 355 samples, loss 0.0772; or loss 0.0772 of 355 samples, where nothing is right or wrong."""
    if accuracy is None:
        return f"loss {loss:.4f} of {number(samples)} samples"
    return f"accuracy {percent(accuracy)} of {number(samples)} samples, loss {loss:.4f}"


def duration(seconds: float) -> str:
    """83 -> 1:23; 3683 -> 1:01:23."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def shown(text: str) -> str:
    """A line with the numbers of what a terminal would obey: names of files and classes may hold anything."""
    return text if text.isprintable() else "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def width(text: str) -> int:
    """Columns that a text takes in a terminal."""
    if text.isascii():
        return len(text)
    return sum(0 if category(each) in ("Mn", "Me") else 2 if east_asian_width(each) in "WF" else 1 for each in text)


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table on standard output; a column whose name begins with ">" is right-aligned.

    In a terminal it has a title and a rule, and where there is no room for its numbers, a line for each of them; for a
    pipe it is plain columns, one line a row.
    """
    cells = [tuple(map(shown, each)) for each in rows]
    names = [name.lstrip(">") for name in columns]
    widths = [max(width(row[i]) for row in (names, *cells)) for i in range(len(names))]
    lines = [
        GAP.join(
            blanks + cell if name.startswith(">") else cell + blanks
            for name, cell, room in zip(columns, row, widths, strict=True)
            for blanks in [" " * (room - width(cell))]
        ).rstrip()
        for row in (names, *cells)
    ]
    if sys.stdout.isatty():
        from shutil import get_terminal_size

        needed = max(map(width, lines))
        if needed <= get_terminal_size().columns:
            lines = [title, "", lines[0], "-" * needed, *lines[1:], ""]
        elif any(name.startswith(">") for name in columns):
            # Columns of words alone are as well read in several lines; a number is not.
            _print_one_by_one(title, names, cells)
            return
        else:
            _print_folded(title, names, cells)
            return
    click.echo("\n".join(lines))


def _print_one_by_one(title: str, names: Sequence[str], rows: Iterable[tuple[str, ...]]) -> None:
    click.echo(title)
    for first, *rest in rows:
        click.echo(first)
        for name, cell in zip(names[1:], rest, strict=True):
            click.echo(f"{GAP}{name} {cell}".rstrip())


def _print_folded(title: str, names: Sequence[str], rows: Iterable[tuple[str, ...]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title), title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for name in names:
        table.add_column(Text(name), overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)
