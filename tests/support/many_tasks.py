"""A long history, written at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, insert

from acceld.tasks.model import ENDED
from acceld.tasks.schema import task as task_table

if TYPE_CHECKING:
    from acceld.tasks.db import Database


def fill(database: Database, count: int) -> None:
    """Puts `count` ended tasks of seven registries and three profiles into an empty database."""
    ended = [state.value for state in ENDED]
    rows = [
        {
            "id": f"id-{number}",
            "kind": "convert",
            "key": f"key-{number}",
            "open": False,
            "joins_running": True,
            "lane": f"h{number % 7}.io",
            "source": f"h{number % 7}.io/team/{'rare-' if number % 11111 == 0 else 'app-'}{number}:v1",
            "digest": "",
            "profile": f"p{number % 3}",
            "arguments": "{}",
            "state": ended[0] if number % 50 else ended[number % 3],
            "priority": 0,
            "due": 0.0,
            "attempt": 1,
            "max_attempts": 5,
            "worker": "w",
            "cancel_requested": False,
            "created": 1.0,
            "finished": 2.0,
            "error": "",
            "result": "{}",
            "progress": "{}",
        }
        for number in range(count)
    ]

    def work(connection: Connection) -> None:
        connection.execute(insert(task_table), rows)

    database.write(work)
