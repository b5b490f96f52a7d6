"""Daemons that share a queue, and everything that goes wrong around them by a schedule that a seed gives.

python -m tests.support.chaos FOLDER [--engine postgresql] [--tasks 200] [--seconds 60] [--seed 1]
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import random
import signal
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

import accel
from acceld.tasks import counters
from acceld.tasks.db import open_database
from acceld.tasks.history import MAX_PAGE_SIZE, Filter, History
from acceld.tasks.model import State, Task
from tests.python.support.images import noise
from tests.python.support.layout import Entry, Layout
from tests.support import busy, postgresql
from tests.support.daemon import CONVERSIONS, Daemon
from tests.support.registry import Registry, free_port, plain_registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DAEMONS = 3
LEASE = 5.0  # seconds
IMAGES = 10  # different ones; each is pushed under many names
CALM = 150.0  # seconds that all tasks have to end once nothing goes wrong any more, on an idle machine
ORPHANS = 10.0  # likewise that children of a killed daemon have to end

_MARK = "ACCEL_CHAOS"  # in the environment of everything that is started here


@dataclass(frozen=True)
class Attempt:
    """One attempt as a daemon's log tells it. `end` is None when the daemon died before it said how it ended."""

    daemon: str
    start: float
    end: float | None
    ending: str


@dataclass
class Report:
    """What came of it. `faults` is empty when everything that was promised held."""

    seed: int
    kills: int = 0
    freezes: int = 0
    outages: int = 0
    database_restarts: int = 0
    attempts: int = 0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)
    journal: list[str] = field(default_factory=list)

    def text(self) -> str:
        """Everything that is needed to find a fault's cause."""
        counts = {name: value for name, value in vars(self).items() if not isinstance(value, list)}
        return "\n".join([json.dumps(counts), "faults:", *self.faults, "journal:", *self.journal])


class Chaos:
    """Daemons, registry and database of one run."""

    def __init__(self, folder: Path, url: str, server: postgresql.PostgreSQL | None, *, seed: int) -> None:
        """`url` is that of the queue, `server` the PostgreSQL it is in, if it is in one."""
        self.report = Report(seed)
        self._folder = folder
        self._server = server
        self._random = random.Random(seed)
        self._began = time.time()
        self._mark = uuid.uuid4().hex
        self._registry_port = free_port()
        self._registry = contextlib.ExitStack()
        self.host = f"127.0.0.1:{self._registry_port}"
        settings = {
            "provider": {"source": {self.host: {"plain_http": True}}, "work_dir": str(folder / "work")},
            "queue": {"url": url, "lease": f"{LEASE}s", "max_attempts": 100},
            "converter": {"worker": 1, "driver": "estargz", "rules": [{"tag_suffix": "-esgz"}]},
        }
        self._url = url
        self.config = accel.Config.from_dict(settings)
        self.daemons = [
            Daemon(folder / f"daemon-{number}", settings, **{_MARK: self._mark}) for number in range(DAEMONS)
        ]
        self._alive_until: dict[str, list[tuple[float, float]]] = {}  # daemon → its kills: when, when all was gone
        self._frozen: list[tuple[str, float, float]] = []
        self._changing = [threading.Lock() for _ in self.daemons]

    @contextlib.contextmanager
    def running(self) -> Iterator[Chaos]:
        """Registry and daemons run within the block; nothing of them is left after it."""
        with self._registry:
            self.start_registry()
            try:
                for daemon in self.daemons:
                    daemon.begin()
                yield self
            finally:
                for daemon in self.daemons:
                    daemon.kill()
                    daemon.http.close()
                for pid in self._descendants():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)

    def note(self, text: str) -> None:
        """Adds a line to the journal."""
        self.report.journal.append(f"{time.time() - self._began:7.2f} {text}")

    def start_registry(self) -> Registry:
        return self._registry.enter_context(plain_registry(self._folder / "registry", self._registry_port))

    # What goes wrong

    def schedule(self, seconds: float) -> list[tuple[float, Callable[[], None]]]:
        """What happens when, the same for the same seed."""
        found: list[tuple[float, Callable[[], None]]] = []
        at = 2.0
        while at < seconds:
            victim = self._random.randrange(DAEMONS)
            pause = self._random.uniform(0.0, 1.5)
            if self._random.random() < 0.15:
                found.append((at, lambda victim=victim: self.freeze(victim)))  # type: ignore[misc]
            else:
                found.append((at, lambda victim=victim, pause=pause: self.kill(victim, pause)))  # type: ignore[misc]
            at += self._random.uniform(2.0, 4.0)
        for begin in (0.25, 0.6):
            length = self._random.uniform(1.5, 4.0)
            found.append((seconds * begin, lambda length=length: self.outage(length)))  # type: ignore[misc]
        if self._server:
            found += [(seconds * part, self.restart_database) for part in (0.4, 0.8)]
        return sorted(found, key=lambda each: each[0])

    def kill(self, number: int, pause: float) -> None:
        """`kill -9`; its children must end by themselves; then it is started again."""
        daemon = self.daemons[number]
        with self._changing[number]:
            children = daemon.children()
            self.note(f"kill daemon-{number}, children {children}")
            self.report.kills += 1
            at = time.time()
            daemon.kill()
            if left := self._still_there(children):
                self.report.faults.append(f"children of daemon-{number} live long after its kill: {left}")
            self._alive_until.setdefault(daemon.path.parent.name, []).append((at, time.time()))
            time.sleep(pause)
            daemon.begin()

    def freeze(self, number: int) -> None:
        """SIGSTOP for longer than a lease: its tasks are taken over; when it goes on it must do no harm."""
        daemon = self.daemons[number]
        with self._changing[number]:
            length = LEASE * 1.6
            self.note(f"freeze daemon-{number} for {length} s, children {daemon.children()}")
            self.report.freezes += 1
            begin = time.time()
            daemon.send(signal.SIGSTOP)
            time.sleep(length)
            daemon.send(signal.SIGCONT)
            self._frozen.append((daemon.path.parent.name, begin, time.time()))
            self.note(f"daemon-{number} goes on")

    def outage(self, length: float) -> None:
        """The registry is away for some seconds."""
        self.note(f"registry away for {length:.1f} s")
        self.report.outages += 1
        self._registry.close()
        time.sleep(length)
        self.start_registry()
        self.note("registry back")

    def restart_database(self) -> None:
        """PostgreSQL crashes and comes back."""
        assert self._server
        self.note("database restarts")
        self.report.database_restarts += 1
        self._server.restart()
        self.note("database back")

    def run(self, names: list[tuple[str, str]], seconds: float) -> None:
        """Sends a webhook for each (reference, digest) and lets all go wrong for `seconds`; then all must end."""
        began = time.monotonic()
        sender = threading.Thread(target=self._send, args=(names, seconds / 2))
        sender.start()
        acts = []
        for at, act in self.schedule(seconds):
            time.sleep(max(0.0, began + at - time.monotonic()))
            if act == self.restart_database:  # PostgreSQL ends with the thread that started it
                self._guarded(act)
                continue
            acts.append(threading.Thread(target=self._guarded, args=(act,)))
            acts[-1].start()
        for thread in (*acts, sender):
            thread.join()
        self.note("calm")
        database = open_database(self._url)
        try:
            self._wait_for_all(History(database), len(names))
        finally:
            database.close()
        self.report.seconds = round(time.monotonic() - began, 1)

    def _guarded(self, act: Callable[[], None]) -> None:
        try:
            act()
        except BaseException as error:
            self.report.faults.append(f"the harness failed: {error!r}")
            raise

    def _send(self, names: list[tuple[str, str]], seconds: float) -> None:
        """As Harbor does: each webhook to any daemon, again and again until one says that it has it."""
        chance = random.Random(self.report.seed + 1)
        with httpx.Client(timeout=10) as client:
            for source, digest in names:
                resource = {"resource_url": source, "digest": digest}
                body = {"type": "PUSH_ARTIFACT", "event_data": {"resources": [resource]}}
                deadline = time.monotonic() + busy.seconds(CALM)
                while True:
                    url = self.daemons[chance.randrange(DAEMONS)].url
                    with contextlib.suppress(httpx.TransportError):
                        if client.post(url + CONVERSIONS, json=body).status_code == 200:
                            break
                    if time.monotonic() > deadline:
                        self.report.faults.append(f"no daemon took the webhook for {source}")
                        return
                    time.sleep(0.1)
                time.sleep(seconds / len(names))

    def _wait_for_all(self, history: History, count: int) -> None:
        deadline = time.monotonic() + busy.seconds(CALM)
        while True:
            tasks = _all_tasks(history)
            left = [task for task in tasks if task.finished is None]
            if not left and len(tasks) >= count:
                return
            if time.monotonic() > deadline:
                self.report.faults.append(f"{len(left)} of {len(tasks)} tasks have not ended in the calm")
                return
            self._revive()
            # Back-off after the registry's absence is no part of this: those that wait may go on at once.
            for task in left:
                if task.state is State.QUEUED and task.error:
                    with contextlib.suppress(httpx.TransportError):
                        self.daemons[0].http.post(f"{CONVERSIONS}/{task.id}/retry")
            time.sleep(0.5)

    def _revive(self) -> None:
        """Starts those again that could not start while the database was away, as a service manager does."""
        for number, daemon in enumerate(self.daemons):
            code = daemon.process.poll()
            if code is not None:
                why = daemon.log().splitlines()[-1]
                self.note(f"daemon-{number} had ended with {code}: {why}")
                if "does not answer" not in why:
                    self.report.faults.append(f"daemon-{number} ended by itself: {daemon.log()[-2000:]}")
                daemon.begin()

    # What must hold

    def verify(self, names: list[tuple[str, str]], wanted: dict[str, str]) -> Report:
        """Looks at tasks, targets, attempts and processes; gives the report. `wanted`: source's digest → target's."""
        faults = self.report.faults
        database = open_database(self._url)
        try:
            tasks = {task.source: task for task in _all_tasks(History(database))}
            count = History(database).count()
            ended = {label: value for (name, label), value in counters.totals(database).items() if name == "ended"}
        finally:
            database.close()
        if count != len(names) or set(tasks) != {source for source, _ in names}:
            faults.append(f"{len(names)} webhooks became {count} tasks of {len(tasks)} sources")
        if ended != {State.DONE: len(names)}:
            faults.append(f"ends that were counted: {ended}")
        attempts = self.attempts()
        self.report.attempts = sum(map(len, attempts.values()))
        for source, digest in names:
            if task := tasks.get(source):
                found = self._task_faults(task, wanted[digest]) + self._attempt_faults(attempts.get(task.id, []))
                faults += [f"{source} (task {task.id}): {fault}" for fault in found]
                if found:
                    faults += [f"    {line}" for line in self._lines_of(task.id)]
        codes = [daemon.stop() for daemon in self.daemons]
        if any(codes):
            faults.append(f"daemons ended with {codes}")
        # Python's own helper of a daemon ends a moment after it.
        if left := self._still_there(self._descendants()):
            faults.append(f"processes are left: {left}")
        return self.report

    def _task_faults(self, task: Task, wanted: str) -> list[str]:
        if task.state is not State.DONE or "skipped" in task.result:
            return [f"{task.state}: {task.error} {task.result}"]
        target = accel.inspect(f"{task.source}-esgz", config=self.config).digest
        said = task.result["targets"][0]["digest"]
        return [] if target == said == wanted else [f"target {target}, the task says {said}, a clean one is {wanted}"]

    def _attempt_faults(self, attempts: list[Attempt]) -> list[str]:
        """Two at once, or two that were well: only the log of a daemon that was frozen may overlap."""
        found = []
        if sum(attempt.ending == "done" for attempt in attempts) > 1:
            found.append(f"done more than once: {attempts}")
        for before, after in itertools.pairwise(attempts):
            gone = before.end
            if gone is None:
                kills = [all_gone for at, all_gone in self._alive_until.get(before.daemon, []) if at >= before.start]
                gone = min(kills, default=None)
            if gone is None:
                found.append(f"nobody said how this one ended: {before}")
            elif after.start < gone - 0.001:
                frozen = any(
                    name == before.daemon and begin - LEASE < after.start and before.start < end
                    for name, begin, end in self._frozen
                )
                if not frozen or before.ending == "done":
                    found.append(f"two at once: {before} and {after}")
        return found

    def attempts(self) -> dict[str, list[Attempt]]:
        """Task → its attempts, by their starts, from the logs of all daemons."""
        found: dict[str, list[Attempt]] = {}
        for daemon in self.daemons:
            name = daemon.path.parent.name
            open_ones: dict[str, float] = {}
            for event in _events(daemon):
                task, text = event.get("task", ""), event["event"]
                at = datetime.fromisoformat(event["timestamp"]).timestamp()
                if text.endswith(tuple("0123456789")) and ", attempt " in text:
                    if task in open_ones:
                        found.setdefault(task, []).append(Attempt(name, open_ones[task], None, "killed"))
                    open_ones[task] = at
                elif task in open_ones and text.startswith(f"task {task}: "):
                    ending = text.removeprefix(f"task {task}: ")
                    if ending.partition(":")[0].partition(",")[0] in _ENDINGS:
                        found.setdefault(task, []).append(Attempt(name, open_ones.pop(task), at, ending))
            for task, start in open_ones.items():
                found.setdefault(task, []).append(Attempt(name, start, None, "killed"))
        return {task: sorted(each, key=lambda attempt: attempt.start) for task, each in found.items()}

    def _lines_of(self, task_id: str) -> list[str]:
        lines = [
            f"{event['timestamp']} {daemon.path.parent.name} {event['event']}"
            for daemon in self.daemons
            for event in _events(daemon)
            if event.get("task") == task_id
        ]
        return sorted(lines)

    def _still_there(self, pids: list[int]) -> list[str]:
        """Waits for processes that have to end; gives those that do not."""
        deadline = time.monotonic() + busy.seconds(ORPHANS)
        while left := [pid for pid in pids if self._is_ours(pid)]:
            if time.monotonic() > deadline:
                return [f"{pid} {Path(f'/proc/{pid}/cmdline').read_bytes()!r}" for pid in left]
            time.sleep(0.02)
        return []

    def _is_ours(self, pid: int) -> bool:
        try:
            return f"{_MARK}={self._mark}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            return False

    def _descendants(self) -> list[int]:
        """All processes that live and were started by this run's daemons, or are they."""
        return [int(path.name) for path in Path("/proc").glob("[0-9]*") if self._is_ours(int(path.name))]


# First words of `WorkerPool._settle`, with which a daemon says how an attempt ended.
_ENDINGS = {"done", "lost", "skipped", "cancelled", "handed back", "queued", "failed"}


def _events(daemon: Daemon) -> list[dict[str, Any]]:
    """Lines of the log; the last one of a killed daemon may be cut off."""
    found = []
    for line in daemon.log().splitlines():
        with contextlib.suppress(ValueError):
            found.append(json.loads(line))
    return found


def _all_tasks(history: History) -> list[Task]:
    tasks: list[Task] = []
    before: int | None = None
    while True:
        page = history.page(Filter(list(State)), before=before, size=MAX_PAGE_SIZE)
        tasks += page.tasks
        if page.next is None:
            return tasks
        before = page.next


def push_images(chaos: Chaos, count: int) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """Puts `count` small images into the registry.

    Returns:
        Reference and digest of each, and for each of the digests that of a clean conversion.
    """
    layout = Layout(chaos._folder / "images")
    names, wanted = [], {}
    locations = []
    for number in range(IMAGES):
        layers = [
            layout.add_layer([Entry(f"layer{part}", noise(20_000 * (part + 1), number * 10 + part))])
            for part in range(2)
        ]
        location = layout.tag(layout.add_image(layers), f"image-{number}")
        clean = f"oci:{chaos._folder / 'clean'}:image-{number}"
        accel.convert(location, clean, driver="estargz")
        digest = accel.inspect(location).digest
        wanted[digest] = accel.inspect(clean).digest
        locations.append((location, digest))
    for number in range(count):
        location, digest = locations[number % IMAGES]
        reference = f"{chaos.host}/chaos/app{number % 40}:v{number}"
        accel.copy(location, reference, config=chaos.config)
        names.append((reference, digest))
    return names, wanted


def unleash(folder: Path, engine: str, *, tasks: int, seconds: float, seed: int) -> Report:
    """One run; `folder` keeps all logs."""
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(postgresql.cluster()) if engine == "postgresql" else None
        url = server.new_database() if server else f"sqlite:///{folder}/tasks.db"
        chaos = Chaos(folder, url, server, seed=seed)
        with chaos.running():
            names, wanted = push_images(chaos, tasks)
            for daemon in chaos.daemons:
                daemon.wait_for(lambda daemon=daemon: " listens on " in daemon.log())  # type: ignore[misc]
            chaos.run(names, seconds)
            return chaos.verify(names, wanted)


def main() -> int:
    """Runs it as often as one likes, with seeds of one's own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--engine", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    values = parser.parse_args()
    report = unleash(values.folder, values.engine, tasks=values.tasks, seconds=values.seconds, seed=values.seed)
    print(report.text())
    return 1 if report.faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
