"""A short version of `tests/bench/load`: counts and what is on disk are rules, times are printed."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest

from acceld.tasks.model import State
from tests.support import registry, webhook_load
from tests.support.busy_daemon import BusyDaemon, Usage, busy_daemon
from tests.support.daemon import CONVERSIONS

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1 << 20
WORKERS = 2
RATE, SECONDS = 500, 6.0

_HEAD = f"POST {CONVERSIONS} HTTP/1.1\r\nHost: d\r\nX".encode()
_BODY = b": y\r\nContent-Length: 99\r\n\r\n{"

pytestmark = pytest.mark.skipif(not registry.available(), reason="docker-registry is not installed")


def test_what_was_accepted_under_load_is_on_disk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with busy_daemon(tmp_path, WORKERS) as busy:
        busy.convert(busy.push(8, 12 * MIB))
        busy.wait_until_busy(WORKERS)
        nuisances = [_begin_and_stop(busy.port, first) for first in (*[_HEAD] * 150, *[_HEAD + _BODY] * 50)]
        load = webhook_load.send(busy.port, rate=RATE, seconds=SECONDS, connections=50)
        busy.daemon.kill()
        for nuisance in nuisances:
            nuisance.close()
        with capsys.disabled():
            print(f"\n{load.text()}, while {dict(busy.conversions())} conversions", end="")
        assert load.accepted == load.sent == RATE * SECONDS, load.text()
        assert busy.webhooks() == load.sent
        # Nobody was kept from its work either.
        busy.daemon.start()
        busy.daemon.wait_for(lambda: busy.conversions().keys() == {State.DONE})


def test_memory_files_and_threads_stay_flat(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with busy_daemon(tmp_path, WORKERS) as busy:
        pid = busy.daemon.process.pid
        first = 0
        seen: list[Usage] = []
        for _ in range(6):
            first += _mixed_load(busy, first)
            _settle(busy)
            seen.append(Usage.of(pid))
        with capsys.disabled():
            print(f"\nRSS {[usage.rss // MIB for usage in seen]} MiB; {seen[-1]}", end="")
        warm, end = seen[2], seen[-1]
        assert end.rss - warm.rss < 12 * MIB, seen
        # Connections that ended a moment ago may still be there.
        busy.daemon.wait_for(lambda: Usage.of(pid).files <= warm.files + 4)
        assert end.threads <= warm.threads + 12, seen
        assert busy.webhooks() == first


def _mixed_load(busy: BusyDaemon, first: int) -> int:
    """Webhooks, conversions, readers of lists and metrics, and clients that go away; gives how many webhooks."""
    busy.convert(busy.push(2, MIB))
    (newest,) = busy.daemon.tasks(limit=1)
    gone = [_watch(busy.port, newest["id"]) for _ in range(10)]
    gone += [_begin_and_stop(busy.port, first) for first in (b"", _HEAD, _HEAD + _BODY)]
    stop = threading.Event()
    reader = threading.Thread(target=_read, args=(busy, stop))
    reader.start()
    load = webhook_load.send(busy.port, rate=200, seconds=3, connections=20, first=first)
    stop.set()
    reader.join()
    for client in gone:
        client.close()
    assert load.accepted == load.sent, load.text()
    return load.sent


def _read(busy: BusyDaemon, stop: threading.Event) -> None:
    while not stop.is_set():
        for path in (CONVERSIONS, f"{CONVERSIONS}?source=app&limit=20", "/metrics", "/api/v1/ready"):
            assert busy.daemon.http.get(path).status_code == 200
        stop.wait(0.1)


def _watch(port: int, task: str) -> socket.socket:
    """A client that reads the beginning of a task's events."""
    connection = _begin_and_stop(port, f"GET {CONVERSIONS}/{task}/events HTTP/1.1\r\nHost: d\r\n\r\n".encode())
    assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
    return connection


def _begin_and_stop(port: int, first: bytes) -> socket.socket:
    """A client that says so much and then nothing."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sendall(first)
    return connection


def _settle(busy: BusyDaemon) -> None:
    """Returns when all conversions have ended."""
    busy.daemon.wait_for(lambda: not busy.daemon.children() and set(busy.conversions()) == {State.DONE})
