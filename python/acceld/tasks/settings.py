"""What the configuration says about the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acceld.tasks.model import LaneLimit, Limits

if TYPE_CHECKING:
    import accel


def queue_url(config: accel.Config) -> str:
    """The database's URL; a SQLite file in the working directory by default."""
    return config.queue.url.get_secret_value() or f"sqlite:///{config.provider.work_dir.absolute() / 'acceld.db'}"


def queue_limits(config: accel.Config) -> Limits:
    """The limits of each registry."""
    return Limits(
        lanes={
            host: LaneLimit(settings.limits.running, settings.limits.per_minute)
            for host, settings in config.provider.source.items()
        }
    )
