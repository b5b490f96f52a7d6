"""Runs acceld as service managers do: a process of its own, watched from outside."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import yaml

import accel
from tests.support.registry import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.support.registry import Registry

PYTHON = Path(__file__).resolve().parents[2] / "python"
PATIENCE = 180.0  # seconds; a busy machine needs some
CONVERSIONS = "/api/v1/conversions"


def settings(folder: Path, registry: Registry | None = None, **converter: Any) -> dict[str, Any]:
    """A configuration that makes eStargz images of what is in `registry`; its store and queue are below `folder`."""
    return {
        "provider": {
            "source": {registry.host: {"plain_http": True}} if registry else {},
            "work_dir": str(folder / "work"),
        },
        "converter": {"worker": 2, "driver": "estargz", "rules": [{"tag_suffix": "-esgz"}], **converter},
    }


def pushed(registry: Registry, folder: Path, location: str, tag: str = "1") -> str:
    """Puts an image under a name of the test with this folder; gives its reference."""
    reference = registry.reference(f"{folder.name.replace('_', '-').lower()}/app:{tag}")
    accel.copy(location, reference, config=accel.Config.from_dict(settings(folder, registry)))
    return reference


class Daemon:
    """One acceld. `settings` is its configuration; it runs from `start` to `kill` or `stop`."""

    def __init__(self, folder: Path, settings: Mapping[str, Any], **environment: str) -> None:
        """`folder` takes configuration and log. Without a `server` section it listens on a free loopback port."""
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "acceld.yaml"
        self.log_path = folder / "acceld.log"
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        server = {"host": "127.0.0.1", "port": free_port(), **settings.get("server", {})}
        self.settings: dict[str, Any] = {**settings, "server": server}
        self.url = f"{'https' if 'tls' in server else 'http'}://127.0.0.1:{server['port']}"
        self.http = httpx.Client(base_url=self.url, timeout=30)
        if "uds" in server:
            transport = httpx.HTTPTransport(uds=server["uds"])
            self.http = httpx.Client(base_url="http://acceld", transport=transport, timeout=30)

    def write_settings(self) -> None:
        """Puts `settings` into the file, as a person would before SIGHUP."""
        self.path.write_text(yaml.safe_dump(self.settings), encoding="utf-8")

    def begin(self, *arguments: str) -> None:
        """Starts the process and does not wait."""
        self.write_settings()
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "acceld", "--config", str(self.path), *arguments],
                env={**os.environ, "PYTHONPATH": str(PYTHON), **self._environment},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def start(self, *arguments: str) -> Daemon:
        """Starts the process; it listens when this returns."""
        seen = self.log().count(" listens on ")
        self.begin(*arguments)
        self.wait_for(lambda: self.log().count(" listens on ") > seen)
        return self

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "not started"
        return self._process

    def log(self) -> str:
        """What it wrote until now."""
        return self.log_path.read_text(encoding="utf-8", errors="replace") if self.log_path.exists() else ""

    def events(self) -> list[dict[str, Any]]:
        """Its log's lines, each of which must be JSON."""
        return [json.loads(line) for line in self.log().splitlines()]

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Returns when `condition` holds; the process must live until then."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.02)

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def send_to_all(self, number: signal.Signals) -> None:
        """To the daemon and all its children, as a terminal does with Ctrl-C."""
        os.killpg(self.process.pid, number)

    def end(self) -> int:
        """Waits for the end; gives the exit status."""
        return self.process.wait(PATIENCE)

    def stop(self) -> int:
        """SIGTERM, and the exit status."""
        self.send(signal.SIGTERM)
        return self.end()

    def kill(self) -> None:
        """SIGKILL, as the out-of-memory killer does."""
        if self._process and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def children(self) -> list[int]:
        """Process ids of its conversions."""
        found = []
        for path in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                parent = int(path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1])
                words = (path.parent / "cmdline").read_bytes().split(b"\0")
                if parent == self.process.pid and b"--multiprocessing-fork" in words:
                    found.append(int(path.parent.name))
        return found

    # The API

    def ask(self, source: str, **more: Any) -> str:
        """Asks for a conversion; gives the id of the newest task of that source."""
        reply = self.http.post(CONVERSIONS, json={"source": source, **more})
        assert reply.status_code == 200, reply.text
        return str(self.tasks(source=source)[0]["id"])

    def push(self, source: str, digest: str) -> str:
        """Sends what Harbor sends after a push; gives the task's id."""
        resource = {"resource_url": source, "digest": digest}
        body = {"type": "PUSH_ARTIFACT", "event_data": {"resources": [resource]}}
        assert self.http.post(CONVERSIONS, json=body).text == '"Ok"'
        return str(self.tasks(source=source)[0]["id"])

    def tasks(self, **query: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.http.get(CONVERSIONS, params=query).json()
        return found

    def task(self, task_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get(f"{CONVERSIONS}/{task_id}").json()
        return found

    def wait_for_end(self, task_id: str) -> dict[str, Any]:
        self.wait_for(lambda: self.task(task_id)["state"] not in {"queued", "running"})
        return self.task(task_id)

    def wait_for_work(self, task_id: str) -> None:
        """Until the conversion has begun to move bytes."""

        def works() -> bool:
            task = self.task(task_id)
            assert task["state"] in {"queued", "running"}, f"ended before it could be disturbed: {task}"
            return bool(task["progress"])

        self.wait_for(works)


@contextlib.contextmanager
def running(daemon: Daemon, *arguments: str) -> Iterator[Daemon]:
    """A daemon that is ended with the block, whatever happens."""
    try:
        yield daemon.start(*arguments)
    finally:
        daemon.kill()
        daemon.http.close()
