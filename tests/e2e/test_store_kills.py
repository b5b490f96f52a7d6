"""The local store survives `kill -9` at any moment."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 200  # two kills each; 15 s on a machine that does nothing else
SECONDS = 40


def test_store_survives_being_killed_hundreds_of_times(tmp_path: Path) -> None:
    arguments = [str(tmp_path / "store"), str(ROUNDS), str(SECONDS), "20261129"]
    command = [sys.executable, "-m", "tests.support.store_kills", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["faults"] == []
    # The test means something only if there was something to lose.
    assert result["kills"] >= 50
    assert result["committed"] > 25
    assert result["evictions"] > 0
    assert result["swept"] > 0
    assert result["died_while_writing"] > 0
