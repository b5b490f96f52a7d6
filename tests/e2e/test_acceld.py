"""acceld as a process: what it does at its start, with signals, and at its end."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import accel
from tests.python.support.images import sample_image
from tests.support.daemon import PYTHON, Daemon, running
from tests.support.registry import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from tests.python.support.layout import Layout
    from tests.support.registry import Registry


def settings(folder: Path, registry: Registry | None = None, **converter: Any) -> dict[str, Any]:
    return {
        "provider": {
            "source": {registry.host: {"plain_http": True}} if registry else {},
            "work_dir": str(folder / "work"),
        },
        "converter": {"worker": 2, "driver": "estargz", "rules": [{"tag_suffix": "-esgz"}], **converter},
    }


def pushed(registry: Registry, folder: Path, location: str, tag: str = "1") -> str:
    """An image under a name of this test; gives its reference."""
    reference = registry.reference(f"{folder.name.replace('_', '-').lower()}/app:{tag}")
    accel.copy(location, reference, config=accel.Config.from_dict(settings(folder, registry)))
    return reference


def acceld(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a command that ends by itself."""
    return subprocess.run(
        [sys.executable, "-m", "acceld", *arguments],
        env={"PYTHONPATH": str(PYTHON)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_webhook_becomes_an_image(tmp_path: Path, registry: Registry, layout: Layout) -> None:
    source = pushed(registry, tmp_path, sample_image(layout))
    config = accel.Config.from_dict(settings(tmp_path, registry))
    with running(Daemon(tmp_path, settings(tmp_path, registry))) as daemon:
        task = daemon.wait_for_end(daemon.push(source, accel.inspect(source, config=config).digest))
        assert (task["status"], task["state"]) == ("COMPLETED", "done"), task
        assert accel.check(source, f"{source}-esgz", config=config).equal
        # The reference's way to wait: the answer comes with the image.
        reply = daemon.http.post("/api/v1/conversions?sync=true", json={"source": source})
        assert (reply.status_code, reply.text) == (200, '"Ok"')
        assert daemon.stop() == 0
    events = daemon.events()
    assert {event["level"] for event in events} == {"info"}, events
    assert [event["event"] for event in events if event.get("task") == task["id"]][-1] == f"task {task['id']}: done"


def test_version_and_wrong_usage(tmp_path: Path) -> None:
    assert acceld("--version").stdout == f"acceld {accel.__version__}\n"
    wrong = acceld()
    assert (wrong.returncode, wrong.stderr) == (2, "error: Missing option '--config'; see 'acceld --help'\n")
    assert "Examples:" in acceld("--help").stdout


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("server: {prot: 1}", "c.yaml:1: server.prot: unknown key; did you mean port?"),
        ("queue: {url: 'mysql://me:secret@h/db'}", "queue.url"),
        ("queue: {url: 'sqlite:////nosuch/dir/x.db'}", "there is no directory /nosuch/dir"),
        ("provider: {work_dir: /proc/none}", "provider.work_dir /proc/none: cannot be made"),
        ("server: {tls: {cert: CERT, key: CERT}}", "server.tls"),
    ],
)
def test_wrong_configurations_are_one_line_and_status_2(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "c.yaml"
    (tmp_path / "cert").write_text("no certificate", encoding="utf-8")
    port = "" if text.startswith("server") else f"\nserver: {{port: {free_port()}}}"
    work = "" if text.startswith("provider") else f"\nprovider: {{work_dir: {tmp_path}}}"
    path.write_text(text.replace("CERT", str(tmp_path / "cert")) + port + work, encoding="utf-8")
    done = acceld("--config", str(path))
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("error: ")
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "secret" not in done.stderr


def test_a_port_that_is_taken_is_one_line_and_status_1(tmp_path: Path) -> None:
    with socket.socket() as rival:
        rival.bind(("127.0.0.1", 0))
        rival.listen()
        daemon = Daemon(tmp_path, {**settings(tmp_path), "server": {"port": rival.getsockname()[1]}})
        daemon.begin()
        assert daemon.end() == 1
    assert daemon.log().startswith("error: cannot listen on 127.0.0.1:")
    assert "Address already in use; another program listens there\n" in daemon.log()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_daemon_ends_at_once_with_0(tmp_path: Path, number: signal.Signals) -> None:
    with running(Daemon(tmp_path, settings(tmp_path))) as daemon:
        daemon.send(number)
        assert daemon.process.wait(10) == 0
    assert daemon.events()[-1]["event"] == "ended"
