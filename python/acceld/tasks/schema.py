"""The tables as the queries see them. `migrations.py` makes them; a test compares both."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    text,
)

metadata = MetaData()

# SQLite counts rows by itself only in a column of type INTEGER.
Number = BigInteger().with_variant(Integer, "sqlite")

task = Table(
    "task",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=True),  # order of creation; pages go by it
    Column("id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("open", Boolean, nullable=False),  # whether requests with the same key join this task
    Column("joins_running", Boolean, nullable=False),
    Column("exclusive", Text),
    Column("lane", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("profile", Text, nullable=False),
    Column("arguments", Text, nullable=False),  # JSON
    Column("state", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("due", Double, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    Column("token", Text),  # of the worker that holds it, or held it when it ended
    Column("worker", Text, nullable=False),
    Column("lease", Double),
    Column("cancel_requested", Boolean, nullable=False),
    Column("created", Double, nullable=False),
    Column("started", Double),
    Column("finished", Double),
    Column("error", Text, nullable=False),
    Column("result", Text, nullable=False),  # JSON
    Column("progress", Text, nullable=False),  # JSON
)


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


Index("task_id", task.c.id, unique=True)
Index("task_open_key", task.c.key, unique=True, **_where("open"))  # one open task for a key
Index("task_running_exclusive", task.c.exclusive, unique=True, **_where("state = 'running'"))
# The state stands in front though it is always the same: it makes SQLite prefer these to task_page.
Index(
    "task_queued",
    task.c.state,
    task.c.kind,
    task.c.lane,
    task.c.priority.desc(),
    task.c.due,
    task.c.number,
    **_where("state = 'queued'"),
)
Index("task_running", task.c.state, task.c.lane, task.c.lease, **_where("state = 'running'"))
# Pages and their filters are answered from this index alone; only the rows that are shown are read.
Index("task_page", task.c.state, task.c.number, task.c.lane, task.c.profile, task.c.source)
Index("task_finished", task.c.finished)

# Who asked for a task.
ask = Table(
    "ask",
    metadata,
    Column("task", Number, primary_key=True, autoincrement=False),
    Column("asker", Text, primary_key=True),
    Column("at", Double, nullable=False),
)
Index("ask_asker", ask.c.asker)

log_line = Table(
    "log_line",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=True),
    Column("task", Number, nullable=False),
    Column("at", Double, nullable=False),
    Column("level", Text, nullable=False),
    Column("message", Text, nullable=False),
)
Index("log_line_task", log_line.c.task, log_line.c.number)

# The last start in a lane whose starts are limited.
lane = Table(
    "lane",
    metadata,
    Column("name", Text, primary_key=True),
    Column("last_start", Double, nullable=False),
)

schedule = Table(
    "schedule",
    metadata,
    Column("name", Text, primary_key=True),
    Column("cron", Text, nullable=False),  # when; "every 3600 s" of a job that makes no task
    Column("next", Double, nullable=False),
)

# What only grows: it survives the retention of tasks.
counter = Table(
    "counter",
    metadata,
    Column("name", Text, primary_key=True),
    Column("label", Text, primary_key=True),
    Column("value", Double, nullable=False),
)

# The same by time, of what charts show: `at` is the start of an interval, in seconds since 1970.
tally = Table(
    "tally",
    metadata,
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, primary_key=True),
    Column("label", Text, primary_key=True),
    Column("value", Double, nullable=False),
)

schema_version = Table("schema_version", metadata, Column("version", Integer, nullable=False))
