"""Jobs that come round: collector, reconciliation, retention. Several daemons run each of them once."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cronsim import CronSim, CronSimError
from sqlalchemy import Connection, select, update

from acceld.errors import QueueError
from acceld.tasks import admission
from acceld.tasks.schema import schedule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acceld.tasks.db import Database
    from acceld.tasks.model import NewTask


@dataclass(frozen=True)
class Schedule:
    """A task that is put again and again.

    Attributes:
        name: Names the schedule in the database.
        cron: Minute, hour, day of month, month, day of week, in UTC.
        task: What is put. While it is open, the next time joins it.
    """

    name: str
    cron: str
    task: NewTask

    def after(self, moment: float) -> float:
        """The first time after `moment`, both in seconds since 1970.

        Raises:
            QueueError: `cron` is no such expression, or never comes.
        """
        try:
            return next(CronSim(self.cron, datetime.fromtimestamp(moment, UTC))).timestamp()
        except (CronSimError, StopIteration):
            raise QueueError(
                f"schedule {self.name}: {self.cron!r} is no time; want minute, hour, day, month, weekday: '0 3 * * *'"
            ) from None


def tick(database: Database, schedules: Sequence[Schedule]) -> list[str]:
    """Puts the tasks whose time has come. Any number of daemons may call it at any time.

    A new schedule begins with its next time. Times that passed while no daemon ran are made up for by one task.

    Returns:
        Names of the schedules whose task was put by this call.
    """
    ids = {each.name: str(uuid.uuid4()) for each in schedules}

    def work(connection: Connection) -> list[str]:
        database.lock(connection)
        now = connection.execute(select(database.now)).scalar_one()
        known = {row.name: row for row in connection.execute(select(schedule))}
        put = []
        for each in schedules:
            row = known.get(each.name)
            if row is None or row.cron != each.cron:
                values = {"cron": each.cron, "next": each.after(now)}
                statement = database.insert(schedule).values(name=each.name, **values)
                connection.execute(statement.on_conflict_do_update(index_elements=[schedule.c.name], set_=values))
            elif row.next <= now:
                moved = update(schedule).where(schedule.c.name == each.name).values(next=each.after(now))
                connection.execute(moved)
                admission.admit(database, connection, [each.task], [ids[each.name]])
                put.append(each.name)
        return put

    return database.write(work)


def claim(database: Database, name: str, interval: float) -> float:
    """Whether the caller is to do a job that one daemon does for all.

    Args:
        database: Where it is noted.
        name: The job's.
        interval: Seconds between two runs, whoever does them.

    Returns:
        0 when the caller is to do it, now; else seconds until it is due.
    """
    every = f"every {interval:g} s"

    def work(connection: Connection) -> float:
        database.lock(connection)
        now = connection.execute(select(database.now)).scalar_one()
        row = connection.execute(select(schedule).where(schedule.c.name == name)).one_or_none()
        if row is not None and row.cron == every and row.next > now:
            return float(row.next - now)
        values = {"cron": every, "next": now + interval}
        statement = database.insert(schedule).values(name=name, **values)
        connection.execute(statement.on_conflict_do_update(index_elements=[schedule.c.name], set_=values))
        return 0.0

    return database.write(work)
