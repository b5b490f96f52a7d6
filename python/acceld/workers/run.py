"""One running task, as the daemon sees it: the child process, what it says, and how it ends."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import threading
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from acceld.tasks.history import LogLine
from acceld.tasks.model import Failure
from acceld.tracing import Step
from acceld.workers import child

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from acceld.tasks.model import Claim

KILL_AFTER = 5.0  # seconds a child has to stop by itself
NICENESS = 10  # of children, above the daemon's: requests are answered while conversions take all processors

_LOOK = 0.05  # seconds between two looks at the memory of a child
_LOG_INTERVAL = 1.0  # seconds: the lines of so long are written in one commit

# Threads of ours and of native code run: a forked child could inherit locks that nobody opens.
_CONTEXT = multiprocessing.get_context("spawn")


class Stop(StrEnum):
    """Why a task is stopped."""

    CANCEL = "cancel"  # somebody asked for it
    LOST = "lost"  # it is another worker's now
    RELEASE = "release"  # the daemon ends, another is to do it
    MEMORY = "memory"  # it takes more than it may


class Run:
    """A task in its child process. `work` runs on the worker's thread; `stop` may be called from any."""

    def __init__(self, claim: Claim, job: child.Job, memory_limit: int, may_publish: Callable[[], float]) -> None:
        """One task.

        Args:
            claim: The hold on it.
            job: What the child does.
            memory_limit: Bytes of resident memory; 0 for no limit.
            may_publish: Called on the worker's thread before tags are written: until when, by CLOCK_BOOTTIME, they may.
        """
        self.claim = claim
        self.pid: int | None = None  # the child's, once it runs
        self.progress: Mapping[str, Any] | None = None
        self.stopped: Stop | None = None
        self.outcome: Mapping[str, Any] = {}
        self.seconds = 0.0  # how long it took, once it has ended
        self.steps: list[Step] = []
        self._job = job
        self._memory_limit = memory_limit
        self._may_publish = may_publish
        self._lock = threading.Lock()
        self._kill_at = float("inf")
        self._exit_code = 0
        self._pipe, self._childs_pipe = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(
            target=child.main, args=(self._childs_pipe, job), name=f"task {claim.id}", daemon=True
        )

    def stop(self, why: Stop, *, patience: float = KILL_AFTER) -> None:
        """Asks the child to stop, and kills it when it has not after `patience` seconds. The first reason counts."""
        with self._lock:
            self.stopped = self.stopped or why
            self._kill_at = min(self._kill_at, time.monotonic() + patience)
            self._say({"cancel": True})

    def _say(self, message: Mapping[str, Any]) -> None:
        """Sends a message to the child, while `_lock` is held."""
        with contextlib.suppress(OSError):  # it has ended
            self._pipe.send_bytes(json.dumps(message).encode())

    def work(self, write_log: Callable[[Sequence[LogLine]], None]) -> None:
        """Runs the child to its end; `outcome` has its last word, and is empty when it had none."""
        begun = time.monotonic()
        self._process.start()
        self.pid = self._process.pid
        self._childs_pipe.close()
        try:
            # Now, as it has one thread: those that it starts later inherit it.
            own = os.getpriority(os.PRIO_PROCESS, 0)
            os.setpriority(os.PRIO_PROCESS, cast("int", self.pid), own + NICENESS)
            self._listen(write_log)
        finally:
            if self._process.is_alive() and not self.outcome:
                self._process.kill()
            self._process.join(KILL_AFTER)
            self._process.kill()
            self._process.join()
            self._exit_code = self._process.exitcode or 0
            self._process.close()  # its descriptors would stay until the collector comes by
            self.seconds = time.monotonic() - begun
            with self._lock:
                self._pipe.close()

    def failure(self) -> Failure:
        """Why there is no result. Only for a run that has ended without one."""
        if self.stopped is Stop.MEMORY:
            return Failure(
                f"the conversion took more memory than converter.worker_memory allows ({self._memory_limit} bytes)",
                status="memory",
            )
        if "failure" in self.outcome:
            return Failure(**self.outcome["failure"])
        code = self._exit_code
        how = f"by {signal.Signals(-code).name}" if code < 0 else f"with status {code}"
        return Failure(
            f"the process of the conversion ended {how}; see the system's log for memory and crashes",
            retryable=True,
            status="crashed",
        )

    def _listen(self, write_log: Callable[[Sequence[LogLine]], None]) -> None:
        lines: list[LogLine] = []
        written = time.monotonic()
        # A child that says what no child says counts as one that says nothing.
        with contextlib.suppress(EOFError, OSError, ValueError, TypeError):
            while not self.outcome:
                if self._pipe.poll(_LOOK):
                    self._take(json.loads(self._pipe.recv_bytes(child.MAX_MESSAGE)), lines)
                now = time.monotonic()
                if lines and now - written >= _LOG_INTERVAL:
                    write_log(lines)
                    lines, written = [], now
                if now >= self._kill_at:
                    break
                if self._memory_limit and _resident_bytes(self.pid) > self._memory_limit:
                    self.stop(Stop.MEMORY, patience=0)
        if lines:
            write_log(lines)

    def _take(self, message: Mapping[str, Any], lines: list[LogLine]) -> None:
        if "log" in message:
            level, text = message["log"]
            lines.append(LogLine(level, text))
        elif "progress" in message:
            self.progress = message["progress"]
        elif "steps" in message:
            self.steps = [Step(*step) for step in message["steps"]]
        elif "publish" in message:
            until = self._may_publish()
            with self._lock:
                self._say({"publish": until})
        else:
            self.outcome = message


def _resident_bytes(pid: int | None) -> int:
    """What a process holds in memory; 0 when it has ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
