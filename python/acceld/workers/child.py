"""What runs in the child process of one task: look at the source, settle the conversion, carry it out.

Child and parent exchange JSON objects over a pipe. The child sends `{"log": [level, text]}`, `{"progress": {…}}`,
`{"publish": true}` when it is about to write tags, `{"steps": […]}` for traces, and at last one outcome: `{"result":
{…}}`, `{"skipped": reason}`, `{"cancelled": true}` or `{"failure": {…}}`. The parent sends `{"cancel": true}`, and
`{"publish": until}` as answer: a time of CLOCK_BOOTTIME, after which the child asks again. When the parent closes the
pipe, or dies, the child ends at once.
"""

from __future__ import annotations

import json
import logging
import os
import queue as queues
import signal
import threading
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import accel
from accel.units import size_text
from acceld.events import artifact
from acceld.tasks.backoff import failure_of
from acceld.tracing import Steps

if TYPE_CHECKING:
    from collections.abc import Mapping
    from multiprocessing.connection import Connection

MAX_MESSAGE = 64 << 20  # bytes; the result of an image with thousands of layers has a few

_PROGRESS_INTERVAL = 0.5  # seconds
_MAX_LAYERS = 100  # layers told of one by one; all are summed up


@dataclass(frozen=True)
class Job:
    """What the child is to do. `arguments` as `acceld.intake` makes them; `traced`: say which steps it took."""

    source: str
    digest: str
    arguments: Mapping[str, Any]
    config: accel.Config
    traced: bool = False


class Skipped(Exception):  # noqa: N818 - nothing is wrong
    """The source needs no work; the text says why."""


def main(pipe: Connection, job: Job) -> None:
    """Does one task and reports over `pipe`. The parent alone decides when to stop: signals of the terminal are its."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    steps = Steps() if job.traced else None
    reporter = _Reporter(pipe, steps)
    parent = _Parent(pipe, reporter)
    logger = logging.getLogger("accel")
    logger.setLevel(logging.INFO)
    logger.addHandler(reporter)
    try:
        outcome: dict[str, Any] = {"result": convert(job, reporter, parent)}
    except Skipped as skipped:
        outcome = {"skipped": str(skipped)}
    except accel.Cancelled:
        outcome = {"cancelled": True}
    except Exception as error:
        failure = failure_of(error)
        reporter.log("error", failure.message)  # of an attempt that is repeated nothing else is left to read
        outcome = {"failure": asdict(failure)}
    if steps:
        reporter.send({"steps": steps.as_list()})
    reporter.send(outcome)


def convert(job: Job, reporter: _Reporter, parent: _Parent) -> dict[str, Any]:
    """Converts the source of a job.

    Returns:
        The document of `accel.ConvertResult`.

    Raises:
        Skipped: there is nothing to do.
        Error: one of accel's.
    """
    reference = accel.Reference.parse(job.source)
    # Events come in any order: the tag may name another manifest by now, and that push has a task of its own.
    found = accel.Registries(job.config, cancel=parent.cancel).manifest(job.source)
    if reference.tag and job.digest and found.digest != job.digest:
        raise Skipped(f"superseded: {job.source} is {found.digest} now, not {job.digest}")
    what = artifact.recognise_bytes(found.raw)
    # A person may well want another format of an image that was converted before.
    if what.skip and not (what.driver and job.arguments.get("sender") == "plain"):
        raise Skipped(what.skip)
    reporter.log("info", f"{job.source} is {found.digest}")
    # From here on it is this manifest, whatever becomes of the tag.
    tag = f":{reference.tag}" if reference.tag else ""
    plan = accel.plan(
        f"{reference.name}{tag}@{found.digest}",
        job.arguments.get("target") or None,
        driver=job.arguments.get("drivers"),
        options=job.arguments.get("options"),
        platform=job.arguments.get("platforms"),
        config=job.config,
    )
    if all(target.done for target in plan.targets):
        raise Skipped(plan.targets[0].done)
    for note in plan.notes:
        reporter.log("info", note)
    result = accel.execute(
        plan, config=job.config, progress=reporter.show, cancel=parent.cancel, before_publish=parent.ask_to_publish
    )
    for target in result.targets:
        reporter.log("info", f"{target.driver}: {target.reference} is {target.digest}, {size_text(target.size)}")
    return result.to_dict()


class _Reporter(logging.Handler):
    """Sends messages to the parent."""

    def __init__(self, pipe: Connection, steps: Steps | None) -> None:
        super().__init__()
        self._pipe = pipe
        self._steps = steps
        self._sending = threading.Lock()
        self._counting = threading.Lock()
        self._bytes: dict[str, dict[str, dict[str, tuple[int, int]]]] = {}  # layer → kind of work → step → done, total
        self._total = 0
        self._sent = 0.0

    def send(self, message: Mapping[str, Any]) -> None:
        """Sends one message; whole, whichever threads log."""
        with self._sending:
            self._pipe.send_bytes(json.dumps(message).encode())

    def log(self, level: str, text: str) -> None:
        """Adds a line to the task's log."""
        self.send({"log": [level, text]})

    def emit(self, record: logging.LogRecord) -> None:
        """Takes a line of the native code."""
        self.log(record.levelname.lower(), record.getMessage())

    def show(self, event: accel.ProgressEvent) -> None:
        """Sums up bytes by kind of work; what it sends is bounded in size and rate."""
        if self._steps:
            self._steps.note(event)
        now = time.monotonic()
        with self._counting:
            if event.kind == "image":
                self._total += event.total
            else:
                steps = self._bytes.setdefault(event.id.partition("@")[0], {}).setdefault(event.kind, {})
                # How much there is to convert or to send is known at the end.
                steps[event.id] = event.done, event.done if event.state == "done" else event.total
            if now - self._sent < _PROGRESS_INTERVAL:
                return
            self._sent = now
            progress = self._summed_up()
        self.send({"progress": progress})

    def _summed_up(self) -> dict[str, Any]:
        """`total` bytes to read, those done of each kind of work, `[done, total]` of each layer (0 when unknown)."""
        sums: dict[str, int] = {}
        layers = []
        for digest, kinds in self._bytes.items():
            layer: dict[str, Any] = {"digest": digest}
            for kind, steps in kinds.items():
                done, totals = sum(done for done, _ in steps.values()), [total for _, total in steps.values()]
                layer[kind] = [done, sum(totals) if all(totals) else 0]
                sums[kind] = sums.get(kind, 0) + done
            if "pull" in kinds:  # others are documents that were sent, and layers that were there already
                layers.append(layer)
        return {"total": self._total, **sums, "layers": layers[:_MAX_LAYERS]}


class _Parent:
    """What the parent says; `cancel` is set when it wants the work to stop."""

    def __init__(self, pipe: Connection, reporter: _Reporter) -> None:
        self.cancel = accel.CancelToken()
        self._pipe = pipe
        self._reporter = reporter
        self._answers: queues.SimpleQueue[float] = queues.SimpleQueue()
        threading.Thread(target=self._obey, daemon=True).start()

    def ask_to_publish(self) -> None:
        """Returns when the task is surely still ours.

        A parent that was frozen longer than the lease learns first that the task is another's; an answer that was
        frozen on its way is too old.

        Raises:
            Cancelled: it is not.
        """
        while True:
            self._reporter.send({"publish": True})
            until = self._answers.get()
            if not until:
                raise accel.Cancelled("the task is not this worker's any more")
            if time.clock_gettime(time.CLOCK_BOOTTIME) < until:
                return

    def _obey(self) -> None:
        """Waits for the parent's word."""
        while True:
            try:
                message = json.loads(self._pipe.recv_bytes(MAX_MESSAGE))
            except (EOFError, OSError):
                os._exit(1)  # nobody is left to report to
            if "publish" in message:
                self._answers.put(message["publish"])
            else:
                self.cancel.cancel()
