"""Waiting for work without asking all the time: a worker hears of new tasks and looks again after a while anyway."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from acceld.errors import QueueError

if TYPE_CHECKING:
    from acceld.tasks.db import Database

# Other processes of a SQLite file cannot be heard: it is looked at so often, in seconds.
SQLITE_POLL = 0.5

_CHANNEL = "acceld"


class Wakeup:
    """Tells workers that there may be something to take: those of this process, with PostgreSQL those of all.

    A call may be lost (a broken connection): it saves waiting and is no promise. Thread-safe.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._is_sqlite = database.name == "sqlite"
        self._condition = threading.Condition()
        self._calls = 0

    def call(self) -> None:
        """Wakes the waiting workers."""
        with self._condition:
            self._calls += 1
            self._condition.notify_all()
        if not self._is_sqlite:
            with contextlib.suppress(QueueError):  # the work stands in the database already
                self._database.write(
                    lambda connection: connection.execute(select(func.pg_notify(_CHANNEL, ""))).close()
                )

    def listener(self) -> Listener:
        """What one worker thread waits with. From here on no call is missed."""
        return Listener(self)


class Listener:
    """The ear of one thread. Close it, or use it in a `with` block."""

    def __init__(self, wakeup: Wakeup) -> None:
        self._wakeup = wakeup
        self._heard = wakeup._calls  # noqa: SLF001 - the two are one thing
        self._connection: Any = None
        self._connect()

    def wait(self, seconds: float) -> bool:
        """Waits for a call.

        Returns:
            True when there was one since the last wait; False after at most `seconds`: look for work in both cases.
        """
        if self._connection is None and not self._connect():
            return self._wait_here(min(seconds, SQLITE_POLL))
        try:
            return any(True for _ in self._connection.notifies(timeout=seconds, stop_after=1))
        except Exception:
            self.close()
            time.sleep(min(seconds, SQLITE_POLL))
            return False

    def close(self) -> None:
        """Gives the connection back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _connect(self) -> bool:
        try:
            self._connection = self._wakeup._database.listen(_CHANNEL)  # noqa: SLF001 - as above
        except (SQLAlchemyError, QueueError):
            self._connection = None
        return self._connection is not None

    def _wait_here(self, seconds: float) -> bool:
        wakeup = self._wakeup
        with wakeup._condition:  # noqa: SLF001 - as above
            called = wakeup._condition.wait_for(lambda: wakeup._calls != self._heard, seconds)  # noqa: SLF001
            self._heard = wakeup._calls  # noqa: SLF001
            return called
