"""Databases of every version are brought up to date; those of newer versions are left alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Connection, Index, Table, create_engine, inspect

from acceld.errors import QueueError
from acceld.tasks import db, migrations
from acceld.tasks.history import History
from acceld.tasks.migrations import STEPS
from acceld.tasks.model import NewTask
from acceld.tasks.queue import Queue
from acceld.tasks.schema import metadata
from tests.python.acceld.tasks.conftest import NewUrl


def next_step(connection: Connection) -> None:
    """A step as a later version may have it."""
    connection.exec_driver_sql("ALTER TABLE task ADD COLUMN note TEXT NOT NULL DEFAULT 'old'")


def shape(connection: Connection) -> dict[str, Any]:
    """Tables with their columns and indexes, as the database knows them."""
    found = inspect(connection)
    return {
        table: (
            {column["name"]: column["nullable"] for column in found.get_columns(table)},
            set(found.get_pk_constraint(table)["constrained_columns"]),
            {index["name"]: bool(index["unique"]) for index in found.get_indexes(table)},
        )
        for table in found.get_table_names()
    }


def wanted(table: Table) -> Any:
    """The same of a table in schema.py."""

    def name(index: Index) -> str:
        return str(index.name)

    return (
        {column.name: bool(column.nullable) for column in table.columns},
        {column.name for column in table.primary_key.columns},
        {name(index): bool(index.unique) for index in table.indexes},
    )


def test_the_steps_make_what_the_queries_expect(new_url: NewUrl) -> None:
    database = db.open_database(new_url())
    try:
        made = database.read(shape)
    finally:
        database.close()
    assert made == {table.name: wanted(table) for table in metadata.sorted_tables}


def test_a_database_of_an_older_version_keeps_its_tasks(new_url: NewUrl) -> None:
    database = db.open_database(new_url())
    try:
        (ticket,) = Queue(database).put([NewTask(kind="convert", key="a", lane="h.io", asker="me")])
        database.write(lambda connection: migrations.migrate(connection, [*STEPS, next_step]))
        database.write(lambda connection: migrations.migrate(connection, [*STEPS, next_step]))
        columns = database.read(lambda connection: connection.exec_driver_sql("SELECT note FROM task").scalars().all())
        assert columns == ["old"]
        assert History(database).get(ticket.task_id).key == "a"
        claim = Queue(database).take("w")
        assert claim is not None
        assert Queue(database).done(claim)
    finally:
        database.close()


def test_a_step_that_fails_leaves_the_version_before_it(new_url: NewUrl) -> None:
    def broken(connection: Connection) -> None:
        next_step(connection)
        raise RuntimeError("power cut")

    database = db.open_database(new_url())
    try:
        with pytest.raises(RuntimeError, match="power cut"):
            database.write(lambda connection: migrations.migrate(connection, [*STEPS, broken]))
        assert "note" not in database.read(shape)["task"][0]
        database.write(lambda connection: migrations.migrate(connection, [*STEPS, next_step]))
        assert "note" in database.read(shape)["task"][0]
    finally:
        database.close()


def test_a_database_of_a_newer_version_is_refused(new_url: NewUrl) -> None:
    url = new_url()
    database = db.open_database(url)
    database.write(lambda connection: migrations.migrate(connection, [*STEPS, next_step]))
    database.close()
    with pytest.raises(QueueError, match=r"schema version 4, this version of acceld knows 3; use the newer acceld"):
        db.open_database(url)


def test_daemons_that_start_together_make_the_tables_once(new_url: NewUrl) -> None:
    url = new_url()
    with ThreadPoolExecutor(6) as pool:
        opened = list(pool.map(lambda _: db.open_database(url), range(6)))
    for database in opened:
        database.close()
    assert History(opened[0]).count() == 0
    opened[0].close()


def test_partial_indexes_are_used(new_url: NewUrl) -> None:
    """SQLite's planner says so; bound values in their place would lose them silently."""
    url = new_url()
    database = db.open_database(url)
    if database.name != "sqlite":
        database.close()
        return
    plans: list[str] = []
    engine = create_engine(url)
    queue = Queue(database)
    statements: list[tuple[str, Any]] = []
    from sqlalchemy import event

    event.listen(
        database._engine,
        "before_cursor_execute",
        lambda connection, cursor, statement, parameters, context, many: statements.append((statement, parameters)),
    )
    queue.put([NewTask(kind="k", key="a", lane="l", exclusive="e")])
    assert queue.take("w") is not None
    queue.reap()
    database.close()
    with engine.connect() as connection:
        for statement, parameters in statements:
            if statement.startswith("SELECT task."):
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                plans += [str(row[3]) for row in rows]
    engine.dispose()
    text = "\n".join(plans)
    for index in ("task_open_key", "task_queued", "task_running_exclusive", "task_running"):
        assert f"INDEX {index}" in text, text
    # A step to each lane, whatever waits in the others.
    assert "INDEX task_queued (state=? AND (kind,lane)>(?,?))" in text, text
    assert "INDEX task_queued (state=? AND kind=? AND lane=?)" in text, text
    assert "SCAN task\n" not in f"{text}\n"
