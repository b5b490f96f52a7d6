"""A real PostgreSQL for the tests: a cluster of its own on a unix socket, without network, as user postgres."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_USER = "postgres"


def programs() -> Path | None:
    """The folder of initdb and pg_ctl, newest version first; None when PostgreSQL is not installed."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


def missing() -> str:
    """Why no PostgreSQL can be started here; "" when it can."""
    if programs() is None:
        return "PostgreSQL is not installed (apt-get install postgresql)"
    if shutil.which("setpriv") is None:
        return "there is no setpriv (util-linux), which starts PostgreSQL as user postgres and ends it with the tests"
    return ""


def _as_owner() -> list[str]:
    """What goes before a command that is to run as the cluster's owner: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return ["setpriv"]
    return ["setpriv", f"--reuid={_USER}", f"--regid={_USER}", "--clear-groups"]


@dataclass
class PostgreSQL:
    """A cluster; it ends with the process of the tests, however that ends."""

    folder: Path
    _server: subprocess.Popen[bytes] | None = None
    _databases: int = 0

    def start(self) -> None:
        """Starts the server and waits until it answers."""
        # What the machine may lose in a power cut is not what is tested here: fsync off makes the tests quick.
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "fsync": "off",
            "max_connections": "60",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            command = [
                *_as_owner(),
                "--pdeathsig=QUIT",
                self._program("postgres"),
                "-D",
                str(self.folder / "data"),
                *options,
            ]
            self._server = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
        deadline = time.monotonic() + 120
        ask = [self._program("pg_isready"), "-q", "-h", str(self.folder)]
        while subprocess.run(ask, check=False).returncode != 0:
            assert self._server.poll() is None, (self.folder / "log").read_text(encoding="utf-8")
            assert time.monotonic() < deadline, "PostgreSQL does not answer"
            time.sleep(0.05)

    def stop(self) -> None:
        """Ends the server at once, as a crash would."""
        assert self._server is not None
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait(120)

    def restart(self) -> None:
        """Crash and recovery."""
        self.stop()
        self.start()

    def run(self, program: str, *arguments: str) -> None:
        """Runs one of PostgreSQL's programs as the cluster's owner."""
        command = [*_as_owner(), self._program(program), *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, f"{program}: {done.stdout}{done.stderr}"

    def new_database(self) -> str:
        """Makes an empty database and gives its URL."""
        self._databases += 1
        name = f"test_{self._databases}"
        self.run("createdb", "-h", str(self.folder), name)
        owner = pwd.getpwuid((self.folder / "data").stat().st_uid).pw_name
        return f"postgresql://{owner}@/{name}?host={self.folder}"

    def _program(self, name: str) -> str:
        folder = programs()
        assert folder is not None
        return str(folder / name)


@contextlib.contextmanager
def cluster() -> Iterator[PostgreSQL]:
    """Makes and starts a cluster; it is gone after the `with` block."""
    # Not below pytest's folder: only its owner may enter that one, and a socket's path has 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="accel-pg-", dir="/tmp"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, _USER)
        running = PostgreSQL(folder)
        running.run("initdb", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D", str(folder / "data"))
        running.start()
        try:
            yield running
        finally:
            running.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A cluster; tests use databases of their own. For conftest.py of suites that need one."""
    if reason := missing():
        pytest.skip(reason)
    with cluster() as running:
        yield running
