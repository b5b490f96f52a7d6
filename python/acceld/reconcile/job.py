"""Reconciliations as tasks of the queue: one at a time for all daemons of a database, taken over when one dies."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from typing import TYPE_CHECKING

import accel
from acceld.errors import QueueError, QueueUnavailable
from acceld.reconcile.pattern import EVERYTHING, Pattern
from acceld.reconcile.report import Report
from acceld.reconcile.scan import Scan
from acceld.tasks import task_log
from acceld.tasks.backoff import failure_of
from acceld.tasks.history import History, LogLine
from acceld.tasks.model import SERVICE_LANE, Beat, NewTask
from acceld.tasks.schedule import Schedule, tick

if TYPE_CHECKING:
    from acceld.tasks.db import Database
    from acceld.tasks.model import Admission, Claim
    from acceld.tasks.queue import Queue

RECONCILE = "reconcile"

LOOK_INTERVAL = 5.0  # seconds between two looks for work that nobody told of
TICK_INTERVAL = 20.0  # seconds between two looks at the schedule
LISTEN_INTERVAL = 0.5  # seconds between two questions whether to stop

_MAX_ATTEMPTS = 3
_TRY_AGAIN = 1.0  # seconds after the database did not answer

_LOGGER = logging.getLogger("acceld")


def new_task(pattern: Pattern, *, dry_run: bool) -> NewTask:
    """A reconciliation. One that is open for the same pattern is joined."""
    return NewTask(
        kind=RECONCILE,
        key=f"{RECONCILE} {pattern.text}{' dry run' if dry_run else ''}",
        lane=SERVICE_LANE,
        source=pattern.text,
        profile=RECONCILE,
        arguments={"pattern": pattern.text, "dry_run": dry_run},
        exclusive=RECONCILE,
        max_attempts=_MAX_ATTEMPTS,
    )


def schedules(config: accel.Config) -> list[Schedule]:
    """What the configuration wants to come round."""
    cron = config.reconciliation.schedule
    return [Schedule(RECONCILE, cron, new_task(Pattern.parse(EVERYTHING), dry_run=False))] if cron else []


def check_schedules(config: accel.Config) -> None:
    """Raises ConfigError for a time that never comes."""
    for each in schedules(config):
        try:
            each.after(0.0)
        except QueueError as error:
            raise accel.ConfigError(f"reconciliation.schedule: {error}") from None


class Reconciler:
    """The thread of one daemon that puts reconciliations when their time has come, and carries them out.

    It needs no worker: nothing is converted here.
    """

    def __init__(self, config: accel.Config, database: Database, queue: Queue, history: History) -> None:
        """Raises ConfigError as `reload` does."""
        check_schedules(config)
        self._config = config
        self._database = database
        self._queue = queue
        self._history = history
        self._stopping = threading.Event()
        self._name = f"{socket.gethostname()}:{os.getpid()}/reconcile"
        self._thread = threading.Thread(target=self._work, name="reconcile")

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def reload(self, config: accel.Config) -> None:
        """Takes over another configuration, from the next reconciliation on.

        Raises:
            ConfigError: its schedule has a time that never comes.
        """
        check_schedules(config)
        self._config = config

    def stop(self) -> None:
        """Ends the thread; a reconciliation that runs is handed back."""
        self._stopping.set()
        self._queue.wakeup.call()
        self._thread.join()

    def _work(self) -> None:
        next_tick = 0.0
        with self._queue.wakeup.listener(RECONCILE) as listener:
            while not self._stopping.is_set():
                try:
                    if time.monotonic() >= next_tick:
                        next_tick = time.monotonic() + TICK_INTERVAL
                        tick(self._database, schedules(self._config))
                    claim = self._queue.take(self._name, [RECONCILE])
                except QueueError as error:
                    _LOGGER.warning("no reconciliation can be taken: %s", error)
                    self._stopping.wait(_TRY_AGAIN)
                    continue
                if claim is None:
                    listener.wait(LOOK_INTERVAL)
                    continue
                try:
                    _Run(self._config, self._queue, self._history, claim, self._stopping).work()
                except Exception:  # its lease ends, and it is taken again
                    _LOGGER.exception("task %s: the reconciliation failed", claim.id, extra={"task": claim.id})


class _Run:
    """One reconciliation that this daemon holds."""

    def __init__(
        self, config: accel.Config, queue: Queue, history: History, claim: Claim, stopping: threading.Event
    ) -> None:
        self._config, self._queue, self._history, self._claim = config, queue, history, claim
        self._stopping = stopping
        self._ended = threading.Event()
        self._cancel = accel.CancelToken()
        self._answer = Beat.OK
        arguments = claim.task.arguments
        self._report = Report(str(arguments["pattern"]), bool(arguments["dry_run"]))

    def work(self) -> None:
        """Scans, and tells the queue how it ended."""
        dry = " (dry run)" if self._report.dry_run else ""
        self._note(LogLine("info", f"reconciliation of {self._report.pattern}{dry}"))
        heart = threading.Thread(target=self._beat, name="reconcile-heart")
        heart.start()
        try:
            error = self._scan()
        finally:
            self._ended.set()
            heart.join()
        faults = [LogLine("warning", f"{fault['where']}: {fault['message']}") for fault in self._report.error_list]
        self._note(*faults, LogLine("info", self._report.line()))
        while True:
            try:
                self._settle(error)
            except QueueUnavailable as unavailable:
                _LOGGER.warning("task %s: %s", self._claim.id, unavailable, extra={"task": self._claim.id})
                if self._stopping.wait(_TRY_AGAIN):
                    return  # its lease ends, and another takes it
            else:
                return

    def _scan(self) -> accel.Error | None:
        """Gives what ended it too early."""
        registries = accel.Registries(self._config, cancel=self._cancel)
        scan = Scan(self._config, registries, put=self._put, pause=self._pause, report=self._report)
        try:
            scan.run(Pattern.parse(self._report.pattern))
        except accel.Error as error:
            return error
        return None

    def _settle(self, error: accel.Error | None) -> None:
        claim = self._claim
        if error is None:
            self._queue.done(claim, self._report.to_dict())
        elif not isinstance(error, accel.Cancelled):
            self._queue.fail(claim, failure_of(error))
        elif self._answer is Beat.CANCEL:
            self._queue.cancelled(claim)
        elif self._answer is Beat.OK:  # the daemon ends
            self._queue.release(claim)

    def _put(self, task: NewTask) -> Admission:
        return self._queue.put([task])[0].admission

    def _pause(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if self._stopping.wait(min(left, LISTEN_INTERVAL)) or self._answer is not Beat.OK:
                raise accel.Cancelled("the reconciliation was asked to end")

    def _beat(self) -> None:
        """Says that the task is alive, and hears whether it is to stop."""
        next_beat = 0.0
        while not self._ended.wait(LISTEN_INTERVAL):
            try:
                if time.monotonic() >= next_beat:
                    next_beat = time.monotonic() + min(self._queue.beat_interval, LOOK_INTERVAL)
                    answer = self._queue.beat(self._claim, self._report.counts())
                else:
                    answer = self._queue.listen([self._claim])[0]
            except QueueError as error:
                _LOGGER.warning("no beat: %s", error)
                continue
            if answer is not Beat.OK or self._stopping.is_set():
                self._answer = answer
                self._cancel.cancel()
                return

    def _note(self, *lines: LogLine) -> None:
        task_log.write(self._history, self._claim, lines)
