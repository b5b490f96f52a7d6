"""What the configuration says about the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acceld.tasks.model import LaneLimit, Limits
from acceld.tasks.queue import Queue

if TYPE_CHECKING:
    import accel
    from acceld.tasks.db import Database


def queue_url(config: accel.Config) -> str:
    """The database's URL; a SQLite file in the working directory by default."""
    return config.queue.url.get_secret_value() or f"sqlite:///{config.provider.work_dir.absolute() / 'acceld.db'}"


def make_queue(config: accel.Config, database: Database) -> Queue:
    """The queue as the configuration wants it, in a database that is open."""
    return Queue(database, limits=queue_limits(config), lease=config.queue.lease)


def queue_limits(config: accel.Config) -> Limits:
    """The limits of each registry."""
    return Limits(
        lanes={
            host: LaneLimit(settings.limits.running, settings.limits.per_minute)
            for host, settings in config.provider.source.items()
        }
    )
