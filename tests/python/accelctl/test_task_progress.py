"""What watching draws on a terminal."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from accelctl.task_progress import BarDisplay, BarListDisplay

if TYPE_CHECKING:
    import pytest

RUNNING: dict[str, Any] = {
    "id": "a",
    "state": "running",
    "source": "h.io/app:1",
    "progress": {"total": 1000, "convert": 400},
}


def test_a_task_is_drawn_as_it_was_at_last() -> None:
    stream = io.StringIO()
    with BarDisplay(stream) as display:
        display.show({"id": "a", "state": "queued", "source": "h.io/app:1"})
        display.show(RUNNING)
    assert "h.io/app:1" in stream.getvalue()
    assert "400 B of 1.0 kB (40%)" in stream.getvalue()


def test_tasks_that_run_come_first_and_the_rest_is_counted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("LINES", "8")  # room for two
    waiting = [{"id": f"{number}", "state": "queued", "source": f"h.io/app:{number}"} for number in range(2, 5)]
    with BarListDisplay() as display:
        display.show([*waiting, RUNNING], more=False)
    shown = capsys.readouterr().out
    assert shown.index("h.io/app:1") < shown.index("h.io/app:2")
    assert "h.io/app:3" not in shown
    assert "and 2 more" in shown
