"""Places for layers outside of a registry, as the driver option `backend_type` names them, each with an empty bucket.

S3 is versitygw, a server that others wrote (`scripts/peers versitygw` builds it); OSS is `oss_server`; both check
signatures. They end with the `with` block.
"""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support import oss_server
from tests.support.http_service import serving
from tests.support.peers import peer_program
from tests.support.registry import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableMapping

KEY_ID, SECRET = "AKIDEXAMPLE", "s3cr3t/+key"
BUCKET, REGION, PREFIX = "blobs", "eu-test-1", "nydus/"


class Files(dict[str, bytes]):
    """The files below a folder at the time of asking, by relative path; writing writes through."""

    def __init__(self, folder: Path, skip: str = "") -> None:
        found = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if path.is_file()}
        super().__init__({name: path.read_bytes() for name, path in found.items() if not (skip and skip in name)})
        self._folder = folder

    def __setitem__(self, name: str, content: bytes) -> None:
        super().__setitem__(name, content)
        (self._folder / name).write_bytes(content)


@dataclass(frozen=True)
class Store:
    """A running store."""

    type: str
    config: dict[str, str]
    prefix: str  # of all keys
    objects: Callable[[], MutableMapping[str, bytes]]  # by key
    uploads: Callable[[], int]  # multipart uploads that are not complete

    def options(self, **changes: str) -> tuple[str, ...]:
        """The driver options, as `--option` takes them; `changes` to the configuration."""
        return (f"backend_type={self.type}", f"backend_config={json.dumps({**self.config, **changes})}")

    def flags(self) -> tuple[str, ...]:
        """For commands that read images."""
        return ("--backend-type", self.type, "--backend-config", json.dumps(self.config))


def versitygw() -> str:
    """The program; "" when it is not there."""
    return peer_program("versitygw", "versitygw")


def _answers(port: int, process: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        time.sleep(0.02)
    return False


@contextlib.contextmanager
def s3_store(folder: Path) -> Iterator[Store]:
    """versitygw over HTTP: every object is a file."""
    bucket = folder / "store" / BUCKET
    bucket.mkdir(parents=True)
    (folder / "sidecar").mkdir()  # object attributes in files: /tmp may be without extended attributes
    port = free_port()
    command = [versitygw(), "--port", f"127.0.0.1:{port}", "--access", KEY_ID, "--secret", SECRET, "--region", REGION]
    command += ["--keep-alive", "posix", "--sidecar", str(folder / "sidecar"), str(folder / "store")]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            assert _answers(port, process), (folder / "log").read_text(encoding="utf-8", errors="replace")
            yield Store(
                "s3",
                {**_config(port), "region": REGION},
                PREFIX,
                lambda: Files(bucket, skip=".sgwtmp"),
                lambda: sum(path.is_file() for path in (bucket / ".sgwtmp").rglob("*")),
            )
        finally:
            process.terminate()


@contextlib.contextmanager
def oss_store(_: Path) -> Iterator[Store]:
    """Our own server, in this process."""
    bucket = oss_server.Bucket(BUCKET, KEY_ID, SECRET)
    with serving(oss_server.handler_of(bucket)) as port:
        yield Store("oss", _config(port), PREFIX, lambda: bucket.objects, lambda: len(bucket.uploads))


@contextlib.contextmanager
def local_store(folder: Path) -> Iterator[Store]:
    """A directory."""
    yield Store("localfs", {"dir": str(folder / "blobs")}, "", lambda: Files(folder / "blobs"), lambda: 0)


def _config(port: int) -> dict[str, str]:
    return {
        "endpoint": f"127.0.0.1:{port}",
        "scheme": "http",
        "bucket_name": BUCKET,
        "object_prefix": PREFIX,
        "access_key_id": KEY_ID,
        "access_key_secret": SECRET,
    }
