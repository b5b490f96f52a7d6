"""Three daemons on one queue, `kill -9` every few seconds, registry and database that go away: nothing is lost.

`python -m tests.support.chaos` does the same with any seed, for as long as one likes.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.support import chaos, postgresql, registry

if TYPE_CHECKING:
    from pathlib import Path

TASKS = 200
SECONDS = 40.0
SEED = int(os.environ.get("ACCEL_CHAOS_SEED", "20261129"))


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_every_task_ends_once_whatever_dies(tmp_path: Path, engine: str, capsys: pytest.CaptureFixture[str]) -> None:
    if not registry.available():
        pytest.skip("docker-registry is not installed")
    if engine == "postgresql" and (reason := postgresql.missing()):
        pytest.skip(reason)
    report = chaos.unleash(tmp_path, engine, tasks=TASKS, seconds=SECONDS, seed=SEED)
    with capsys.disabled():
        print(f"\n{engine}: {report.text().splitlines()[0]}", end="")
    assert not report.faults, f"{report.text()}\nlogs: {tmp_path}"
    # The test means something only if things went wrong.
    assert report.kills >= 8
    assert report.attempts > TASKS
    assert report.outages == 2
    assert report.database_restarts == (2 if engine == "postgresql" else 0)
