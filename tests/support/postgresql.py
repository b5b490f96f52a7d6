"""A real PostgreSQL for the tests: a cluster of its own on a unix socket, without network, as user postgres."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

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
    if os.geteuid() == 0 and shutil.which("runuser") is None:
        return "PostgreSQL does not run as root, and there is no runuser to start it as user postgres"
    return ""


@dataclass(frozen=True)
class PostgreSQL:
    """A running cluster."""

    folder: Path
    _count: list[int]

    def run(self, *command: str) -> None:
        """Runs one of PostgreSQL's programs as the cluster's owner."""
        folder = programs()
        assert folder is not None
        become = ["runuser", "-u", _USER, "--"] if os.geteuid() == 0 else []
        done = subprocess.run(
            [*become, folder / command[0], *command[1:]],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"

    def control(self, action: str) -> None:
        """`start`, `stop` (at once, as a crash would) or `restart`."""
        # What the machine may lose in a power cut is not what is tested here: fsync off makes the tests quick.
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c fsync=off -c max_connections=60"
        arguments = ["-w", "-D", str(self.folder / "data"), "-l", str(self.folder / "log"), "-o", options]
        mode = ["-m", "immediate"] if action != "start" else []
        self.run("pg_ctl", action, *mode, *arguments)

    def new_database(self) -> str:
        """Makes an empty database and gives its URL."""
        self._count[0] += 1
        name = f"test_{self._count[0]}"
        self.run("createdb", "-h", str(self.folder), name)
        return f"postgresql://{pwd.getpwuid(self._owner).pw_name}@/{name}?host={self.folder}"

    @property
    def _owner(self) -> int:
        return (self.folder / "data").stat().st_uid


@contextlib.contextmanager
def cluster() -> Iterator[PostgreSQL]:
    """Makes and starts a cluster; it is gone after the `with` block."""
    # Not below pytest's folder: only its owner may enter that one, and a socket's path has 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="accel-pg-", dir="/tmp"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, _USER)
        running = PostgreSQL(folder, [0])
        running.run("initdb", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D", str(folder / "data"))
        running.control("start")
        try:
            yield running
        finally:
            running.control("stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
