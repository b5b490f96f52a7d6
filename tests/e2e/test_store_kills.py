"""The local store survives `kill -9` at any moment."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 200  # two kills each


def test_store_survives_being_killed_hundreds_of_times(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.support.store_kills", str(tmp_path / "store"), str(ROUNDS), "20261129"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["faults"] == []
    assert result["kills"] == 2 * ROUNDS
    # The test means something only if there was something to lose.
    assert result["committed"] > ROUNDS
    assert result["evictions"] > 0
    assert result["swept"] > 0
    assert result["died_while_writing"] > 5
