"""An app on a SQLite queue, and a real uvicorn around it."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn

import accel
from acceld.app import make_app
from acceld.tasks.db import Database, open_database
from acceld.tasks.group import GroupCommit
from acceld.tasks.history import History
from acceld.tasks.queue import Queue

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import ASGIApp

    from acceld.limits import Limits

CONVERTER = {"driver": "nydus", "rules": [{"tag_suffix": "-nydus"}]}


@dataclass
class Parts:
    """An app and what it stands on."""

    app: Limits
    database: Database
    queue: Queue
    history: History
    group: GroupCommit
    draining: threading.Event = field(default_factory=threading.Event)


Make = Callable[..., Parts]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes apps with the sections of the configuration that are given."""
    with contextlib.ExitStack() as stack:

        def build(**sections: Any) -> Parts:
            config = accel.Config.from_dict({"converter": CONVERTER, **sections})
            database = open_database(f"sqlite:///{tmp_path}/tasks.db")
            stack.callback(database.close)
            queue, history = Queue(database), History(database)
            group = GroupCommit(queue)
            stack.callback(group.close)
            draining = threading.Event()
            parts: dict[str, Any] = {
                "database": database,
                "queue": queue,
                "history": history,
                "group": group,
                "draining": draining,
            }
            return Parts(make_app(config, **parts), **parts)

        yield build


@contextlib.contextmanager
def serving(app: ASGIApp, **settings: Any) -> Iterator[int]:
    """A real server in a thread; gives its port."""
    settings = {"host": "127.0.0.1", "port": 0, "log_level": "error", "timeout_graceful_shutdown": 2, **settings}
    server = uvicorn.Server(uvicorn.Config(app, **settings))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline = time.monotonic() + 20
        while not server.started:
            assert thread.is_alive()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        name = server.servers[0].sockets[0].getsockname()
        yield name[1] if isinstance(name, tuple) else 0
    finally:
        server.should_exit = True
        thread.join(20)


def send_slowly(port: int, first: bytes, seconds: float) -> bytes:
    """What the server answers to one who begins and does not go on."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        connection.sendall(first)
        return connection.recv(65536)
