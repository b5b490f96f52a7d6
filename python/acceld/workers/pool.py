"""The workers of one daemon: exactly `converter.worker` slots, and their heart."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING, Any

from acceld.errors import QueueError, QueueUnavailable
from acceld.intake import CONVERT
from acceld.tasks import counters, task_log
from acceld.tasks.history import History, LogLine
from acceld.tasks.model import Beat, Failure
from acceld.tasks.settings import queue_limits
from acceld.tracing import Tracing
from acceld.workers.child import Job
from acceld.workers.run import KILL_AFTER, Run, Stop

if TYPE_CHECKING:
    from collections.abc import Mapping

    import accel
    from acceld.tasks.model import Claim
    from acceld.tasks.queue import Queue

_LOGGER = logging.getLogger("acceld")

LISTEN_INTERVAL = 0.5  # seconds between two questions whether to stop
SHOW_INTERVAL = 1.0  # seconds between two commits that only show progress
IDLE_WAIT = 5.0  # seconds after which an idle worker looks for work that nobody told it of

SETTLE_AFTER = 10.0  # seconds a daemon that ends tries to tell a database that does not answer; then leases end

_DRAIN_LOOK = 0.05  # seconds between two looks whether all workers have ended
_TRY_AGAIN = 1.0  # seconds after the database did not answer

_STOPS = {Beat.CANCEL: Stop.CANCEL, Beat.LOST: Stop.LOST}


class WorkerPool:
    """Workers that run from `start` to `stop`. Thread-safe."""

    def __init__(self, queue: Queue, history: History, config: accel.Config, tracing: Tracing | None = None) -> None:
        """`tracing`: where spans of attempts go; nowhere by default."""
        self._queue = queue
        self._history = history
        self._config = config
        self._tracing = tracing or Tracing()
        self._stopping = threading.Event()
        self._hurried = threading.Event()
        self._ended = threading.Event()
        self._give_up = float("inf")  # when the database is not waited for any more
        self._runs: dict[str, Run] = {}  # by token
        self._lock = threading.Lock()
        self._slots: dict[int, threading.Thread] = {}  # those that go on; by number
        self._heart = threading.Thread(target=self._beat, name="heart")
        self._name = f"{socket.gethostname()}:{os.getpid()}"

    @property
    def running(self) -> int:
        """How many tasks run here."""
        with self._lock:
            return len(self._runs)

    @property
    def pids(self) -> list[int]:
        """The children's process ids."""
        with self._lock:
            return [run.pid for run in self._runs.values() if run.pid is not None]

    def start(self) -> None:
        """Starts the workers."""
        # QUIRK: CPython 3.11 unblocks signals of the thread that starts this helper of spawn: not one of a slot, then.
        resource_tracker.ensure_running()
        self._heart.start()
        self._fill()

    def reload(self, config: accel.Config) -> None:
        """Takes over another configuration: tasks that start from now on go by it.

        Where there are to be fewer workers, those that are too many end with their task.
        """
        self._config = config
        self._queue.limits = queue_limits(config)
        self._fill()

    def _fill(self) -> None:
        """Starts the workers that are missing."""
        with self._lock:
            for number in range(1, self._config.converter.worker + 1):
                if number not in self._slots:
                    self._slots[number] = threading.Thread(target=self._slot, args=(number,), name=f"worker-{number}")
                    self._slots[number].start()

    def _is_wanted(self, number: int) -> bool:
        """Whether this worker goes on. One that was told no is gone: the next `_fill` makes another."""
        with self._lock:
            wanted = number <= self._config.converter.worker and not self._stopping.is_set()
            if not wanted:
                del self._slots[number]
            return wanted

    def take_no_more(self) -> None:
        """Workers end with the task they have. `stop` is still needed."""
        self._stopping.set()
        self._queue.wakeup.call()

    def stop(self, grace: float) -> None:
        """Takes no more tasks, lets those that run end within `grace` seconds, and hands the others back."""
        self.take_no_more()
        deadline = time.monotonic() + grace
        threads = list(self._slots.values())
        while any(thread.is_alive() for thread in threads):
            if self._hurried.is_set() or time.monotonic() >= deadline:
                self._give_up = min(self._give_up, time.monotonic() + SETTLE_AFTER)
                for run in self._active():
                    if run.stopped is None or self._hurried.is_set():
                        run.stop(Stop.RELEASE, patience=0.0 if self._hurried.is_set() else KILL_AFTER)
            time.sleep(_DRAIN_LOOK)
        self._ended.set()
        if self._heart.is_alive():
            self._heart.join()

    def hurry(self) -> None:
        """Ends the patience of a `stop` that runs: children are killed, their tasks handed back."""
        self._hurried.set()

    def _active(self) -> list[Run]:
        with self._lock:
            return list(self._runs.values())

    def _slot(self, number: int) -> None:
        """One worker: a task at a time."""
        # The children inherit this: what a terminal or a service manager sends to all of us is the parent's to act on.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
        name = f"{self._name}/{number}"
        with self._queue.wakeup.listener(CONVERT) as listener:
            while self._is_wanted(number):
                claim = None
                try:
                    claim = self._queue.take(name, [CONVERT])
                    if claim is None:
                        listener.wait(IDLE_WAIT)
                    else:
                        self._run(claim)
                except QueueError as error:
                    _LOGGER.warning("no task can be taken: %s", error)
                    self._stopping.wait(_TRY_AGAIN)
                except Exception:
                    # A worker never ends by a fault. Where it had a task, the lease ends, and it is taken again.
                    _LOGGER.exception("worker %s failed", name, extra={"task": claim.id} if claim else None)
                    self._stopping.wait(_TRY_AGAIN)

    def _run(self, claim: Claim) -> None:
        task, config = claim.task, self._config
        _LOGGER.info("task %s: %s, attempt %d", task.id, task.source, task.attempt, extra={"task": task.id})
        begun = time.time_ns()
        job = Job(task.source, task.digest, task.arguments, config, self._tracing.enabled)
        run = Run(claim, job, config.converter.worker_memory, lambda: self._may_publish(run))
        with self._lock:
            self._runs[claim.token] = run
        try:
            run.work(lambda lines: task_log.write(self._history, claim, lines))
            ending = self._settle(run)
        finally:
            with self._lock:
                del self._runs[claim.token]
        self._tracing.attempt(task, begun, run.steps, ending)
        _LOGGER.info("task %s: %s", task.id, ending, extra={"task": task.id})

    def _may_publish(self, run: Run) -> float:
        """Asked before tags are written: until when, by CLOCK_BOOTTIME, the task is surely ours; 0 when it is not."""
        while run.stopped is None:
            asked = time.clock_gettime(time.CLOCK_BOOTTIME)
            try:
                answer = self._queue.beat(run.claim)
            except QueueUnavailable as error:
                _LOGGER.warning("task %s: waits with its tags: %s", run.claim.id, error, extra={"task": run.claim.id})
                time.sleep(_TRY_AGAIN)
                continue
            if answer is Beat.OK:
                return asked + self._queue.lease
            run.stop(_STOPS[answer])
        return 0.0

    def _settle(self, run: Run) -> str:
        """Tells the queue how it ended, as long as the task is ours; gives that in a word for our own log."""
        while True:
            try:
                return self._tell(run)
            except QueueUnavailable as error:
                if run.stopped is Stop.LOST or time.monotonic() >= self._give_up:
                    return "left to its lease"
                _LOGGER.warning("task %s: %s", run.claim.id, error, extra={"task": run.claim.id})
                time.sleep(_TRY_AGAIN)

    def _tell(self, run: Run) -> str:
        claim, outcome = run.claim, run.outcome
        if "result" in outcome:  # the tags are written, whatever was asked for meanwhile
            result = summed_up(outcome["result"])
            counts = {**counts_of(result), **counters.duration(run.seconds)}
            return "done" if self._queue.done(claim, result, counts) else "lost"
        if "skipped" in outcome:
            task_log.write(self._history, claim, [LogLine("info", outcome["skipped"])])
            done = self._queue.done(claim, outcome, counters.duration(run.seconds))
            return f"skipped: {outcome['skipped']}" if done else "lost"
        if run.stopped is Stop.LOST:
            return "lost"
        if run.stopped is Stop.CANCEL:
            return "cancelled" if self._queue.cancelled(claim) else "lost"
        if run.stopped is Stop.RELEASE:
            return f"handed back, {self._queue.release(claim) or 'lost'}"
        failure = run.failure()
        return f"{self._queue.fail(claim, _bounded(failure)) or 'lost'}: {failure.message}"

    def _beat(self) -> None:
        """The heart: says that all tasks are alive and how far they are, and hears which of them are to stop."""
        beaten = float("-inf")
        shown: dict[str, object] = {}  # progress by token
        while not self._ended.wait(LISTEN_INTERVAL):
            runs = self._active()
            if not runs:
                continue
            now = time.monotonic()
            progress = {run.claim.token: run.progress for run in runs}
            news = [token for token, found in progress.items() if found is not shown.get(token)]
            is_due = now - beaten >= min(
                SHOW_INTERVAL if news else self._queue.beat_interval, self._queue.beat_interval
            )
            try:
                # The first progress of a task is not kept waiting.
                if is_due or any(token not in shown for token in news):
                    answers = self._queue.beat_all([(run.claim, progress[run.claim.token]) for run in runs])
                    beaten, shown = now, {token: found for token, found in progress.items() if found is not None}
                else:
                    answers = self._queue.listen([run.claim for run in runs])
            except Exception as error:  # whatever it is, the next beat may come through
                beaten = float("-inf")
                _LOGGER.warning("no beat: %s", error, exc_info=not isinstance(error, QueueError))
                continue
            for run, answer in zip(runs, answers, strict=True):
                if answer in _STOPS and run.stopped is None:
                    run.stop(_STOPS[answer])


def summed_up(result: Mapping[str, Any]) -> dict[str, Any]:
    """A result with the sizes that lists of tasks show: what was read, and all that was made of it."""
    sizes = {"source_size": result["source"]["size"], "target_size": sum(made["size"] for made in result["targets"])}
    return {**result, **sizes}


def counts_of(result: Mapping[str, Any]) -> dict[tuple[str, str], float]:
    """What a conversion adds to the counters; names as `acceld.tasks.counters` has them."""
    cache, collected = result["cache"] or {}, result["collected"] or {}
    return {
        **{("bytes", name): float(value) for name, value in result["bytes"].items()},
        **{("size", side): float(result[f"{side}_size"]) for side in ("source", "target")},
        **{("cache", name): float(cache.get(name, 0)) for name in ("hits", "misses")},
        **{(name, ""): float(collected.get(name, 0)) for name in ("evicted_blobs", "evicted_bytes")},
    }


def _bounded(failure: Failure) -> Failure:
    """A failure whose text fits into lists that people read."""
    text = " ".join(failure.message.split())[:2000]
    return Failure(text, failure.retryable, failure.retry_after, failure.status)
