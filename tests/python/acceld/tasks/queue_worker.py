"""A worker process for the tests of crashes: takes tasks, works on each for a while, writes what it did.

usage: queue_worker.py URL JOURNAL NAME LEASE WORK_SECONDS
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from acceld.tasks.db import open_database
from acceld.tasks.model import Beat
from acceld.tasks.queue import Queue


def main(url: str, journal: str, name: str, lease: float, work_seconds: float) -> None:
    """Works until it is killed."""
    queue = Queue(open_database(url), lease=lease)
    file = os.open(Path(journal), os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def note(event: str, task: str) -> None:
        os.write(file, f"{time.monotonic():.3f} {event} {task} {name}\n".encode())

    note("ready", "-")
    while True:
        queue.reap()
        claim = queue.take(name)
        if claim is None:
            time.sleep(0.05)
            continue
        note("start", claim.id)
        end = time.monotonic() + work_seconds
        answer = Beat.OK
        while answer is Beat.OK and time.monotonic() < end:
            time.sleep(lease / 6)
            answer = queue.beat(claim)
        if answer is Beat.OK and queue.done(claim, {"by": name}):
            note("done", claim.id)
        else:
            note("lost", claim.id)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]), float(sys.argv[5]))
