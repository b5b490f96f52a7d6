"""acceld as a process: what it does at its start, with signals, and at its end."""

from __future__ import annotations

import base64
import signal
import socket
import ssl
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx
import pytest
import yaml

import accel
from tests.python.support.images import sample_image
from tests.support import busy
from tests.support.daemon import PATIENCE, PYTHON, Daemon, pushed, running, settings
from tests.support.registry import Certificate, free_port

if TYPE_CHECKING:
    from pathlib import Path

    from tests.python.support.layout import Layout
    from tests.support.registry import Registry


def acceld(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a command that ends by itself."""
    return subprocess.run(
        [sys.executable, "-m", "acceld", *arguments],
        env={"PYTHONPATH": str(PYTHON)},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
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


REFERENCE = """
server: {name: API, host: 127.0.0.1, port: PORT}
metric: {enabled: true}
provider:
  source:
    HOST: {auth: , insecure: true, webhook: {auth_header: header}}
  work_dir: FOLDER
  gcpolicy: {threshold: 1000MB}
  cache_size: 200
  cache_version: v1
converter:
  worker: 5
  harbor_annotation: true
  platforms: linux/amd64,linux/arm64
  driver:
    type: nydus
    config: {work_dir: /tmp, builder: nydus-image, rafs_version: 6, rafs_compressor: zstd, merge_manifest: false}
  rules:
    - tag_suffix: -nydus
    - cache_tag: nydus-cache
"""


def test_a_configuration_and_a_webhook_of_the_reference_work(
    tmp_path: Path, registry: Registry, layout: Layout
) -> None:
    source = pushed(registry, tmp_path, sample_image(layout))
    text = REFERENCE.replace("PORT", str(free_port())).replace("HOST", registry.host)
    daemon = Daemon(tmp_path, yaml.safe_load(text.replace("FOLDER", str(tmp_path / "work"))))
    body = {"type": "PUSH_ARTIFACT", "event_data": {"resources": [{"resource_url": source}]}}
    with running(daemon):
        url = "/api/v1/conversions?sync=true"
        assert daemon.http.post(url, json=body).json()["code"] == "ERR_UNAUTHORIZED"
        reply = daemon.http.post(url, json=body, headers={"Authorization": "header"}, timeout=PATIENCE)
        assert (reply.status_code, reply.text) == (200, '"Ok"')
        (task,) = daemon.tasks()
        assert (task["source"], task["status"]) == (source, "COMPLETED")
        assert task["source_size"] > 300_000
        assert 'conversions_op_duration_seconds_count{op="convert"} 1.0' in daemon.http.get("/metrics").text
        assert daemon.stop() == 0
    config = accel.Config.from_dict(settings(tmp_path, registry))
    assert accel.check(source, f"{source}-nydus", config=config).equal


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
        assert daemon.process.wait(busy.seconds(10)) == 0
    assert daemon.events()[-1]["event"] == "ended"


def test_what_the_service_manager_hears(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.settimeout(PATIENCE)
        manager.bind(str(tmp_path / "notify"))
        with running(Daemon(tmp_path, settings(tmp_path), NOTIFY_SOCKET=str(tmp_path / "notify"))) as daemon:
            assert manager.recv(1000) == b"READY=1"
            daemon.send(signal.SIGHUP)
            reloading = manager.recv(1000).decode().splitlines()
            assert reloading[0] == "RELOADING=1"
            assert reloading[1].startswith("MONOTONIC_USEC=")
            assert manager.recv(1000) == b"READY=1"
            daemon.send(signal.SIGTERM)
            assert manager.recv(1000) == b"STOPPING=1"
            assert daemon.end() == 0


def test_a_unix_socket_takes_the_place_of_a_dead_daemon_s_and_of_no_living_one(tmp_path: Path) -> None:
    path = tmp_path / "acceld.sock"
    wanted = {**settings(tmp_path), "server": {"uds": str(path), "uds_mode": "0600"}}
    with running(Daemon(tmp_path / "first", wanted)) as daemon:
        assert daemon.http.get("/api/v1/health").text == "Ok"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        rival = Daemon(tmp_path / "rival", wanted)
        rival.begin()
        assert rival.end() == 1
        assert rival.log() == f"error: cannot listen on {path} (server.uds): another program listens there\n"
        daemon.kill()
        assert path.exists()
    with running(Daemon(tmp_path / "second", wanted)) as daemon:
        assert daemon.http.get("/api/v1/health").text == "Ok"
        assert daemon.stop() == 0
        assert not path.exists()
    path.write_text("a file of somebody", encoding="utf-8")
    rival.begin()
    assert rival.end() == 1
    assert "there is a file of another kind; remove it" in rival.log()
    assert path.read_text(encoding="utf-8") == "a file of somebody"


def serial(port: int) -> str:
    """The certificate that a new connection sees."""
    return ssl.get_server_certificate(("127.0.0.1", port))


def test_a_new_certificate_is_used_without_breaking_connections(tmp_path: Path) -> None:
    (tmp_path / "tls").mkdir()
    old = Certificate.make(tmp_path / "tls")
    names = {"cert": str(old.certificate), "key": str(old.key)}
    with running(Daemon(tmp_path, {**settings(tmp_path), "server": {"tls": names}})) as daemon:
        port = daemon.settings["server"]["port"]
        context = ssl.create_default_context(cafile=str(old.certificate))
        with httpx.Client(base_url=daemon.url, verify=context) as client:
            assert client.get("/api/v1/health").text == "Ok"
            first = serial(port)
            Certificate.make(tmp_path / "tls")  # in place of the old files, which is noticed without a signal
            # The connection from before goes on: a new one would not accept the certificate.
            daemon.wait_for(lambda: client.get("/api/v1/health").text == "Ok" and serial(port) != first)
            second = serial(port)
            assert client.get("/api/v1/health").text == "Ok"
        old.key.write_text("half a key", encoding="utf-8")
        daemon.send(signal.SIGHUP)
        daemon.wait_for(lambda: "stays as it was: server.tls" in daemon.log())
        assert serial(port) == second
        Certificate.make(tmp_path / "tls")
        daemon.send(signal.SIGHUP)
        daemon.wait_for(lambda: serial(port) != second)
        assert daemon.stop() == 0


def test_sighup_reads_the_configuration_again(tmp_path: Path) -> None:
    with running(Daemon(tmp_path, settings(tmp_path))) as daemon:
        assert daemon.http.get("/api/v1/conversions").status_code == 200
        port = daemon.settings["server"]["port"]
        daemon.settings["server"] |= {"token": "a-new-token", "port": 1}
        daemon.write_settings()
        daemon.send(signal.SIGHUP)
        daemon.wait_for(lambda: daemon.http.get("/api/v1/conversions").status_code == 401)
        daemon.wait_for(lambda: "at the next start: server.port" in daemon.log())
        daemon.settings["server"] |= {"token": "", "port": port}
        daemon.settings["converter"]["worker"] = "many"
        daemon.write_settings()
        daemon.send(signal.SIGHUP)
        daemon.wait_for(lambda: "stays as it was" in daemon.log())
        assert daemon.http.get("/api/v1/conversions").status_code == 401
        assert daemon.stop() == 0
    (fault,) = [event for event in daemon.events() if event["level"] == "error"]
    assert "converter.worker: want a whole number, got 'many'" in fault["event"]


def test_the_log_is_json_or_text_and_has_no_secrets(tmp_path: Path) -> None:
    pair = base64.b64encode(b"robot:the-password").decode()
    secrets = ["the-password", pair, "the-webhook-secret", "the-token"]
    host = {"auth": pair, "plain_http": True, "webhook": {"auth_header": "Bearer the-webhook-secret"}}
    wanted = settings(tmp_path) | {"server": {"token": "the-token"}}
    wanted["provider"]["source"] = {"127.0.0.1:1": host}
    daemon = Daemon(tmp_path, wanted)
    with running(daemon):
        # A name that holds a secret comes back in errors: the worst that can be asked for.
        body = {"source": "127.0.0.1:1/the-webhook-secret/the-password:the-token"}
        reply = daemon.http.post("/api/v1/conversions", json=body, headers={"Authorization": "Bearer the-token"})
        assert reply.status_code == 200
        daemon.wait_for(lambda: any("task" in event and event["level"] == "info" for event in daemon.events()))
        daemon.wait_for(lambda: "queued: " in daemon.log())  # the registry is away: another attempt
        assert daemon.stop() == 0
    assert "127.0.0.1:1/***/***:***" in daemon.log()
    assert not [secret for secret in secrets if secret in daemon.log()]
    with running(Daemon(tmp_path / "text", wanted), "--log-format", "text") as daemon:
        assert daemon.stop() == 0
    assert not daemon.log().startswith("{")
    assert "listens on" in daemon.log()


@pytest.mark.parametrize("missing", ["fastapi", "sqlalchemy", "uvicorn", "structlog"])
def test_without_the_extra_one_line_says_what_to_install(tmp_path: Path, missing: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("", encoding="utf-8")
    program = (
        f"import sys; sys.modules[{missing!r}] = None; from acceld.__main__ import main; "
        f"sys.exit(main(['--config', {str(path)!r}]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(PYTHON)},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 1
    assert done.stderr == (
        f"error: there is no module {missing}; the daemon wants more than accelctl: "
        "pip install 'acceleration-service[service]'\n"
    )
