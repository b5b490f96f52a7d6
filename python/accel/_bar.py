"""Progress bars: one row for each layer and one for the whole job, on a terminal or in a notebook."""

from __future__ import annotations

import importlib
import threading
import time
from dataclasses import dataclass
from html import escape
from typing import IO, TYPE_CHECKING, Any, Self

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from accel._progress_state import JobState, Layer, Meter
from accel.progress import Progress
from accel.units import clock_text, counted, duration_text, in_unit, size_text

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import RenderableType

    from accel._core.base import ProgressEvent

_MAX_ROWS = 16
_GAP = 2  # blanks between two columns
_BAR_WIDTHS = (12, 40)  # least and most characters of a bar


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
            console=self._console,
            get_renderable=self._render,
            refresh_per_second=10,
            redirect_stdout=False,
            transient=True,
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
        live.stop()
        if error is None and self._state.layers:
            self._console.print(_last_line(self._state), highlight=False)

    def _render(self) -> RenderableType:
        with self._lock:
            return _display(self._state, self._console.width, self._console.height, self._spinner)


@dataclass(frozen=True)
class _Row:
    """One line of the display, as text but for its mark and bar."""

    mark: RenderableType
    name: Text
    platform: Text
    meter: Meter
    amount: Text
    rate: Text
    time: Text
    targets: Text


def _display(state: JobState, width: int, height: int, spinner: Spinner) -> RenderableType:
    """All rows as they are now. What does not fit is left out whole: first the targets, then the platform."""
    if not state.layers:
        return Text("")
    rows = [_layer_row(layer, spinner) for layer in state.visible(max(1, min(_MAX_ROWS, height - 4)))]
    rows.append(_overall_row(state))
    columns = ["name", "platform", "amount", "rate", "time", "targets"]
    widths = {name: max(getattr(row, name).cell_len for row in rows) for name in columns}
    for optional in ("targets", "platform", "rate"):
        if _room_for_bar(widths, width) < _BAR_WIDTHS[0]:
            del widths[optional]
    bar_width = max(_BAR_WIDTHS[0], min(_BAR_WIDTHS[1], _room_for_bar(widths, width)))
    table = Table.grid(padding=(0, _GAP, 0, 0))
    table.add_column(width=1)
    for name in [*columns[:2], "bar", *columns[2:]]:
        if name == "bar":
            table.add_column(width=bar_width)
        elif name in widths:
            table.add_column(width=widths[name], justify="right" if name in {"amount", "rate", "time"} else "left")
    for row in rows:
        total = row.meter.total or None
        cells: dict[str, RenderableType] = {name: getattr(row, name) for name in widths}
        bar = ProgressBar(total=total, completed=row.meter.done, width=bar_width)
        before = [cells.pop(name) for name in ("name", "platform") if name in cells]
        table.add_row(row.mark, *before, bar, *cells.values())
    return table


def _room_for_bar(widths: dict[str, int], width: int) -> int:
    """Characters left for the bar beside the mark, these columns and the gaps.

    The last two of a line stay free: there the terminal shows `^C`, which must not begin a line we do not know of.
    """
    return width - 3 - sum(widths.values()) - _GAP * (len(widths) + 1)


def _layer_row(layer: Layer, spinner: Spinner) -> _Row:
    reading = layer.reading
    mark: RenderableType = spinner
    if layer.failed:
        mark = Text("✗", style="bold red")
    elif layer.ended is not None:
        mark = Text("✓", style="bold green")
    running = layer.ended is None
    return _Row(
        mark=mark,
        name=Text(layer.digest.partition(":")[2][:12], style="bold"),
        platform=Text(layer.platform, style="dim"),
        meter=reading,
        amount=_amount(reading),
        rate=_rate(reading) if running else Text(""),
        time=_left(reading) if running else Text(clock_text((layer.ended or 0.0) - layer.begun), style="dim"),
        targets=Text("  ".join(_target_text(name, value) for name, value in layer.written.items()), style="cyan"),
    )


def _overall_row(state: JobState) -> _Row:
    count = max(state.layer_count, len(state.layers))
    return _Row(
        mark=Text(""),
        name=Text(state.verb, style="bold"),
        platform=Text(f"{state.finished()} of {counted(count, 'blob')}"),
        meter=state.overall,
        amount=_amount(state.overall),
        rate=_rate(state.overall),
        time=_left(state.overall),
        targets=Text(f"{clock_text(state.now() - state.begun)} so far", style="dim"),
    )


def _amount(meter: Meter) -> Text:
    if not meter.total:
        return Text(size_text(meter.done), style="green")
    number, _, unit = size_text(meter.total).partition(" ")
    if meter.done >= meter.total:
        return Text(f"{number} {unit}", style="green")
    return Text(f"{in_unit(meter.done, unit)}/{number} {unit}", style="green")


def _rate(meter: Meter) -> Text:
    return Text(f"{size_text(meter.rate())}/s" if meter.rate() else "", style="magenta")


def _left(meter: Meter) -> Text:
    seconds = meter.seconds_left()
    return Text("" if seconds is None else f"-{clock_text(seconds)}", style="yellow")


def _target_text(driver: str, value: str | int) -> str:
    amount = size_text(value) if isinstance(value, int) else value
    return f"{driver} {amount}".strip()


def _last_line(state: JobState) -> Text:
    blobs, done = state.main_phase
    seconds = state.now() - state.begun
    rate = f", {size_text(done / seconds)}/s" if seconds > 0 else ""
    return Text.assemble(
        ("✓ ", "bold green"), f"{counted(blobs, 'blob')}, {size_text(done)} in {duration_text(seconds)}{rate}"
    )


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
    caption = f"{state.verb}: {state.finished()} of {counted(max(state.layer_count, len(state.layers)), 'blob')}"
    return f"<table><caption>{escape(caption)}</caption>{''.join(rows)}</table>"
