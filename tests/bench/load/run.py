"""What the service bears: a thousand webhooks a second while conversions run, long histories, hours of work.

    python -m tests.bench.load.run [webhooks|pages|soak]... [--seconds 30] [--rate 1000] [--queue FOLDER] [--soak 3600]

Daemon, registry and sender share this machine. Figures go to standard output.
"""

from __future__ import annotations

import argparse
import http.client
import tempfile
import time
from pathlib import Path

from acceld.tasks.db import open_database
from tests.bench.e2e.measure import process_cpu
from tests.support import webhook_load
from tests.support.busy_daemon import BusyDaemon, Usage, busy_daemon
from tests.support.daemon import CONVERSIONS
from tests.support.many_tasks import fill

MIB = 1 << 20
WORKERS = 2
CONNECTIONS = 100
HISTORY = 100_000
PAGES = 300  # of each kind
PHASE = 30.0  # seconds of a soak between two looks


def webhooks(folder: Path, values: argparse.Namespace) -> None:
    """Webhooks at a rate while two conversions run; then `kill -9`, and what is in the database."""
    with (
        tempfile.TemporaryDirectory(dir=values.queue) as queue,
        busy_daemon(folder, WORKERS, queue=Path(queue)) as busy,
    ):
        # More than get done in the time.
        busy.convert(busy.push(int(values.seconds * 2), 24 * MIB))
        busy.wait_until_busy(WORKERS)
        busy.daemon.http.get(CONVERSIONS)
        pid = busy.daemon.process.pid
        before = process_cpu(pid)
        load = webhook_load.send(busy.port, rate=values.rate, seconds=values.seconds, connections=CONNECTIONS)
        cpu = process_cpu(pid) - before
        usage = Usage.of(pid)
        busy.daemon.kill()
        print(f"webhooks: {load.text()}")
        held = f"{usage.rss // MIB} MiB, {usage.threads} threads"
        print(f"  daemon: {cpu / load.sent * 1000:.2f} ms of CPU a webhook, {held}")
        print(f"  after kill -9: {busy.webhooks()} tasks of webhooks; conversions: {dict(busy.conversions())}")


def pages(folder: Path, values: argparse.Namespace) -> None:
    """Pages of a list over HTTP with a long history."""
    with busy_daemon(folder, 1) as busy:
        database = open_database(busy.database_url)
        fill(database, HISTORY)
        database.close()
        connection = http.client.HTTPConnection("127.0.0.1", busy.port, timeout=60)
        queries = {
            "newest 100": "",
            "newest 20": "?limit=20",
            "failed": "?state=failed",
            "of a registry and a profile": "?registry=h3.io&profile=p1",
            "text that is rare": "?source=rare-77777",
            "the middle": f"?before={HISTORY // 2}",
        }
        for name, query in queries.items():
            times = []
            for _ in range(PAGES):
                start = time.perf_counter()
                connection.request("GET", CONVERSIONS + query)
                reply = connection.getresponse()
                body = reply.read()
                assert reply.status == 200, body
                times.append((time.perf_counter() - start) * 1000)
            times.sort()
            p50, p99 = times[PAGES // 2], times[int(PAGES * 0.99)]
            print(f"pages of {HISTORY} tasks, {name}: p50 {p50:.1f}, p99 {p99:.1f} ms")


def soak(folder: Path, values: argparse.Namespace) -> None:
    """Webhooks, conversions and readers for a long time: what the daemon holds, every half a minute."""
    with busy_daemon(folder, WORKERS) as busy:
        sources = busy.push(4, 4 * MIB)
        pid = busy.daemon.process.pid
        began = time.monotonic()
        first = 0
        while time.monotonic() - began < values.soak:
            first += _phase(busy, sources, first)
            usage = Usage.of(pid)
            held = f"{usage.rss / MIB:.1f} MiB, {usage.files} files, {usage.threads} threads"
            print(f"soak {time.monotonic() - began:6.0f} s: {held}, {first} webhooks", flush=True)


def _phase(busy: BusyDaemon, sources: list[str], first: int) -> int:
    busy.convert(sources)
    load = webhook_load.send(busy.port, rate=50, seconds=PHASE, connections=20, first=first)
    assert load.accepted == load.sent, load.text()
    for path in (CONVERSIONS, f"{CONVERSIONS}?source=app&limit=20", "/metrics", "/api/v1/ready"):
        busy.daemon.http.get(path).raise_for_status()
    return load.sent


CASES = {"webhooks": webhooks, "pages": pages, "soak": soak}


def main() -> None:
    """Runs the cases named on the command line; without names all but the soak."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", default=["webhooks", "pages"], help=f"of {', '.join(CASES)}")
    parser.add_argument("--seconds", type=float, default=30.0, help="of webhooks")
    parser.add_argument("--rate", type=int, default=1000, help="webhooks a second")
    parser.add_argument("--queue", help="where the tasks of `webhooks` are, such as /dev/shm; by default on the disk")
    parser.add_argument("--soak", type=float, default=3600.0, help="seconds of the soak")
    values = parser.parse_args()
    for case in values.cases:
        with tempfile.TemporaryDirectory(prefix="accel-load-") as folder:
            CASES[case](Path(folder), values)


if __name__ == "__main__":
    main()
