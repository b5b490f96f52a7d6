"""An acceld that converts without a pause while something else is measured, and what it takes of the system."""

from __future__ import annotations

import contextlib
import re
import shutil
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import accel
from acceld.tasks.db import open_database
from acceld.tasks.history import Filter, History
from acceld.tasks.model import State
from tests.python.support.images import noise
from tests.python.support.layout import Entry, Layout, tar_bytes
from tests.support.daemon import CONVERSIONS, PATIENCE, Daemon, running
from tests.support.registry import plain_registry
from tests.support.webhook_load import HOST

if TYPE_CHECKING:
    from collections.abc import Iterator

_URGENT = 100  # priority of the conversions; webhooks have 0 and wait


@dataclass(frozen=True)
class Usage:
    """What one process holds."""

    rss: int  # bytes
    files: int
    threads: int

    @classmethod
    def of(cls, pid: int) -> Usage:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
        found = {name: int(value) for name, value in re.findall(r"^(VmRSS|Threads):\s+(\d+)", status, re.MULTILINE)}
        files = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
        return cls(found["VmRSS"] * 1024, files, found["Threads"])


class BusyDaemon:
    """A daemon with `workers` workers, a registry, and images in it that keep the workers busy."""

    def __init__(self, folder: Path, host: str, workers: int, queue: Path) -> None:
        self.database_url = f"sqlite:///{queue}/tasks.db"
        # One task of the webhooks' registry is begun, which fails; then nothing keeps the workers from conversions.
        quiet = {"limits": {"running": 1, "per_minute": 0.001}}
        settings = {
            "provider": {"source": {host: {"plain_http": True}, HOST: quiet}, "work_dir": str(folder / "work")},
            "queue": {"url": self.database_url},
            "converter": {"worker": workers, "driver": "estargz", "rules": [{"tag_suffix": "-esgz"}]},
        }
        self.daemon = Daemon(folder / "daemon", settings)
        self._host = host
        self._folder = folder
        self._config = accel.Config.from_dict(settings)
        self._images = 0

    @property
    def port(self) -> int:
        return int(self.daemon.settings["server"]["port"])

    def push(self, count: int, size: int) -> list[str]:
        """Puts images of `size` bytes that do not compress into the registry; all are different."""
        found = []
        for _ in range(count):
            self._images += 1
            layout = Layout(self._folder / f"image-{self._images}")
            layer = layout.add_tar(tar_bytes([Entry("noise", noise(size, self._images))]), "none")
            location = layout.tag(layout.add_image([layer]), "1")
            reference = f"{self._host}/busy/app{self._images}:1"
            accel.copy(location, reference, config=self._config)
            # What stays would be written to the disk half a minute later, in the middle of what is measured.
            shutil.rmtree(layout.path)
            found.append(reference)
        return found

    def convert(self, sources: list[str]) -> None:
        """Asks for conversions that go before everything else."""
        for source in sources:
            reply = self.daemon.http.post(CONVERSIONS, json={"source": source, "priority": _URGENT})
            assert reply.status_code == 200, reply.text

    def states(self) -> Counter[tuple[bool, State]]:
        """From the database itself: (of the webhooks' registry, state) → how many tasks."""
        database = open_database(self.database_url)
        try:
            history = History(database)
            found: Counter[tuple[bool, State]] = Counter()
            before: int | None = None
            while True:
                page = history.page(Filter(list(State)), before=before, size=1000)
                found.update((task.lane == HOST, task.state) for task in page.tasks)
                if page.next is None:
                    return found
                before = page.next
        finally:
            database.close()

    def webhooks(self) -> int:
        """How many tasks the webhooks became."""
        return sum(count for (ours, _), count in self.states().items() if ours)

    def conversions(self) -> Counter[State]:
        """State → how many of the conversions."""
        return Counter({state: count for (ours, state), count in self.states().items() if not ours})

    def wait_until_busy(self, workers: int) -> None:
        """Returns when that many conversions run."""
        deadline = time.monotonic() + PATIENCE
        while len(self.daemon.children()) < workers:
            assert time.monotonic() < deadline, self.daemon.log()
            time.sleep(0.05)


@contextlib.contextmanager
def busy_daemon(folder: Path, workers: int = 2, *, queue: Path | None = None) -> Iterator[BusyDaemon]:
    """Runs one with its registry until the block ends. `queue` is the folder of its tasks, by default `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with plain_registry(folder / "registry") as registry:
        made = BusyDaemon(folder, registry.host, workers, queue or folder)
        with running(made.daemon):
            yield made
