"""Rows of the task table as values."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from acceld.tasks.model import State, Task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Row


def to_json(value: Mapping[str, Any]) -> str:
    """JSON as it is stored: the same value, the same text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def to_task(row: Row[Any]) -> Task:
    """A row of the table `task`; its columns are named like the attributes."""
    values = {attribute.name: getattr(row, attribute.name) for attribute in fields(Task)}
    values |= {name: json.loads(values[name]) for name in ("arguments", "result", "progress")}
    values |= {"state": State(row.state), "cancel_requested": bool(row.cancel_requested)}
    return Task(**values)
