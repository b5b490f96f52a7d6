"""Waiting for work without asking all the time: a worker hears of new tasks and looks again after a while anyway."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from acceld.errors import QueueError

if TYPE_CHECKING:
    from acceld.tasks.db import Database

# Other processes of a SQLite file cannot be heard: it is looked at so often, in seconds.
SQLITE_POLL = 0.5

_CHANNEL = "acceld"
_ANY = ""  # the kind of a call that is for everybody


class Wakeup:
    """Tells workers that there may be something to take: those of this process, with PostgreSQL those of all.

    A call may be lost (a broken connection): it saves waiting and is no promise. Thread-safe.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._is_sqlite = database.name == "sqlite"
        self._condition = threading.Condition()
        self._calls: Counter[str] = Counter()  # by kind

    def call(self, *kinds: str) -> None:
        """Wakes those who wait for tasks of these kinds; without any, everybody."""
        with self._condition:
            self._calls.update(kinds or [_ANY])
            self._condition.notify_all()
        if not self._is_sqlite:
            payload = " ".join(kinds)
            with contextlib.suppress(QueueError):  # the work stands in the database already
                self._database.write(
                    lambda connection: connection.execute(select(func.pg_notify(_CHANNEL, payload))).close()
                )

    def listener(self, kind: str) -> Listener:
        """What one thread waits with for tasks of a kind. From here on no call is missed."""
        return Listener(self, kind)


class Listener:
    """The ear of one thread. Close it, or use it in a `with` block."""

    def __init__(self, wakeup: Wakeup, kind: str) -> None:
        self._wakeup = wakeup
        self._kind = kind
        self._heard = self._calls()
        self._connection: Any = None
        self._connect()

    def wait(self, seconds: float) -> bool:
        """Waits for a call.

        Returns:
            True when there was one since the last wait; False after at most `seconds`: look for work in both cases.
        """
        if self._connection is None and not self._connect():
            return self._wait_here(min(seconds, SQLITE_POLL))
        deadline = time.monotonic() + seconds
        try:
            while (left := deadline - time.monotonic()) > 0:
                for call in self._connection.notifies(timeout=left, stop_after=1):
                    if not call.payload or self._kind in call.payload.split():
                        return True
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

    def _calls(self) -> int:
        calls = self._wakeup._calls  # noqa: SLF001 - the two are one thing
        return calls[_ANY] + calls[self._kind]

    def _wait_here(self, seconds: float) -> bool:
        condition = self._wakeup._condition  # noqa: SLF001 - as above
        with condition:
            called = condition.wait_for(lambda: self._calls() != self._heard, seconds)
            self._heard = self._calls()
            return called
