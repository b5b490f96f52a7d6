"""Runs a command and says what it cost: wall and CPU seconds, peak memory, temporary disk."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """What one run cost. Sizes in bytes, times in seconds."""

    wall: float
    cpu: float
    peak_memory: int
    temporary_disk: int
    output: str

    def text(self) -> str:
        """Wall / CPU, memory and temporary disk for a table."""
        disk = f", {self.temporary_disk / 1e6:.0f} MB temp" if self.temporary_disk else ""
        return f"{self.wall:.2f} / {self.cpu:.2f} s, {self.peak_memory / 2**20:.0f} MiB{disk}"


class CommandError(RuntimeError):
    """A measured command did not succeed."""


def process_cpu(pid: int) -> float:
    """CPU seconds a running process has used so far, all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


def peak_memory(pid: int) -> int:
    """Bytes of resident memory that a running process or one of its descendants has had at most; 0 when it has ended.

    Not what wait4 says: that counts the memory of the process that forked, too, which is this one.
    """
    process = Path(f"/proc/{pid}")
    try:
        found = re.search(r"^VmHWM:\s+(\d+) kB$", (process / "status").read_text(), re.MULTILINE)
        children = [child for task in (process / "task").iterdir() for child in (task / "children").read_text().split()]
    except OSError:
        return 0
    return max([int(found[1]) * 1024 if found else 0, *(peak_memory(int(child)) for child in children)])


def tree_size(folder: Path) -> int:
    """Bytes of all files below a folder; files that vanish meanwhile do not count."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.lstat().st_blocks * 512
        except OSError:
            continue
    return total


def unnamed_size(pid: int) -> int:
    """Bytes of open files without a name (O_TMPFILE, or unlinked)."""
    total = 0
    try:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            try:
                if "(deleted)" in str(descriptor.readlink()):
                    total += descriptor.stat().st_blocks * 512
            except OSError:
                continue
    except OSError:
        return total
    return total


def measure(
    command: list[str],
    *,
    daemons: tuple[int, ...] = (),
    cores: str | None = None,
    environment: dict[str, str] | None = None,
) -> Cost:
    """Runs `command` with a temporary folder of its own.

    `daemons` are process ids whose CPU time during the run is added (a client that lets a daemon work). `cores` is a
    CPU list as taskset takes it. Raises CommandError with the last lines of its error output.
    """
    with tempfile.TemporaryDirectory(dir=os.environ.get("ACCEL_BENCH_TMP")) as folder:
        temp = Path(folder)
        prefix = ["taskset", "-c", cores] if cores else []
        before = sum(process_cpu(pid) for pid in daemons)
        begin = time.monotonic()
        with (temp / "stderr").open("wb") as errors, (temp / "stdout").open("wb") as output:
            scratch = temp / "tmp"
            scratch.mkdir()
            process = subprocess.Popen(
                prefix + command,
                stdout=output,
                stderr=errors,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "TMPDIR": str(scratch), **(environment or {})},
            )
            disk, memory = [0], [0]
            ended = threading.Event()

            def watch() -> None:
                # Short commands are looked at often, long ones so that looking costs nothing.
                while not ended.wait(0.01 if time.monotonic() - begin < 1 else 0.1):
                    memory[0] = max(memory[0], peak_memory(process.pid))
                    disk[0] = max(disk[0], tree_size(scratch) + unnamed_size(process.pid))

            watcher = threading.Thread(target=watch)
            watcher.start()
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.monotonic() - begin
            ended.set()
            watcher.join()
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            tail = (temp / "stderr").read_text(errors="replace").strip()[-1000:]
            raise CommandError(f"{' '.join(command)}: exit code {process.returncode}: {tail}")
        cpu = usage.ru_utime + usage.ru_stime + sum(process_cpu(pid) for pid in daemons) - before
        return Cost(wall, cpu, memory[0], disk[0], (temp / "stdout").read_text(errors="replace"))


def best(runs: list[Cost]) -> Cost:
    """The run with the shortest wall time: the one least disturbed by the machine."""
    return min(runs, key=lambda cost: cost.wall)
