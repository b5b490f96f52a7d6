"""Runs accelctl as users do: a process of its own, with its own temporary folder, watched from outside."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

PYTHON = Path(__file__).resolve().parents[2] / "python"


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str
    peak_bytes: int  # of resident memory
    leftovers: tuple[str, ...]  # files in the command's temporary folder

    @property
    def error(self) -> str:
        """The text of the one `error: ` line: the last line, after nothing but warnings and notes."""
        *before, last = self.stderr.splitlines() or [""]
        assert last.startswith("error: "), self.stderr
        assert all(line.startswith(("warning: ", "note: ")) for line in before), self.stderr
        return last.removeprefix("error: ")

    @property
    def document(self) -> dict[str, Any]:
        """What `--output json` printed; the command must have succeeded."""
        assert self.code == 0, self.stderr
        document: dict[str, Any] = json.loads(self.stdout)
        return document

    def failed(self) -> str:
        """The error of a command that must have failed without leaving anything in its temporary folder."""
        assert self.code == 1, f"{self.code}: {self.stdout}{self.stderr}"
        assert self.leftovers == ()
        return self.error

    def succeeded(self) -> None:
        assert self.code == 0, self.stderr
        assert self.leftovers == ()


class Running:
    """A command that was started."""

    def __init__(
        self, folder: Path, arguments: tuple[str, ...], environment: dict[str, str], prefix: tuple[str, ...] = ()
    ) -> None:
        folder.mkdir(parents=True)
        self._stdout, self._stderr = folder / "stdout", folder / "stderr"
        self._temporary = Path(environment["TMPDIR"])
        # Everything that could lend the command credentials or a proxy is cut off.
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.lower().endswith("_proxy") and name not in ("REGISTRY_AUTH_FILE", "DOCKER_CONFIG")
        }
        with self._stdout.open("wb") as stdout, self._stderr.open("wb") as stderr:
            self._process = subprocess.Popen(
                [*prefix, sys.executable, "-m", "accelctl", *arguments],
                env={**inherited, "PYTHONPATH": str(PYTHON), **environment},
                cwd=folder,
                stdout=stdout,
                stderr=stderr,
            )

    def errors(self) -> str:
        """What stood on standard error until now."""
        return self._stderr.read_text(encoding="utf-8", errors="replace")

    def wait_for(self, condition: Callable[[], bool], timeout: float = 30) -> None:
        """Returns when `condition` holds; the command must still run by then."""
        deadline = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain: {self.errors()}"
            assert self._process.poll() is None, f"ended too early: {self.errors()}"
            time.sleep(0.005)

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def _peak_bytes(self) -> int:
        """The most resident memory until now. What wait4 gives includes the memory of the process that forked: ours."""
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii", errors="replace")
        found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
        return int(found[1]) * 1024 if found else 0  # it has ended

    def finish(self, timeout: float = 60) -> Outcome:
        """Waits for the end. A command that does not end in time hangs: that is a failure of the test."""
        deadline = time.monotonic() + timeout
        pid = peak = 0
        while not pid:
            peak = max(peak, self._peak_bytes())
            pid, status = os.waitpid(self._process.pid, os.WNOHANG)
            if not pid:
                if time.monotonic() > deadline:
                    self._process.kill()
                    self._process.wait()
                    raise AssertionError(f"accelctl hangs after {timeout} s: {self.errors()}")
                time.sleep(0.01)
        self._process.returncode = os.waitstatus_to_exitcode(status)  # Popen must not wait for it again
        return Outcome(
            self._process.returncode,
            self._stdout.read_text(encoding="utf-8"),
            self.errors(),
            peak,
            tuple(sorted(path.name for path in self._temporary.iterdir())),
        )


class Accelctl:
    """Starts accelctl; `docker_config` and `temporary` are its DOCKER_CONFIG and TMPDIR."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started = 0
        self.docker_config = folder / "docker"
        self.temporary = folder / "temporary"
        self.prefix: tuple[str, ...] = ()  # put in front of the command, to run it under limits
        self.docker_config.mkdir(parents=True)
        self.temporary.mkdir()

    def start(self, *arguments: str, **environment: str) -> Running:
        self._started += 1
        places = {"DOCKER_CONFIG": str(self.docker_config), "TMPDIR": str(self.temporary)}
        return Running(self._folder / f"run-{self._started}", arguments, {**places, **environment}, self.prefix)

    def __call__(self, *arguments: str, **environment: str) -> Outcome:
        return self.start(*arguments, **environment).finish()

    def log_in(self, host: str, user: str, password: str) -> None:
        """Writes what `docker login` would."""
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        document = {"auths": {host: {"auth": pair}}}
        (self.docker_config / "config.json").write_text(json.dumps(document), encoding="utf-8")
