"""Progress bars: one row for each layer and one for the whole job, on a terminal or in a notebook."""

from __future__ import annotations

import importlib
import threading
import time
from html import escape
from typing import IO, TYPE_CHECKING, Any, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from accel._progress_state import JobState, Layer, Meter
from accel.progress import Progress
from accel.units import duration_text, size_text

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import RenderableType

    from accel._core.base import ProgressEvent

_BAR_WIDTH = 24
_MAX_ROWS = 16
# Columns of the terminal from which on a part of a row is shown.
_WIDTH_FOR_TARGETS = 110
_WIDTH_FOR_PLATFORM = 84


class BarProgress(Progress):
    """Bars on a terminal."""

    def __init__(self, stream: IO[str]) -> None:
        self._console = Console(file=stream)
        self._lock = threading.Lock()  # the live display draws from a thread of its own
        self._state = JobState()
        self._spinner = Spinner("dots", style="cyan")
        self._live: Live | None = None

    def __call__(self, event: ProgressEvent) -> None:
        """Takes one event; the display follows at its own pace."""
        with self._lock:
            self._state.take(event)

    def __enter__(self) -> Self:
        """Begins to draw."""
        self._state = JobState()
        self._live = Live(
            console=self._console, get_renderable=self._render, refresh_per_second=10, redirect_stdout=False
        )
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Replaces the bars by one line that says what was done; by nothing after an error."""
        live, self._live = self._live, None
        if live is None:
            return
        with self._lock:
            last = Text("") if error is not None or not self._state.layers else _last_line(self._state)
        live.transient = not last.plain
        live.get_renderable = lambda: last  # type: ignore[method-assign]
        live.stop()

    def _render(self) -> RenderableType:
        with self._lock:
            return _display(self._state, self._console.width, self._console.height, self._spinner)


def _display(state: JobState, width: int, height: int, spinner: Spinner) -> RenderableType:
    """All rows as they are now."""
    if not state.layers:
        return Text("")
    table = Table.grid(padding=(0, 2, 0, 0))
    layers = state.visible(max(1, min(_MAX_ROWS, height - 4)))
    table.add_column(width=1)
    for _ in range(5 + (width >= _WIDTH_FOR_PLATFORM) + (width >= _WIDTH_FOR_TARGETS)):
        table.add_column(no_wrap=True)
    for layer in layers:
        table.add_row(*_layer_row(layer, width, spinner))
    table.add_row(*_overall_row(state, width))
    return Group(table)


def _layer_row(layer: Layer, width: int, spinner: Spinner) -> list[RenderableType]:
    reading = layer.reading
    mark: RenderableType = spinner
    if layer.failed:
        mark = Text("✗", style="bold red")
    elif layer.ended is not None:
        mark = Text("✓", style="bold green")
    row: list[RenderableType] = [mark, Text(layer.digest.partition(":")[2][:12], style="bold")]
    if width >= _WIDTH_FOR_PLATFORM:
        row.append(Text(layer.platform, style="dim"))
    row.append(ProgressBar(total=reading.total or None, completed=reading.done, width=_BAR_WIDTH))
    if layer.ended is None:
        row += [_amount(reading), _rate(reading), _left(reading)]
    else:
        seconds = layer.ended - layer.begun
        row += [Text(size_text(reading.total)), Text(""), Text(duration_text(seconds), style="dim")]
    if width >= _WIDTH_FOR_TARGETS:
        row.append(Text("  ".join(_target_text(name, value) for name, value in layer.written.items()), style="cyan"))
    return row


def _overall_row(state: JobState, width: int) -> list[RenderableType]:
    count = max(state.layer_count, len(state.layers))
    row: list[RenderableType] = [Text(""), Text(state.verb, style="bold")]
    if width >= _WIDTH_FOR_PLATFORM:
        row.append(Text(f"{state.finished()} of {count} layers"))
    overall = state.overall
    row.append(ProgressBar(total=overall.total or None, completed=overall.done, width=_BAR_WIDTH))
    row += [_amount(overall), _rate(overall), _left(overall)]
    if width >= _WIDTH_FOR_TARGETS:
        row.append(Text(duration_text(state.now() - state.begun), style="dim"))
    return row


def _amount(meter: Meter) -> Text:
    if not meter.total:
        return Text(size_text(meter.done), style="green")
    return Text(f"{size_text(meter.done)} of {size_text(meter.total)}", style="green")


def _rate(meter: Meter) -> Text:
    return Text(f"{size_text(meter.rate())}/s" if meter.rate() else "", style="magenta")


def _left(meter: Meter) -> Text:
    seconds = meter.seconds_left()
    return Text("" if seconds is None or seconds < 1 else f"{duration_text(seconds)} left", style="yellow")


def _target_text(driver: str, value: str | int) -> str:
    amount = size_text(value) if isinstance(value, int) else value
    return f"{driver} {amount}".strip()


def _last_line(state: JobState) -> Text:
    done, _ = state.totals()
    seconds = state.now() - state.begun
    rate = f", {size_text(done / seconds)}/s" if seconds > 0 else ""
    text = f"{len(state.layers)} layers, {size_text(done)} in {duration_text(seconds)}{rate}"
    return Text.assemble(("✓ ", "bold green"), text)


class NotebookProgress(Progress):
    """A table with bars below the cell."""

    _interval = 0.25  # seconds between two updates of the page

    def __init__(self) -> None:
        self._state = JobState()
        self._page: Any = None
        self._handle: Any = None
        self._drawn = 0.0

    def __enter__(self) -> Self:
        """Puts the table on the page."""
        self._state = JobState()
        self._page = importlib.import_module("IPython.display")  # only in a kernel, which has it
        self._handle = self._page.display(self._page.HTML(""), display_id=True)
        return self

    def __call__(self, event: ProgressEvent) -> None:
        """Takes one event."""
        self._state.take(event)
        if time.monotonic() - self._drawn >= self._interval:
            self._draw()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Draws the last state."""
        self._draw()

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        if self._handle is not None:
            self._handle.update(self._page.HTML(notebook_html(self._state)))


def notebook_html(state: JobState) -> str:
    """The state as an HTML table."""
    rows = []
    for layer in state.visible(_MAX_ROWS):
        reading = layer.reading
        value = f"value='{reading.done}' max='{reading.total}'" if reading.total else ""
        targets = "  ".join(_target_text(name, amount) for name, amount in layer.written.items())
        cells = [layer.digest.partition(":")[2][:12], layer.platform, _amount(reading).plain, targets]
        first, *rest = [f"<td>{escape(cell)}</td>" for cell in cells]
        rows.append(f"<tr>{first}<td><progress {value}></progress></td>{''.join(rest)}</tr>")
    caption = f"{state.verb}: {state.finished()} of {max(state.layer_count, len(state.layers))} layers"
    return f"<table><caption>{escape(caption)}</caption>{''.join(rows)}</table>"
