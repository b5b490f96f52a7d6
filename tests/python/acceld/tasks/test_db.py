"""Which databases are accepted, and what happens when one is away."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from acceld.errors import QueueError, QueueUnavailable
from acceld.tasks import db, filesystem
from acceld.tasks.model import NewTask
from acceld.tasks.queue import Queue
from tests.python.acceld.tasks.conftest import NewUrl
from tests.support.postgresql import PostgreSQL

TASK = NewTask(kind="convert", key="a", lane="h.io")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "want sqlite:///PATH"),
        ("tasks.db", "want sqlite:///PATH"),
        ("mysql://user:secret@h/db", "want sqlite:///PATH"),
        ("sqlite://", "want sqlite:///PATH"),
        ("sqlite:///:memory:", "want sqlite:///PATH"),
        ("sqlite:////nosuch/dir/tasks.db", "there is no directory /nosuch/dir"),
    ],
)
def test_other_urls_are_refused_with_what_is_accepted(url: str, message: str) -> None:
    with pytest.raises(QueueError, match=message) as caught:
        db.open_database(url)
    assert "secret" not in str(caught.value)


def test_times_are_those_of_the_database(new_url: NewUrl) -> None:
    database = db.open_database(new_url())
    try:
        first = database.read(lambda connection: connection.execute(select(database.now)).scalar_one())
        time.sleep(0.05)
        second = database.read(lambda connection: connection.execute(select(database.now)).scalar_one())
    finally:
        database.close()
    assert abs(first - time.time()) < 60
    assert 0.04 < second - first < 5


def test_sqlite_writes_through_and_readers_do_not_wait(tmp_path: Path) -> None:
    database = db.open_database(f"sqlite:///{tmp_path}/t.db")
    try:

        def settings(connection: Connection) -> tuple[str, int]:
            run = connection.exec_driver_sql
            return run("PRAGMA journal_mode").scalar_one(), run("PRAGMA synchronous").scalar_one()

        assert database.read(settings) == ("wal", 2)  # 2: FULL
    finally:
        database.close()


def test_sqlite_on_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = filesystem.filesystem_type(tmp_path)
    monkeypatch.setattr(filesystem, "NETWORK_FILESYSTEMS", {kind: "NFS"})  # the tests' own file system stands for one
    with pytest.raises(QueueError, match=r"is on NFS, where SQLite cannot lock safely; .* PostgreSQL"):
        db.open_database(f"sqlite:///{tmp_path}/t.db")
    assert list(tmp_path.iterdir()) == []


def test_file_systems_are_told_apart() -> None:
    assert filesystem.filesystem_type(Path("/proc")) == 0x9FA0  # PROC_SUPER_MAGIC of linux/magic.h
    assert filesystem.network_filesystem(Path("/proc")) == ""
    with pytest.raises(FileNotFoundError):
        filesystem.filesystem_type(Path("/nosuch"))


def test_a_locked_database_is_waited_for_and_then_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "PATIENCE", 0.3)
    path = tmp_path / "t.db"
    database = db.open_database(f"sqlite:///{path}")
    other = sqlite3.connect(path, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(QueueUnavailable, match=r"t\.db does not answer: database is locked"):
            Queue(database).put([TASK])
        other.execute("ROLLBACK")
        assert Queue(database).put([TASK])
    finally:
        other.close()
        database.close()


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "t.db").write_bytes(b"x" * 4096)
    with pytest.raises(QueueError, match=r"t\.db cannot be used: file is not a database"):
        db.open_database(f"sqlite:///{tmp_path}/t.db")


def test_a_restart_of_the_server_passes_unnoticed(postgresql: PostgreSQL) -> None:
    database = db.open_database(postgresql.new_database())
    try:
        queue = Queue(database)
        (first,) = queue.put([TASK])
        claim = queue.take("w")
        assert claim is not None
        postgresql.restart()
        assert queue.beat(claim).value == "ok"
        assert queue.put([TASK])[0].task_id == first.task_id
        assert queue.done(claim)
    finally:
        database.close()


def test_options_of_the_url_are_kept_and_commits_are_durable_whatever_they_say(postgresql: PostgreSQL) -> None:
    url = postgresql.new_database() + "&options=-c%20statement_timeout%3D77s%20-c%20synchronous_commit%3Doff"
    database = db.open_database(url)
    try:

        def settings(connection: Connection) -> list[str]:
            names = ("statement_timeout", "synchronous_commit")
            return [connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in names]

        assert database.read(settings) == ["77s", "on"]
    finally:
        database.close()


def test_a_server_that_is_away_is_named_without_its_password(
    postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "PATIENCE", 0.3)
    url = postgresql.new_database().replace("postgres@", "postgres:secret@")
    database = db.open_database(url)
    try:
        postgresql.stop()
        try:
            with pytest.raises(QueueUnavailable, match=r"postgresql.*\*\*\*.*does not answer") as caught:
                Queue(database).put([TASK])
        finally:
            postgresql.start()
        assert "secret" not in str(caught.value)
        assert Queue(database).put([TASK])
    finally:
        database.close()
