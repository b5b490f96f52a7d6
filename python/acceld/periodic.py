"""Work that comes round. Each job has a thread, so that a long one keeps no other waiting."""

from __future__ import annotations

import logging
import random
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import accel
from acceld.tasks import backoff, schedule

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from acceld.tasks.db import Database

LOOK = 60.0  # seconds at most between two looks whether a job is due: another daemon may do it earlier or not at all
END_PATIENCE = 5.0  # seconds a job has to notice that the daemon ends

_LOGGER = logging.getLogger("acceld")


@dataclass(frozen=True)
class Job:
    """One of them.

    Attributes:
        name: Names it in the log and, when it is shared, in the database: it must not change.
        interval: Seconds between two runs.
        run: Does it. It gets an event that is set when the daemon ends: then it is to return soon.
        shared: Whether one run serves all daemons of the database. Else each does it, for its own machine.
    """

    name: str
    interval: float
    run: Callable[[threading.Event], object]
    shared: bool = True


class Periodic:
    """Runs jobs from `start` to `stop`."""

    def __init__(self, database: Database, jobs: Sequence[Job]) -> None:
        self._database = database
        self._stopping = threading.Event()
        # What does not notice the end must not keep the process alive.
        self._threads = [threading.Thread(target=self._repeat, args=(job,), name=job.name, daemon=True) for job in jobs]

    def start(self) -> None:
        """Starts them. A job that no daemon did within its interval is done now."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ends them."""
        self._stopping.set()
        deadline = time.monotonic() + END_PATIENCE
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _repeat(self, job: Job) -> None:
        pause, failures, is_ours = 0.0, 0, not job.shared
        while not self._stopping.wait(pause):
            try:
                if not is_ours:
                    pause = min(LOOK, schedule.claim(self._database, job.name, job.interval))
                    if pause:
                        continue
                    is_ours = True  # until it is done: the others wait for their next turn
                job.run(self._stopping)
            except Exception as error:  # whatever it is, the next time may go well
                failures += 1
                pause = min(job.interval, backoff.delay(failures, None, random.random()))  # noqa: S311 - no secret
                fault = not isinstance(error, accel.Error)
                _LOGGER.warning("%s: %s; again in %.0f s", job.name, error, pause, exc_info=fault)
            else:
                failures, is_ours = 0, not job.shared
                pause = min(job.interval, LOOK) if job.shared else job.interval
