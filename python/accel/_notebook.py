"""How results look in a notebook: one plain table, everything escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]], caption: str) -> str:
    """An HTML table."""
    from html import escape  # noqa: PLC0415 - brings a list of all entities, half a MiB, which only notebooks need

    def row(tag: str, cells: Sequence[str]) -> str:
        return "<tr>" + "".join(f"<{tag} style='text-align:left'>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    body = "".join(row("td", cells) for cells in rows)
    return f"<table><caption>{escape(caption)}</caption><thead>{row('th', head)}</thead><tbody>{body}</tbody></table>"
