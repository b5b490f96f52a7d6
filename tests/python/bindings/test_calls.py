"""How a long call behaves: the GIL, signals, callbacks, cancelling, and leaving the interpreter."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import accel
from accel import _environment
from tests.python.support.layout import Layout
from tests.python.support.layout_server import LayoutServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def stalled(layout: Layout, image: str) -> Iterator[LayoutServer]:
    """A server in this process that sends half of a layer and then nothing."""
    server = LayoutServer(layout)
    server.stalled.add(accel.open(image).layers[0].digest)
    with server.running():
        yield server


def when_stalled(server: LayoutServer, action: object) -> threading.Thread:
    """Runs `action` once a client waits for the stalled layer."""

    def run() -> None:
        assert server.stalling.wait(60)
        assert callable(action)
        action()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_native_work_runs_without_the_gil(layout: Layout, image: str) -> None:
    # The server answers from a thread of this interpreter: with the GIL held the call would never end.
    with LayoutServer(layout).running() as server:
        assert accel.check(server.reference("app"), image).equal


def test_token_stops_a_call_that_waits_for_the_network(stalled: LayoutServer, tmp_path: Path) -> None:
    token = accel.CancelToken()
    thread = when_stalled(stalled, token.cancel)
    with pytest.raises(accel.Cancelled):
        accel.convert(stalled.reference("app"), f"oci:{tmp_path}/out:x", cancel=token)
    thread.join()
    assert token.cancelled


def test_cancelled_token_stops_a_call_at_once(image: str) -> None:
    token = accel.CancelToken()
    token.cancel()
    with pytest.raises(accel.Cancelled):
        accel.check(image, image, cancel=token)


def test_what_is_asked_before_tags_are_written_runs_on_this_thread(image: str, tmp_path: Path) -> None:
    threads: list[int] = []
    accel.convert(image, f"oci:{tmp_path}/out:x", before_publish=lambda: threads.append(threading.get_ident()))
    assert threads == [threading.get_ident()]


def test_exception_before_tags_are_written_is_what_comes_out(image: str, tmp_path: Path) -> None:
    def refuse() -> None:
        raise LookupError("the task is another worker's")

    with pytest.raises(LookupError, match="another worker's"):
        accel.convert(image, f"oci:{tmp_path}/out:x", before_publish=refuse)
    with pytest.raises(accel.NotFound):
        accel.open(f"oci:{tmp_path}/out:x")


def test_call_that_was_cancelled_asks_nothing(image: str, tmp_path: Path) -> None:
    token = accel.CancelToken()
    asked: list[bool] = []

    def stop(event: accel.ProgressEvent) -> None:
        del event
        token.cancel()

    with pytest.raises(accel.Cancelled):
        accel.convert(
            image, f"oci:{tmp_path}/out:x", progress=stop, cancel=token, before_publish=lambda: asked.append(True)
        )
    assert asked == []


def test_child_token_follows_its_parent_and_not_the_other_way() -> None:
    parent = accel.CancelToken()
    first, second = accel.CancelToken(parent), accel.CancelToken(parent)
    first.cancel()
    assert (parent.cancelled, first.cancelled, second.cancelled) == (False, True, False)
    parent.cancel()
    assert second.cancelled


def test_interrupt_is_raised_after_the_work_has_cleaned_up(stalled: LayoutServer, tmp_path: Path) -> None:
    token = accel.CancelToken()
    threads_before = sum(1 for _ in Path("/proc/self/task").iterdir())
    thread = when_stalled(stalled, lambda: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        accel.convert(stalled.reference("app"), f"oci:{tmp_path}/out:x", cancel=token)
    thread.join()
    assert not token.cancelled, "the caller's token is shared with other calls"
    assert not list((tmp_path / "out").rglob("*.tmp*"))
    # Threads of the server may still come and go; those of the call are gone.
    assert sum(1 for _ in Path("/proc/self/task").iterdir()) <= threads_before + 2


def test_error_of_a_callback_stops_the_work_and_is_raised(stalled: LayoutServer, tmp_path: Path) -> None:
    def fail(event: accel.ProgressEvent) -> None:
        raise RuntimeError(event.kind)

    with pytest.raises(RuntimeError, match="image"):
        accel.convert(stalled.reference("app"), f"oci:{tmp_path}/out:x", progress=fail)


def test_callbacks_run_on_the_calling_thread(image: str) -> None:
    threads = set()
    accel.convert(image, progress=lambda _: threads.add(threading.get_ident()))
    assert threads == {threading.get_ident()}


def test_every_step_is_seen_to_begin_and_to_end(image: str) -> None:
    events: list[accel.ProgressEvent] = []
    accel.convert(image, driver=["estargz", "zstdchunked"], progress=events.append)
    layers = [layer.digest for layer in accel.open(image).layers]
    assert [event.kind for event in events].count("image") == 1
    for kind, ids in {
        "pull": layers,
        "convert": layers,
        "push": [f"{layer}@{driver}" for layer in layers for driver in ("estargz", "zstdchunked")],
    }.items():
        for one in ids:
            states = [event.state for event in events if (event.kind, event.id) == (kind, one)]
            assert states[0] == "started", (kind, one)
            assert states[-1] == "done", (kind, one)
            assert set(states[1:-1]) <= {"running"}, (kind, one)


def test_running_events_come_at_most_ten_times_a_second(layout: Layout) -> None:
    # 64 MiB in pieces of 1 MiB at most: far more reports than may reach Python.
    layer = layout.add_tar(bytes(64 << 20), compression="none")
    image = layout.tag(layout.add_image([layer]), "zeros")
    events: list[accel.ProgressEvent] = []
    begun = time.monotonic()
    accel.convert(image, progress=events.append)
    seconds = time.monotonic() - begun
    running = [event for event in events if (event.kind, event.state) == ("pull", "running")]
    assert 1 <= len(running) <= seconds / 0.1 + 1


def test_log_records_reach_logging(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="accel"):
        _environment._log(logging.WARNING, "blob is odd", {"digest": "sha256:00"})
    assert caplog.messages == ["blob is odd digest=sha256:00"]
    assert caplog.records[0].__dict__["fields"] == {"digest": "sha256:00"}


def test_calls_of_several_threads_run_side_by_side(image: str) -> None:
    reports: list[bool] = []
    threads = [threading.Thread(target=lambda: reports.append(accel.check(image, image).equal)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert reports == [True] * 4


LEAVE_WHILE_BUSY = """
import sys, threading, accel
started = threading.Event()
def work():
    try:
        accel.convert(sys.argv[1], sys.argv[2], progress=lambda event: started.set())
    except accel.Cancelled:
        print("cancelled", flush=True)
threading.Thread(target=work, daemon=True).start()
started.wait(60)
"""


def test_leaving_the_interpreter_stops_calls_of_daemon_threads(stalled: LayoutServer, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LEAVE_WHILE_BUSY, stalled.reference("app"), f"oci:{tmp_path}/out:x"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert not list((tmp_path / "out").rglob("*.tmp*"))
