"""What the displays show."""

from __future__ import annotations

import contextlib
import io
import json
import re

import pytest

import accel
from accel import progress
from accel._bar import BarProgress, notebook_html
from accel._progress_state import JobState, Meter
from tests.python.support.events import event

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64


class Clock:
    """A clock the test turns."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_auto_is_bars_on_a_terminal_and_lines_elsewhere() -> None:
    assert isinstance(progress.auto(Terminal()), BarProgress)
    assert isinstance(progress.auto(io.StringIO()), progress.PlainProgress)


def test_none_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.none() as display:
        display(event())
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"state": "done", "done": 1_500_000}, "pull    sha256:0123456789ab 1.5 MB done in 2.0 s"),
        (
            {"state": "done", "kind": "push", "id": f"{A}@estargz", "detail": "linux/amd64"},
            "push    sha256:aaaaaaaaaaaa@estargz 0 B done in 2.0 s (linux/amd64)",
        ),
        ({"state": "skipped", "kind": "push", "detail": "exists"}, "push    sha256:0123456789ab skipped (exists)"),
        ({"state": "failed", "kind": "convert"}, "convert sha256:0123456789ab failed"),
        ({"done": 3_000_000, "total": 12_000_000}, "pull    sha256:0123456789ab 3.0 MB of 12.0 MB (25%), 1.5 MB/s"),
        ({"done": 3_000_000}, "pull    sha256:0123456789ab 3.0 MB, 1.5 MB/s"),
    ],
)
def test_lines_for_a_log(fields: dict[str, object], line: str) -> None:
    assert progress.plain_line(event(**fields), 2.0) == line


def test_log_has_one_line_a_step_unless_it_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    stream, clock = io.StringIO(), Clock()
    monkeypatch.setattr("accel.progress.time.monotonic", clock)
    display = progress.plain(stream)
    display(event(kind="image", total=5_000_000, detail="3"))
    display(event(state="started", total=4_000_000))
    for second in range(25):
        clock.now = 100.0 + second
        display(event(done=second * 100_000, total=4_000_000))
    display(event(state="done", done=4_000_000, total=4_000_000))
    lines = stream.getvalue().splitlines()
    assert lines[0] == "note: reading h.io/app:1: 3 blobs, 5.0 MB"
    assert [re.findall(r"\d+%|done", line) for line in lines[1:]] == [["25%"], ["50%"], ["done"]]


def test_json_has_a_document_a_line(image: str) -> None:
    stream = io.StringIO()
    accel.convert(image, progress=progress.json(stream))
    documents = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert {"kind", "id", "image", "state", "done", "total", "detail"} == set(documents[0])
    assert documents[0]["kind"] == "image"
    assert {document["kind"] for document in documents} == {"image", "pull", "convert", "push"}


def test_meter_knows_rate_and_time_left() -> None:
    meter = Meter()
    assert (meter.rate(), meter.seconds_left()) == (0.0, None)
    for second in range(10):
        meter.update(float(second), second * 1000, 20_000)
    assert meter.rate() == 1000.0
    assert meter.seconds_left() == 11.0
    meter.update(10.0, 0, 20_000)
    assert meter.rate() == 0.0, "a step that begins again has no rate yet"


def test_layer_ends_when_all_its_steps_have() -> None:
    clock = Clock()
    state = JobState(clock)
    state.take(event(kind="image", total=150, detail="2"))
    state.take(event(id=A, state="started", total=100))
    state.take(event(kind="convert", id=A, state="started", detail="linux/amd64"))
    state.take(event(kind="push", id=f"{A}@estargz", state="started"))
    assert (state.verb, state.finished(), state.totals()) == ("converting", 0, (0, 150))
    clock.now += 2
    state.take(event(id=A, state="done", done=100, total=100))
    state.take(event(kind="push", id=f"{A}@estargz", done=40))
    state.take(event(kind="push", id=f"{A}@zstdchunked", state="skipped", detail="exists"))
    state.take(event(kind="convert", id=A, state="done"))
    assert state.finished() == 0
    state.take(event(kind="push", id=f"{A}@estargz", state="done", done=42, total=42))
    layer = state.layers[A]
    assert (state.finished(), layer.ended, layer.platform) == (1, 102.0, "linux/amd64")
    assert layer.written == {"estargz": 42, "zstdchunked": "exists"}


def test_verifying_is_a_phase_of_its_own() -> None:
    state = JobState(Clock())
    state.take(event(kind="image", total=100, detail="1"))
    state.take(event(kind="convert", id=A, state="started"))
    state.take(event(id=A, state="done", done=100, total=100))
    state.take(event(kind="check", id=B, state="started", total=7))
    assert (state.verb, list(state.layers), state.totals()) == ("checking", [B], (0, 7))
    assert state.main_phase == (1, 100)


def test_copy_that_finds_everything_there_is_complete() -> None:
    state = JobState(Clock())
    state.take(event(kind="image", total=10, detail="1"))
    state.take(event(kind="push", id=A, state="skipped", done=10, total=10, detail="exists"))
    assert (state.verb, state.finished(), state.totals()) == ("copying", 1, (10, 10))


def test_layers_under_way_are_shown_before_those_that_ended() -> None:
    clock = Clock()
    state = JobState(clock)
    digests = [f"sha256:{number:064x}" for number in range(6)]
    for digest in digests:
        state.take(event(id=digest, state="started", total=1))
    for digest in digests[:4]:
        clock.now += 1
        state.take(event(id=digest, state="done", done=1, total=1))
    assert [layer.digest for layer in state.visible(3)] == digests[3:]
    assert [layer.digest for layer in state.visible(2)] == digests[4:]
    assert len(state.visible(10)) == 6


def drawn(width: int) -> list[str]:
    """The last picture of a display of that width, line by line."""
    from rich.console import Console
    from rich.spinner import Spinner

    from accel._bar import _display

    clock = Clock()
    state = JobState(clock)
    state.take(event(kind="image", total=300_000_000, detail="7"))
    for digest in (A, B):
        state.take(event(id=digest, state="started", total=100_000_000))
        state.take(event(kind="convert", id=digest, state="started", detail="linux/amd64"))
        for driver in ("estargz", "zstdchunked"):
            state.take(event(kind="push", id=f"{digest}@{driver}", done=40_000_000))
    clock.now += 2
    for digest in (A, B):
        state.take(event(id=digest, done=50_000_000, total=100_000_000))
    console = Console(file=io.StringIO(), width=width, height=20, force_terminal=False, color_system=None)
    with console.capture() as capture:
        console.print(_display(state, width, 20, Spinner("dots")))
    return [line.rstrip() for line in capture.get().splitlines()]


def test_wide_terminal_shows_everything() -> None:
    first, _, overall = drawn(120)
    for text in (
        "aaaaaaaaaaaa",
        "linux/amd64",
        "50.0/100.0 MB",
        "25.0 MB/s",
        "-0:02",
        "estargz 40.0 MB  zstdchunked 40.0 MB",
    ):
        assert text in first
    for text in ("converting", "0 of 7 blobs", "100.0/300.0 MB", "-0:04"):
        assert text in overall


@pytest.mark.parametrize(
    ("width", "shown", "left_out"),
    [
        (80, ["aaaaaaaaaaaa", "linux/amd64", "50.0/100.0 MB"], ["estargz"]),
        (60, ["50.0/100.0 MB"], ["linux", "estargz"]),
    ],
)
def test_narrow_terminal_leaves_parts_out_and_cuts_none(width: int, shown: list[str], left_out: list[str]) -> None:
    lines = drawn(width)
    assert max(map(len, lines)) <= width - 2
    assert "…" not in "".join(lines)
    assert all(text in lines[0] for text in shown)
    assert not any(text in lines[0] for text in left_out)


def test_bars_end_in_one_line() -> None:
    stream = Terminal()
    with progress.bar(stream) as display:
        display(event(id=A, state="done", done=2_000_000, total=2_000_000))
    last = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", stream.getvalue()).strip().splitlines()[-1]
    assert re.search(r"✓ 1 blob, 2\.0 MB in \d", last)


def test_bars_leave_nothing_after_an_error() -> None:
    stream = Terminal()
    display = progress.bar(stream)
    with contextlib.suppress(KeyError), display:
        display(event(id=A, total=5))
        raise KeyError
    assert "✓" not in stream.getvalue()


def test_notebook_table_is_escaped() -> None:
    state = JobState(Clock())
    state.take(event(kind="convert", id=A, state="started", detail="<b>"))
    html = notebook_html(state)
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
