"""Real registries for the tests: Debian's docker-registry over HTTP, TLS, with basic or token authentication.

Each runs on a free loopback port with its storage in a folder of the test and ends with the `with` block.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.support.token_server import TokenServer

if TYPE_CHECKING:
    from collections.abc import Iterator

USER, PASSWORD = "robot$ci", "pass:word"  # a colon in the password and Harbor's kind of name: both must work


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate for localhost and 127.0.0.1, with its key."""

    certificate: Path
    key: Path

    @classmethod
    def make(cls, folder: Path) -> Certificate:
        certificate, key = folder / "server.pem", folder / "server.key"
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
                *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate),
            ],
            check=True,
            capture_output=True,
        )
        return cls(certificate, key)


@dataclass(frozen=True)
class Registry:
    """A running registry."""

    port: int
    folder: Path
    certificate: Certificate | None = None
    token_server: TokenServer | None = None

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def reference(self, name: str) -> str:
        """A reference in this registry, from `repo:tag`."""
        return f"{self.host}/{name}"

    def log(self) -> str:
        """What the registry wrote: one line a request."""
        return (self.folder / "registry.log").read_text(encoding="utf-8", errors="replace")


def available() -> bool:
    return shutil.which("docker-registry") is not None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def plain_registry(folder: Path, port: int = 0) -> Iterator[Registry]:
    """HTTP, anonymous. With `folder` and `port` of an earlier one it is that registry, come back."""
    with _run(Registry(port or free_port(), folder), {}) as registry:
        yield registry


@contextlib.contextmanager
def tls_registry(folder: Path) -> Iterator[Registry]:
    """HTTPS with a certificate no system trusts, anonymous."""
    folder.mkdir(parents=True, exist_ok=True)
    with _run(Registry(free_port(), folder, Certificate.make(folder)), {}) as registry:
        yield registry


@contextlib.contextmanager
def basic_registry(folder: Path) -> Iterator[Registry]:
    """HTTP with basic authentication for USER and PASSWORD."""
    folder.mkdir(parents=True, exist_ok=True)
    entry = subprocess.run(
        ["htpasswd", "-nbB", USER, PASSWORD], check=True, capture_output=True, text=True
    ).stdout.strip()
    (folder / "htpasswd").write_text(entry + "\n", encoding="utf-8")
    auth = {"auth": {"htpasswd": {"realm": "test", "path": str(folder / "htpasswd")}}}
    with _run(Registry(free_port(), folder), auth) as registry:
        yield registry


@contextlib.contextmanager
def token_registry(folder: Path, expires_in: int = 300, realm: str = "") -> Iterator[Registry]:
    """HTTP with bearer tokens of a token server that knows USER and PASSWORD; tokens live `expires_in` seconds.

    `realm` is the token server's address in the registry's challenges where that is not its own."""
    folder.mkdir(parents=True, exist_ok=True)
    certificate = Certificate.make(folder)
    with TokenServer.running(certificate.certificate, certificate.key, (USER, PASSWORD), expires_in) as server:
        auth = {
            "auth": {
                "token": {
                    "realm": realm or server.realm,
                    "service": server.service,
                    "issuer": server.issuer,
                    "rootcertbundle": str(certificate.certificate),
                }
            }
        }
        with _run(Registry(free_port(), folder, token_server=server), auth) as registry:
            yield registry


@contextlib.contextmanager
def _run(registry: Registry, more: dict[str, Any]) -> Iterator[Registry]:
    registry.folder.mkdir(parents=True, exist_ok=True)
    http: dict[str, Any] = {"addr": registry.host, "secret": "of this test alone"}
    if registry.certificate:
        http["tls"] = {"certificate": str(registry.certificate.certificate), "key": str(registry.certificate.key)}
    config = {
        "version": "0.1",
        "log": {"level": "info"},
        "storage": {
            "filesystem": {"rootdirectory": str(registry.folder / "storage")},
            "delete": {"enabled": True},
        },
        "http": http,
        **more,
    }
    config_file = registry.folder / "registry.yml"
    config_file.write_text(yaml.safe_dump(config), encoding="utf-8")
    with (registry.folder / "registry.log").open("ab") as log:
        process = subprocess.Popen(["docker-registry", "serve", config_file], stdout=log, stderr=log)
    try:
        _wait_until_listening(registry, process)
        yield registry
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait_until_listening(registry: Registry, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", registry.port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"docker-registry did not start: {registry.log()[-2000:]}")
