"""A private containerd with stargz-snapshotter beside it: what pulls our images lazily in production.

Both keep everything they have under one folder, and nothing of them is left running or mounted after the `with` block.
No container is started: the root file system is mounted as containerd would mount it for one, and read.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONFIG = """\
version = 2
root = "{folder}/root"
state = "{folder}/state"
disabled_plugins = [
  "io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
]
[grpc]
address = "{folder}/containerd.sock"
[ttrpc]
address = "{folder}/ttrpc.sock"
[proxy_plugins.stargz]
type = "snapshot"
address = "{folder}/snapshotter.sock"
"""


def missing() -> str:
    """Why containerd cannot mount anything here; "" when it can."""
    if os.geteuid() != 0:
        return "mounting a root file system needs root"
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        return "no /dev/fuse"
    absent = [name for name in ("containerd", "ctr-remote", "fusermount3") if shutil.which(name) is None]
    return f"not installed: {', '.join(absent)}" if absent else ""


@dataclass(frozen=True)
class Containerd:
    """A running containerd."""

    folder: Path

    def ctr(self, *arguments: str) -> str:
        """Runs ctr-remote, containerd's ctr with commands for lazy pulls, and returns its output."""
        command = ["ctr-remote", "--address", str(self.folder / "containerd.sock"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, f"{done.stderr}\n{self.logs()}"
        return done.stdout

    def logs(self) -> str:
        """The ends of both daemons' logs."""
        return "\n".join(log.read_text("utf-8", "replace")[-3000:] for log in sorted(self.folder.glob("*.log")))

    @contextlib.contextmanager
    def pulled(self, reference: str) -> Iterator[None]:
        """Fetches and unpacks an image as containerd always did, for as long as the block lasts."""
        with self._image("pull", "overlayfs", reference):
            yield

    @contextlib.contextmanager
    def pulled_lazily(self, reference: str) -> Iterator[None]:
        """Fetches manifest and config; the layers are mounted, for as long as the block lasts."""
        with self._image("rpull", "stargz", reference):
            yield
        _wait(lambda: self.lazily_mounted_layers() == 0, self)  # the snapshotter unmounts in its own time

    @contextlib.contextmanager
    def _image(self, pull: str, snapshotter: str, reference: str) -> Iterator[None]:
        self.ctr("images", pull, "--plain-http", "--snapshotter", snapshotter, reference)
        try:
            yield
        finally:
            self.ctr("images", "rm", "--sync", reference)

    @contextlib.contextmanager
    def mounted(self, chain_id: str, snapshotter: str) -> Iterator[Path]:
        """The file system a container of a pulled image gets; the topmost snapshot of the image is `chain_id`."""
        name = f"root-{snapshotter}-{chain_id[-12:]}"
        target = self.folder / name
        target.mkdir()
        snapshots = ("snapshots", "--snapshotter", snapshotter)
        self.ctr(*snapshots, "prepare", name, chain_id)
        try:
            subprocess.run(shlex.split(self.ctr(*snapshots, "mounts", str(target), name)), check=True)
            try:
                yield target
            finally:
                subprocess.run(["umount", str(target)], check=True)
        finally:
            self.ctr(*snapshots, "rm", name)
            target.rmdir()

    def stored(self, digest: str) -> bool:
        """Whether containerd has fetched a blob whole."""
        return digest in self.ctr("content", "ls", "-q").split()

    def lazily_mounted_layers(self) -> int:
        """File systems of the snapshotter that are mounted now, one a layer."""
        return sum(kind.startswith("fuse") for _, kind in mounts_under(self.folder))


@contextlib.contextmanager
def running(folder: Path, snapshotter: Path) -> Iterator[Containerd]:
    """Starts the program `snapshotter`, then containerd, with sockets, state and logs in `folder`."""
    daemon = Containerd(folder)
    (folder / "containerd.toml").write_text(CONFIG.format(folder=folder), encoding="utf-8")
    socket = folder / "snapshotter.sock"
    with contextlib.ExitStack() as stack:
        stack.callback(unmount_all, folder)
        stack.enter_context(_process(folder / "snapshotter.log", snapshotter, socket, folder / "snapshotter.root"))
        _wait(socket.exists, daemon)
        stack.enter_context(_process(folder / "containerd.log", "containerd", "--config", folder / "containerd.toml"))
        _wait((folder / "containerd.sock").exists, daemon)
        yield daemon


def mounts_under(folder: Path) -> list[tuple[Path, str]]:
    """Mount points in a folder with the types of their file systems, oldest first."""
    lines = [line.split() for line in Path("/proc/self/mounts").read_text("utf-8").splitlines()]
    mounts = [(Path(words[1].encode().decode("unicode_escape")), words[2]) for words in lines]
    return [(point, kind) for point, kind in mounts if point.is_relative_to(folder)]


def unmount_all(folder: Path) -> None:
    """Takes away what is still mounted in a folder: after a failure, a daemon may not have."""
    for point, _ in reversed(mounts_under(folder)):
        subprocess.run(["umount", "--lazy", str(point)], check=False)


@contextlib.contextmanager
def _process(log: Path, *command: str | Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(list(map(str, command)), stdout=output, stderr=output)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(ready: Callable[[], bool], daemon: Containerd) -> None:
    deadline = time.monotonic() + 30
    while not ready():
        assert time.monotonic() < deadline, daemon.logs()
        time.sleep(0.02)
