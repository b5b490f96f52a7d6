"""Results on standard output: tables for people, JSON for programs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def print_json(document: Mapping[str, Any]) -> None:
    """One JSON document. Names that are no UTF-8 come as escaped surrogates."""
    import json  # noqa: PLC0415 - help prints none

    click.echo(json.dumps(document, indent=2, ensure_ascii=True))


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> None:
    """A table: ruled on a terminal, aligned columns elsewhere. `right` are the columns of numbers."""
    if sys.stdout.isatty():
        _print_ruled(head, rows, right)
        return
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        cells = [
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        click.echo(printable("  ".join(cells).rstrip()))


def _print_ruled(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int]) -> None:
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415 - only tables on a terminal need rich
    from rich.console import Console  # noqa: PLC0415 - as above
    from rich.table import Table  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    table = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for column, title in enumerate(head):
        table.add_column(title, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*[Text(printable(cell)) for cell in row])
    Console().print(table)


def printable(text: str) -> str:
    """`text` without what would move the cursor or cannot be encoded: hostile names stay on their line."""
    clean = "".join(character if character.isprintable() else "?" for character in text)
    return clean.encode("utf-8", "replace").decode("utf-8")
