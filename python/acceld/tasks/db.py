"""The task database: SQLite in a file or PostgreSQL, behind one way to read and to write.

All times come from the database's own clock, so machines whose clocks differ agree on leases.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    Double,
    Engine,
    Table,
    create_engine,
    event,
    literal_column,
    make_url,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, NoSuchModuleError, OperationalError

from acceld.errors import QueueError, QueueUnavailable, QueueUrlError
from acceld.tasks.filesystem import network_filesystem
from acceld.tasks.migrations import migrate

T = TypeVar("T")
Clock = Callable[[], ColumnElement[float]]

# Seconds a call waits for a database that is locked or away before it gives up.
PATIENCE = 5.0

_NOW = {
    "sqlite": "(julianday('now') - 2440587.5) * 86400.0",
    "postgresql": "CAST(extract(epoch FROM clock_timestamp()) AS double precision)",
}

# Any number that no other program in the same database uses: the lock of take, tick and migrations.
_LOCK = 0x61636C64

# A worker that is stopped in the middle of a transaction must not hold the others up for longer than this.
_IDLE_LIMIT_MS = 10_000

# When the server's machine is gone without a word, calls fail within this time instead of after many minutes.
_DEAD_PEER = {"tcp_user_timeout": 10_000, "keepalives_idle": 10, "keepalives_interval": 3, "keepalives_count": 3}

_SQLITE_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


class Database:
    """A task database that is ready for use. Thread-safe; make one with `open_database`."""

    def __init__(self, engine: Engine, *, clock: Clock | None = None) -> None:
        self._engine = engine
        self._writer = engine.execution_options(accel_write=True)
        self._clock = clock
        self._is_sqlite = engine.dialect.name == "sqlite"
        # Threads of one process wait here and not in SQLite, which only looks again every so often.
        self._turn: contextlib.AbstractContextManager[Any] = (
            threading.Lock() if self._is_sqlite else contextlib.nullcontext()
        )

    @property
    def name(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @property
    def now(self) -> ColumnElement[float]:
        """The database's clock, in seconds since 1970, as part of a statement."""
        if self._clock:
            return self._clock()
        # As a subquery it is evaluated once a statement, so an index can be used for comparisons with it.
        return select(literal_column(_NOW[self.name], Double)).scalar_subquery()

    def insert(self, table: Table) -> sqlite.Insert:
        """An INSERT that knows what to do about conflicts."""
        if self._is_sqlite:
            return sqlite.insert(table)
        # The two classes are apart in name only: the methods used here are spelled alike.
        return cast("sqlite.Insert", postgresql.insert(table))

    def lock(self, connection: Connection) -> None:
        """Until the transaction ends nobody else gets past here. SQLite's writers are alone anyway."""
        if not self._is_sqlite:
            connection.execute(select(literal_column(f"pg_advisory_xact_lock({_LOCK})")))

    def read(self, work: Callable[[Connection], T]) -> T:
        """Runs `work` in a transaction that only reads. Errors as in `write`."""
        return self._patiently(self._engine, contextlib.nullcontext(), work)

    def write(self, work: Callable[[Connection], T]) -> T:
        """Runs `work` in a transaction; when this returns it is on disk.

        `work` may run again when the connection broke, also when it had been committed: it must bear that.

        Raises:
            QueueUnavailable: the database is away or locked for longer than PATIENCE.
            QueueError: it cannot be used (full disk, missing rights).
        """
        return self._patiently(self._writer, self._turn, work)

    def listen(self, channel: str) -> Any:
        """A psycopg connection of its own that hears NOTIFY; None for SQLite. The caller closes it."""
        if self._is_sqlite:
            return None
        pooled = self._engine.raw_connection()
        connection = cast("Any", pooled.driver_connection)
        pooled.detach()  # it never goes back to others
        connection.autocommit = True
        connection.execute(f"LISTEN {channel}")
        return connection

    def prepare(self) -> None:
        """Makes the tables, or brings those of an older version up to date; one process at a time."""

        def work(connection: Connection) -> None:
            self.lock(connection)
            migrate(connection)

        self.write(work)

    def close(self) -> None:
        """Closes all connections."""
        self._engine.dispose()

    def _patiently(
        self, engine: Engine, turn: contextlib.AbstractContextManager[Any], work: Callable[[Connection], T]
    ) -> T:
        deadline = time.monotonic() + PATIENCE
        pause = 0.02
        while True:
            try:
                with turn, engine.connect() as connection, connection.begin():
                    return work(connection)
            except DBAPIError as error:
                if not _may_pass(error):
                    raise _explain(error, engine.url) from None
                if time.monotonic() + pause > deadline:
                    raise QueueUnavailable(
                        f"the task database {_safe(engine.url)} does not answer: {_reason(error)}"
                    ) from None
            time.sleep(pause)
            pause = min(pause * 2, 1.0)


def open_database(url: str, *, clock: Clock | None = None) -> Database:
    """Opens the task database, makes its tables or brings them up to date.

    Args:
        url: `sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST/NAME`.
        clock: Another clock than the database's own, for tests that drive time by hand.

    Raises:
        QueueError: a URL of another kind, a SQLite file on a network file system, tables of a newer version.
        QueueUnavailable: the server does not answer.
    """
    parsed = _parse(url)
    engine = _sqlite_engine(parsed) if parsed.drivername == "sqlite" else _postgresql_engine(parsed)
    database = Database(engine, clock=clock)
    try:
        database.prepare()
    except BaseException:
        database.close()
        raise
    return database


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise QueueUrlError(f"queue.url is no URL; want {_ACCEPTED}") from None
    kind = parsed.drivername
    if kind in {"postgres", "postgresql", "postgresql+psycopg"}:
        return parsed.set(drivername="postgresql+psycopg")
    if kind != "sqlite" or not parsed.database or parsed.database == ":memory:" or parsed.host:
        raise QueueUrlError(f"queue.url {_safe(parsed)}: want {_ACCEPTED}")
    return parsed


_ACCEPTED = "sqlite:///PATH (four slashes before an absolute path's first name) or postgresql://USER:PASSWORD@HOST/NAME"


def _sqlite_engine(url: URL) -> Engine:
    path = Path(url.database or "").absolute()
    if not path.parent.is_dir():
        raise QueueUrlError(f"queue.url {url}: there is no directory {path.parent}")
    if kind := network_filesystem(path.parent):
        raise QueueUrlError(
            f"queue.url {url}: {path.parent} is on {kind}, where SQLite cannot lock safely; "
            "use a local directory, or PostgreSQL when several machines share the queue"
        )
    # The connection used last comes first: what it has in its cache holds until another one writes.
    engine = create_engine(url, pool_use_lifo=True, connect_args={"timeout": PATIENCE})

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the driver's own transactions would begin too late for IMMEDIATE
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise QueueUrlError(f"queue.url {url}: the file system of {path.parent} does not allow SQLite's WAL mode")
        connection.execute("PRAGMA synchronous = FULL")  # what was accepted survives a power cut

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("accel_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _postgresql_engine(url: URL) -> Engine:
    own = url.query.get("options", ())
    given = own if isinstance(own, str) else " ".join(own)
    options = f"{given} -c synchronous_commit=on -c idle_in_transaction_session_timeout={_IDLE_LIMIT_MS}"
    arguments = {"connect_timeout": int(PATIENCE), "application_name": "acceld", "options": options, **_DEAD_PEER}
    try:
        return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20, connect_args=arguments)
    except (ModuleNotFoundError, NoSuchModuleError):
        raise QueueUrlError(
            f"queue.url {_safe(url)} needs the driver psycopg: pip install 'acceleration-service[postgres]'"
        ) from None


def _safe(url: URL) -> str:
    return url.render_as_string(hide_password=True)


def _reason(error: DBAPIError) -> str:
    return " ".join(str(error.orig).split())


def _may_pass(error: DBAPIError) -> bool:
    """True for a database that is locked, restarting or unreachable, and for transactions that met each other."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _SQLITE_BUSY
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        return isinstance(error, OperationalError) or error.connection_invalidated
    # connection exceptions, serialization failures and deadlocks, too many connections, operator intervention
    return state[:2] in {"08", "40", "53", "57"} or state == "25P03"


def _explain(error: DBAPIError, url: URL) -> Exception:
    if type(error) in {OperationalError, DatabaseError}:  # the others are faults of ours
        return QueueError(f"the task database {_safe(url)} cannot be used: {_reason(error)}")
    return error


def in_state(column: ColumnElement[str], state: str) -> ColumnElement[bool]:
    """`column = 'state'` spelled out: a bound value would keep both databases from using partial indexes."""
    return column == literal_column(f"'{state}'")


def is_open() -> ColumnElement[bool]:
    """The condition of the index on open keys, spelled as there."""
    return literal_column("task.open")
