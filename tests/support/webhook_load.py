"""Sends webhooks at a rate that does not wait for the replies, from a process of its own.

    python -m tests.support.webhook_load PORT [--rate 1000] [--seconds 30] [--connections 100] [--first 0]

Each webhook tells of another image. Its time counts from the moment it was due, so a server that falls behind cannot
hide it by keeping senders waiting.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections import Counter, deque
from dataclasses import asdict, dataclass
from pathlib import Path

HOST = "webhooks.example"  # the registry the webhooks are of; nobody is to ask it anything

_ROOT = Path(__file__).resolve().parents[2]
_TICK = 0.002  # seconds between two looks which webhooks are due
_LATEST = 120.0  # seconds that the last replies may take


@dataclass(frozen=True)
class Load:
    """What was answered. Times in milliseconds."""

    sent: int
    accepted: int
    others: dict[str, int]  # status or "lost" → how often
    rate: float  # replies a second
    p50: float
    p99: float
    most: float

    def text(self) -> str:
        others = f", {self.others}" if self.others else ""
        times = f"p50 {self.p50:.0f}, p99 {self.p99:.0f}, at most {self.most:.0f} ms"
        return f"{self.accepted} of {self.sent} webhooks accepted{others}, {self.rate:.0f} a second, {times}"


def send(port: int, *, rate: int, seconds: float, connections: int, first: int = 0) -> Load:
    """Runs this module as a process and gives what it found."""
    options = ["--rate", str(rate), "--seconds", str(seconds), "--connections", str(connections), "--first", str(first)]
    command = [sys.executable, "-m", "tests.support.webhook_load", str(port), *options]
    done = subprocess.run(
        command, cwd=_ROOT, capture_output=True, text=True, check=False, timeout=seconds + 2 * _LATEST
    )
    assert done.returncode == 0, done.stderr
    return Load(**json.loads(done.stdout))


def webhook(number: int) -> bytes:
    """A request as Harbor sends it."""
    resource = {
        "digest": f"sha256:{number:064x}",
        "tag": f"v{number}",
        "resource_url": f"{HOST}/library/app:v{number}",
    }
    repository = {"name": "app", "namespace": "library", "repo_full_name": "library/app", "repo_type": "public"}
    document = {
        "type": "PUSH_ARTIFACT",
        "occur_at": 1_795_960_000 + number,
        "operator": "admin",
        "event_data": {"resources": [resource], "repository": repository},
    }
    body = json.dumps(document).encode()
    head = f"POST /api/v1/conversions HTTP/1.1\r\nHost: acceld\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class _Connection(asyncio.Protocol):
    """One keep-alive connection, one request at a time."""

    def __init__(self, sender: _Sender) -> None:
        self._sender = sender
        self._answer = b""
        self._asked: tuple[int, float] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def ask(self, number: int, due: float) -> None:
        self._asked = number, due
        self._transport.write(webhook(number))

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, end, body = self._answer.partition(b"\r\n\r\n")
        if not end:
            return
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        if len(body) >= length and self._asked:
            due = self._asked[1]
            self._asked, self._answer = None, b""
            self._sender.answered(self, head[9:12].decode(), due)

    def connection_lost(self, exc: Exception | None) -> None:
        self._sender.lost(self, self._asked)


class _Sender:
    def __init__(self, port: int, rate: int, total: int, first: int) -> None:
        self._port, self._rate, self._total, self._first = port, rate, total, first
        self._connecting: set[asyncio.Task[None]] = set()
        self._idle: deque[_Connection] = deque()
        self._due: deque[tuple[int, float]] = deque()
        self._times: list[float] = []
        self._codes: Counter[str] = Counter()
        self._all = asyncio.Event()

    def answered(self, connection: _Connection, status: str, due: float) -> None:
        self._times.append(time.perf_counter() - due)
        self._count(status)
        if self._due:
            connection.ask(*self._due.popleft())
        else:
            self._idle.append(connection)

    def lost(self, connection: _Connection, asked: tuple[int, float] | None) -> None:
        """As every client does: what was sent on a connection that had been idle too long is sent again."""
        if connection in self._idle:
            self._idle.remove(connection)
        if asked:
            self._due.appendleft(asked)
        self._connecting.add(asyncio.get_running_loop().create_task(self._connect()))

    async def _connect(self) -> None:
        try:
            loop = asyncio.get_running_loop()
            connection = (await loop.create_connection(lambda: _Connection(self), "127.0.0.1", self._port))[1]
        except OSError:  # nobody is there any more
            if self._due:
                self._due.popleft()
                self._count("lost")
            return
        if self._due:
            connection.ask(*self._due.popleft())
        else:
            self._idle.append(connection)

    def _count(self, what: str) -> None:
        self._codes[what] += 1
        if self._codes.total() == self._total:
            self._all.set()

    async def run(self, connections: int) -> Load:
        for _ in range(connections):
            await self._connect()
        start = time.perf_counter()
        sent = 0
        while sent < self._total:
            while sent < self._total and start + sent / self._rate <= time.perf_counter():
                asked = (self._first + sent, start + sent / self._rate)
                if self._idle:
                    self._idle.popleft().ask(*asked)  # the one that has been idle longest, so that none is closed
                else:
                    self._due.append(asked)
                sent += 1
            await asyncio.sleep(_TICK)
        async with asyncio.timeout(_LATEST):
            await self._all.wait()
        seconds = time.perf_counter() - start
        times = sorted(self._times) or [0.0]
        others = {code: count for code, count in self._codes.items() if code != "200"}
        p50, p99 = (times[int(len(times) * part)] * 1000 for part in (0.5, 0.99))
        return Load(sent, self._codes["200"], others, len(times) / seconds, p50, p99, times[-1] * 1000)


def main() -> None:
    """Prints a JSON object with the fields of `Load`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--connections", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    values = parser.parse_args()
    sender = _Sender(values.port, values.rate, int(values.rate * values.seconds), values.first)
    print(json.dumps(asdict(asyncio.run(sender.run(values.connections)))))


if __name__ == "__main__":
    main()
