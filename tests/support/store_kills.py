"""Kills processes at work on a local store, again and again, and looks whether the store minds.

usage: python -m tests.support.store_kills DIRECTORY ROUNDS SECONDS SEED    prints one JSON document

Ends after that many rounds of two kills, or that many seconds.

A process of its own that starts no threads, because it forks.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import accel

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT = 20_000_000  # threshold of the evicting process, bytes
LONGEST = 0.03  # seconds a process lives

if TYPE_CHECKING:
    Say = Callable[[str], None]
    Role = Callable[[accel.Store, random.Random, Say], None]


def content_of(number: int) -> bytes:
    """A blob that only its number decides; up to 3 MB, so that many a process dies in the middle of writing one."""
    rng = random.Random(number)
    return rng.randbytes(4096) * rng.choice([0, 1, 3, 100, 700])


def write(store: accel.Store, rng: random.Random, say: Say) -> None:
    """Writes blobs, half of them new ones."""
    while True:
        say(store.add(content_of(rng.randrange(40) if rng.random() < 0.5 else rng.randrange(10**9))))


def read(store: accel.Store, rng: random.Random, say: Say) -> None:
    """Pins and reads what is there."""
    while True:
        for blob in store.blobs():
            with store.pin(blob.digest) as here:
                if here and rng.random() < 0.3 and store.read(blob.digest) is None:
                    say("pinned blob was evicted")


def evict(store: accel.Store, rng: random.Random, say: Say) -> None:
    """Collects, over and over."""
    while True:
        store.collect(LIMIT, percent=rng.choice([40, 80]))
        say("")


@dataclass
class Result:
    """What was seen."""

    kills: int = 0
    committed: int = 0
    evictions: int = 0
    swept: int = 0
    died_while_writing: int = 0
    faults: list[str] = field(default_factory=list)


class Killer:
    """Starts, kills and looks."""

    def __init__(self, directory: Path, seed: int) -> None:
        self.directory = directory
        self.rng = random.Random(seed)
        self.result = Result()
        self.known: set[str] = set()  # committed for certain and not evicted
        self.checked: set[str] = set()
        self.marker = ""
        self.marker_uses = 0

    def round(self, *roles: Role) -> None:
        """Runs the roles side by side, kills one after the other, checks the store."""
        children = [self._start(role) for role in roles]
        self.rng.shuffle(children)
        said: list[str] = []
        for pid, pipe in children:
            time.sleep(self.rng.uniform(0, LONGEST))
            os.kill(pid, signal.SIGKILL)
            if os.WIFEXITED(os.waitpid(pid, 0)[1]):
                self.result.faults.append("a process ended by itself")
            self.result.kills += 1
            with os.fdopen(pipe, encoding="utf-8") as lines:
                said += lines.read().split("\n")[:-1]
        committed = {line for line in said if line.startswith("sha256:")}
        self.result.committed += len(committed)
        self.result.evictions += said.count("")
        self.result.faults += [line for line in said if line and not line.startswith("sha256:")]
        self.known |= committed
        self.result.died_while_writing += bool(list((self.directory / "ingest").iterdir()))
        self.check(evicted=evict in roles, pinned=read in roles)

    def check(self, *, evicted: bool, pinned: bool) -> None:
        """What must hold once a store was opened again, after a round with a collector, and with one who pins blobs."""
        store = accel.Store(self.directory)
        blobs = self.directory / "blobs/sha256"
        here = {f"sha256:{path.name}": path for path in blobs.iterdir()}
        if left := list((self.directory / "ingest").iterdir()):
            self.result.faults.append(f"left behind: {left}")
        for digest in here.keys() - self.checked:
            if "sha256:" + hashlib.sha256(here[digest].read_bytes()).hexdigest() != digest:
                self.result.faults.append(f"wrong blob {digest}")
        self.checked = set(here)
        if evicted:
            self.known &= here.keys()
        elif lost := self.known - here.keys():
            self.result.faults.append(f"lost {sorted(lost)}")
        usage = store.usage()
        if usage.pinned_blobs:
            self.result.faults.append("a dead process holds a pin")
        if usage.total_bytes != sum(path.stat().st_blocks for path in here.values()) * 512:
            self.result.faults.append("another size than du's")
        # A collector passes over what is pinned just then, and takes more of the rest: also what is used most.
        if evicted and pinned and self.marker not in here:
            self.marker = ""
        self._use_marker(store)

    def sweep(self) -> None:
        """Nothing that takes room is left when all may go."""
        store = accel.Store(self.directory)
        self.result.swept += store.collect(1, percent=0).evicted_blobs
        if store.usage().total_bytes or any(path.stat().st_size for path in self.directory.glob("blobs/sha256/*")):
            self.result.faults.append("not everything could be evicted")
        self.known.clear()
        self.marker = ""

    def _use_marker(self, store: accel.Store) -> None:
        """Counts of uses survive: those of one blob, which is used most and so evicted last."""
        if not self.marker:
            self.marker, self.marker_uses = store.add(b"marker"), 0
            self.known.add(self.marker)
        for _ in range(20):
            with store.pin(self.marker):
                self.marker_uses += 1
        uses = {blob.digest: blob.uses for blob in store.blobs()}.get(self.marker, 0)
        if uses < self.marker_uses:
            self.result.faults.append(f"the marker was used {self.marker_uses} times, {uses} were counted")

    def _start(self, role: Role) -> tuple[int, int]:
        reader, writer = os.pipe()
        seed = self.rng.randrange(2**32)
        pid = os.fork()
        if pid == 0:
            self._work(role, seed, writer)
        os.close(writer)
        return pid, reader

    def _work(self, role: Role, seed: int, pipe: int) -> NoReturn:
        def say(line: str) -> None:
            os.write(pipe, line.encode() + b"\n")

        try:
            role(accel.Store(self.directory), random.Random(seed), say)
        except BaseException as error:
            say(f"{role.__name__}: {error!r}")
        os._exit(1)


def main() -> None:
    """Runs the rounds."""
    directory = Path(sys.argv[1])
    rounds, seconds, seed = (int(word) for word in sys.argv[2:])
    deadline = time.monotonic() + seconds
    killer = Killer(directory, seed)
    accel.Store(directory)
    for number in range(rounds):
        if time.monotonic() > deadline:
            break
        killer.round(*[(write, read), (write, evict), (write, write), (read, evict)][number % 4])
        if number % 25 == 24:
            killer.sweep()
    killer.sweep()
    print(json.dumps(asdict(killer.result)))


if __name__ == "__main__":
    main()
