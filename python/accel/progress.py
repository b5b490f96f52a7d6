"""Showing progress. Every object here is a callback for `progress=` and a context manager that the job enters.

A callback of your own is any function that takes an `accel.ProgressEvent`.
"""

from __future__ import annotations

import json as _json
import sys
import time
from typing import IO, TYPE_CHECKING, Self

from accel.units import counted, duration_text, short_digest, size_text

if TYPE_CHECKING:
    from types import TracebackType

    from accel._core.base import ProgressEvent

__all__ = ["Progress", "auto", "bar", "json", "none", "plain"]

# A long step gets a line this often in a log, in seconds.
_PLAIN_INTERVAL = 10.0


class Progress:
    """Base of the displays; shows nothing itself."""

    def __call__(self, event: ProgressEvent) -> None:
        """Takes one event."""

    def __enter__(self) -> Self:
        """Begins the display."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the display; it leaves what is worth keeping."""


class PlainProgress(Progress):
    """One line when a step ends, and one every ten seconds while it runs: for logs."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._started: dict[tuple[str, str, str], float] = {}
        self._shown: dict[tuple[str, str, str], float] = {}

    def __call__(self, event: ProgressEvent) -> None:
        """Prints a line when there is something new to say."""
        if event.kind == "image":
            self._print(f"reading {event.image}: {counted(int(event.detail), 'blob')}, {size_text(event.total)}")
            return
        step = (event.kind, event.id, event.image)
        now = time.monotonic()
        begun = self._started.setdefault(step, now)
        if event.state == "running":
            if now - self._shown.setdefault(step, begun) < _PLAIN_INTERVAL:
                return
            self._shown[step] = now
        elif event.state == "started":
            return
        self._print(plain_line(event, now - begun))

    def _print(self, line: str) -> None:
        # Standard error promises its readers that nothing but notes and warnings comes before an error.
        print(f"note: {line}", file=self._stream, flush=True)


def plain_line(event: ProgressEvent, seconds: float) -> str:
    """`push    sha256:0123456789ab@estargz 45.1 MB done in 1.2 s (linux/amd64)`."""
    blob, at, driver = event.id.partition("@")
    amount = size_text(event.done)
    if event.state == "running":
        share = f" of {size_text(event.total)} ({event.done / event.total:.0%})" if event.total else ""
        outcome = f"{amount}{share}, {size_text(event.done / seconds)}/s" if seconds > 0 else f"{amount}{share}"
    elif event.state == "done":
        outcome = f"{amount} done in {duration_text(seconds)}"
    else:
        outcome = event.state
    detail = f" ({event.detail})" if event.detail else ""
    return f"{event.kind:<7} {short_digest(blob)}{at}{driver} {outcome}{detail}"


class JsonProgress(Progress):
    """One JSON object a line, for programs."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def __call__(self, event: ProgressEvent) -> None:
        """Prints the event."""
        document = {name: getattr(event, name) for name in ("kind", "id", "image", "state", "done", "total", "detail")}
        print(_json.dumps(document), file=self._stream, flush=True)


def none() -> Progress:
    """No display."""
    return Progress()


def plain(stream: IO[str] | None = None) -> Progress:
    """Lines for a log, on standard error by default."""
    return PlainProgress(stream or sys.stderr)


def json(stream: IO[str] | None = None) -> Progress:
    """One JSON object a line, on standard error by default."""
    return JsonProgress(stream or sys.stderr)


def bar(stream: IO[str] | None = None) -> Progress:
    """A bar for each layer: bytes, rate, time left. For terminals; on standard error by default."""
    from accel._bar import BarProgress  # noqa: PLC0415 - rich takes longer to import than all the rest

    return BarProgress(stream or sys.stderr)


def auto(stream: IO[str] | None = None) -> Progress:
    """Bars on a terminal and in a notebook, lines elsewhere."""
    stream = stream or sys.stderr
    if _in_notebook():
        from accel._bar import NotebookProgress  # noqa: PLC0415 - as above

        return NotebookProgress()
    return bar(stream) if stream.isatty() else plain(stream)


def _in_notebook() -> bool:
    """True in a Jupyter kernel (not in IPython's terminal)."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell"
