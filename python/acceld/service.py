"""What the routes work with: one value, made once and handed in."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from acceld.events.skip import SkipRules
from acceld.metrics import Metrics
from acceld.security import Guard
from acceld.tracing import Tracing

if TYPE_CHECKING:
    from pathlib import Path

    import accel
    from acceld.tasks.db import Database
    from acceld.tasks.group import GroupCommit
    from acceld.tasks.history import History
    from acceld.tasks.queue import Queue


@dataclass
class Service:
    """Everything a request needs.

    Attributes:
        draining: Set when the daemon is about to end: it is not ready any more. What it is sent it still queues.
    """

    config: accel.Config
    database: Database
    queue: Queue
    group: GroupCommit
    history: History
    draining: threading.Event = field(default_factory=threading.Event)
    tracing: Tracing = field(default_factory=Tracing)
    rules: SkipRules = field(init=False)
    guard: Guard = field(init=False)
    metrics: Metrics = field(init=False)

    def __post_init__(self) -> None:
        self.metrics = Metrics(self.config.server.name, self.database, store_directory(self.config))
        self.reload(self.config)

    def reload(self, config: accel.Config) -> None:
        """From the next request on this configuration holds; the name in metrics stays."""
        self.rules = SkipRules.of(config)
        self.guard = Guard(config)
        self.metrics.set_store_threshold(config.provider.gcpolicy.threshold)
        self.config = config


def store_directory(config: accel.Config) -> Path | None:
    """Where the local store is; None when its place was not chosen, as the default is everybody's /tmp."""
    return config.provider.work_dir if "work_dir" in config.provider.model_fields_set else None
