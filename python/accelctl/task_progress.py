"""Watching a task of acceld: displays on standard error, and following one to its end."""

from __future__ import annotations

import abc
import contextlib
import json
import sys
import time
from typing import IO, TYPE_CHECKING, Any, Self

import click

from accelctl.errors import one_line
from accelctl.output import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accelctl.acceld_client import Client

Task = dict[str, Any]

ENDED = frozenset({"done", "failed", "cancelled", "skipped"})

RETRIES = 30  # how often a connection that broke is tried again
RETRY_PAUSE = 1.0  # seconds

_PLAIN_INTERVAL = 10.0  # seconds: a task that runs gets a line this often in a log

_COUNTS = ("images", "fresh", "missing", "stale", "queued", "errors")  # of a reconciliation


class Display(contextlib.AbstractContextManager["Display"]):
    """Base of the displays; shows nothing itself."""

    def show(self, task: Task) -> None:
        """Takes a task as it is now."""

    def note(self, text: str) -> None:
        """Takes something about the watching itself."""
        click.echo(f"note: {one_line(text)}", err=True)

    def __exit__(self, *_: object) -> None:
        """Ends the display."""


class PlainDisplay(Display):
    """A line when the state changes, and one every ten seconds."""

    def __init__(self) -> None:
        self._state: tuple[Any, ...] = ()
        self._shown = 0.0

    def show(self, task: Task) -> None:
        """Prints a line when there is something new to say."""
        state = (task.get("state"), task.get("attempt"))
        now = time.monotonic()
        if state == self._state and (now - self._shown < _PLAIN_INTERVAL or task.get("state") != "running"):
            return
        self._state, self._shown = state, now
        self.note(" ".join(part for part in (str(task.get("source", "")), describe(task)) if part))


class JsonDisplay(Display):
    """A JSON object a line."""

    def show(self, task: Task) -> None:
        """Prints the task."""
        click.echo(json.dumps(task), err=True)


class _Drawn(abc.ABC):
    """A table of tasks that is drawn anew while it is entered; the last state stays.

    What `_fill` uses is there before __init__ is called: rich draws once already when it is made.
    """

    def __init__(self, stream: IO[str]) -> None:
        from rich.console import Console  # noqa: PLC0415 - only a terminal needs rich
        from rich.live import Live  # noqa: PLC0415 - as above

        self._console = Console(file=stream)
        self._live = Live(console=self._console, get_renderable=self._render, refresh_per_second=8)

    def __enter__(self) -> Self:
        """Begins the display."""
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leaves the last state."""
        self._live.stop()

    def _render(self) -> Any:
        from rich.table import Table  # noqa: PLC0415 - as above

        table = Table.grid(padding=(0, 1))
        table.add_column(no_wrap=True)
        table.add_column(overflow="ellipsis", no_wrap=True)
        self._fill(table)
        return table

    @abc.abstractmethod
    def _fill(self, table: Any) -> None:
        """Adds the rows."""


class BarDisplay(_Drawn, Display):
    """One task on a terminal: state, bar, amounts, time."""

    def __init__(self, stream: IO[str]) -> None:
        self._task: Task = {}
        super().__init__(stream)

    def show(self, task: Task) -> None:
        """Takes what is drawn next."""
        self._task = task

    def note(self, text: str) -> None:
        """Prints above the bar."""
        self._console.print(f"note: {one_line(text)}", markup=False, highlight=False)

    def _fill(self, table: Any) -> None:
        if self._task:
            add_rows(table, self._task)


_STYLES = {"queued": "dim", "running": "bold cyan", "done": "bold green", "failed": "bold red", "cancelled": "yellow"}


def add_rows(table: Any, task: Task) -> None:
    """The rows of one task: what it is, and while it runs how far."""
    from rich.progress_bar import ProgressBar  # noqa: PLC0415 - as above
    from rich.spinner import Spinner  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    state = str(task.get("state", ""))
    style = _STYLES.get(state, "")
    table.add_row(Text(f"{state:<9}", style=style), Text(printable(str(task.get("source", ""))), style="bold"))
    if state == "running":
        done, total = amounts(task)
        if total:
            table.add_row(Spinner("dots"), ProgressBar(total=total, completed=min(done, total), width=40))
        table.add_row("" if total else Spinner("dots"), Text(printable(describe(task)), style="dim"))
    else:
        table.add_row("", Text(printable(describe(task)), style="red" if state == "failed" else "dim"))


def make_display(kind: str) -> Display:
    """The display that `--progress` names."""
    if kind == "auto":
        kind = "bar" if sys.stderr.isatty() else "plain"
    if kind == "bar":
        return BarDisplay(sys.stderr)
    return {"plain": PlainDisplay, "json": JsonDisplay, "none": Display}[kind]()


def follow(client: Client, task_id: str, display: Display) -> Task:
    """Shows a task until it ends, also over restarts of acceld; gives it as it ended.

    Raises:
        AcceldError: there is no such task, or acceld stays away.
    """
    from accelctl.acceld_client import AcceldError  # noqa: PLC0415 - loaded when there is a client

    failures = 0
    with display:
        while True:
            try:
                for task in client.events(task_id):
                    display.show(task)
                    failures = 0
                    if task.get("state") in ENDED:
                        return task
            except AcceldError as error:
                failures += 1
                if not error.passes or failures > RETRIES:
                    raise
                if failures == 1:
                    display.note(f"{error}; trying again for {RETRIES * RETRY_PAUSE:g} s")
            time.sleep(RETRY_PAUSE)


def amounts(task: Task) -> tuple[int, int]:
    """Bytes done and bytes in all of a conversion, 0 and 0 when there is no telling."""
    progress = _mapping(task, "progress")
    done = max((_count(progress, kind) for kind in ("convert", "push", "check")), default=0)
    return done, _count(progress, "total")


def describe(task: Task) -> str:
    """State, attempt, amounts and reason in words."""
    from accel.units import size_text  # noqa: PLC0415 - as above

    state = str(task.get("state", ""))
    parts = [state]
    if task.get("cancel_requested") and state == "running":
        parts.append("cancel requested")
    if int(task.get("attempt") or 0) > 1:
        parts.append(f"attempt {task['attempt']} of {task.get('max_attempts')}")
    progress = _mapping(task, "progress")
    if state == "running" and "images" in progress:
        parts.append(", ".join(f"{_count(progress, name)} {name}" for name in _COUNTS))
    elif state == "running":
        done, total = amounts(task)
        if total:
            parts.append(f"{size_text(done)} of {size_text(total)} ({min(done / total, 1):.0%})")
        if pushed := _count(progress, "push"):
            parts.append(f"{size_text(pushed)} written")
    if worker := task.get("worker"):
        parts.append(f"on {worker}" if state == "running" else "")
    text = ", ".join(part for part in parts if part)
    reason = str(task.get("reason") or "")
    return f"{text}: {reason}" if reason else text


def _mapping(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _count(value: Mapping[str, Any], name: str) -> int:
    found = value.get(name)
    return found if isinstance(found, int) and found > 0 else 0


class ListDisplay(contextlib.AbstractContextManager["ListDisplay"]):
    """Base of the displays of many tasks."""

    def show(self, tasks: list[Task], *, more: bool) -> None:
        """Takes the tasks as they are now, newest first; `more`: not all of them."""

    def __exit__(self, *_: object) -> None:
        """Ends the display."""


class LineListDisplay(ListDisplay):
    """A line on standard output for each task that is new or has changed its state, then one for each that is gone."""

    def __init__(self, output: str) -> None:
        self._output = output
        self._states: dict[str, Any] = {}

    def show(self, tasks: list[Task], *, more: bool) -> None:  # noqa: ARG002 - as of the base
        """Prints what has changed."""
        for task in reversed(tasks):
            if self._states.get(task["id"]) != task.get("state"):
                self._print(task)
        now = {task["id"]: task.get("state") for task in tasks}
        for task_id in self._states.keys() - now.keys():
            self._print({"id": task_id, "state": "gone"})
        self._states = now

    def _print(self, task: Task) -> None:
        if self._output == "json":
            click.echo(json.dumps(task))
        else:
            click.echo(printable(f"{task['id']}  {task.get('state', ''):<9}  {task.get('source', '')}".rstrip()))


class BarListDisplay(_Drawn, ListDisplay):
    """Tasks on a terminal, those that run with a bar."""

    def __init__(self) -> None:
        self._tasks: list[Task] = []
        self._more = False
        super().__init__(sys.stdout)

    def show(self, tasks: list[Task], *, more: bool) -> None:
        """Takes what is drawn next."""
        self._tasks, self._more = tasks, more

    def _fill(self, table: Any) -> None:
        from rich.text import Text  # noqa: PLC0415 - as above

        # Those that run first, as many as fit the screen.
        ordered = sorted(self._tasks, key=lambda task: task.get("state") != "running")
        room = max(1, (self._console.height - 2) // 3)
        for task in ordered[:room]:
            add_rows(table, task)
        hidden = len(ordered) - room
        if hidden > 0 or self._more:
            table.add_row("", Text(f"and {max(hidden, 0)}{'+' if self._more else ''} more", style="dim"))
        if not ordered:
            table.add_row("", Text("nothing waits or runs", style="dim"))
