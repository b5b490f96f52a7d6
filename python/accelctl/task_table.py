"""The list of tasks as the service that this one replaces prints it. Spec: service.md section 11.

Its columns are aligned with tabs that are eight wide: scripts split at them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accelctl.output import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HEAD = ("ID", "CREATED", "STATUS", "SOURCE", "REASON")

_TAB = 8
_MAX_TEXT = 80  # bytes of a source or reason


def lines(tasks: Sequence[Mapping[str, Any]]) -> list[str]:
    """Head and a line for each task."""
    rows = [HEAD, *(_row(task) for task in tasks)]
    widths = [max(len(row[column]) for row in rows) // _TAB * _TAB + _TAB for column in range(len(HEAD) - 1)]
    return ["".join(map(_cell, row, widths)) + row[-1] for row in rows]


def _row(task: Mapping[str, Any]) -> tuple[str, ...]:
    created = str(task.get("created", ""))[:19].replace("T", " ")
    texts = (str(task.get("id", "")), created, str(task.get("status", "")))
    return tuple(map(printable, (*texts, _short(str(task.get("source", ""))), _short(str(task.get("reason", ""))))))


def _cell(text: str, width: int) -> str:
    """`text` and tabs up to `width`, which is a multiple of eight and more than the text has."""
    return text + "\t" * -((len(text) - width) // _TAB)


def _short(text: str) -> str:
    content = text.encode()
    return text if len(content) <= _MAX_TEXT else content[:_MAX_TEXT].decode("utf-8", "ignore") + "..."
