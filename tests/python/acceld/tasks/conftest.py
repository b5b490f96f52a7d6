"""Task databases of both kinds, with the database's clock or one that is driven by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import ColumnElement, Double, literal

from acceld.tasks.db import Database, open_database
from acceld.tasks.queue import Queue
from tests.support.postgresql import (
    PostgreSQL,
    postgresql,  # noqa: F401 - a fixture
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 1_700_000_000.0

    def __call__(self) -> ColumnElement[float]:
        return literal(self.seconds, Double)

    def advance(self, seconds: float) -> None:
        self.seconds += seconds


NewUrl = Callable[[], str]


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> NewUrl:
    """Makes URLs of empty databases, of each kind in turn."""
    if request.param == "postgresql":
        cluster: PostgreSQL = request.getfixturevalue("postgresql")
        return cluster.new_database
    numbers = iter(range(1000))
    return lambda: f"sqlite:///{tmp_path}/tasks-{next(numbers)}.db"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def database(new_url: NewUrl, clock: HandClock) -> Iterator[Database]:
    """A database whose time is driven by hand."""
    opened = open_database(new_url(), clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def queue(database: Database) -> Queue:
    """A queue with a lease of 30 seconds and retries after exactly the upper half's start."""
    return Queue(database, lease=30.0, chance=lambda: 0.0)
