"""The servers of a benchmark run: Debian's docker-registry, and containerd for ctr-remote. All on loopback."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    """Waits until something listens on the port."""
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise RuntimeError(f"nothing listens on port {port}")


@contextlib.contextmanager
def registry(folder: Path) -> Iterator[str]:
    """Runs docker-registry with its storage below `folder`; gives `host:port`."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    config = folder / "registry.yml"
    config.write_text(
        "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder / 'storage'}}}}}\nhttp: {{addr: '127.0.0.1:{port}'}}\n"
    )
    with (folder / "registry.log").open("wb") as log:
        process = subprocess.Popen(["docker-registry", "serve", str(config)], stdout=log, stderr=log)
    try:
        wait_for(port)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder / "storage", ignore_errors=True)


@dataclass(frozen=True)
class Containerd:
    """A running containerd: its process id and the environment its clients need."""

    pid: int
    environment: dict[str, str]


@contextlib.contextmanager
def containerd(folder: Path) -> Iterator[Containerd]:
    """Runs containerd without CRI, with everything below `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    address = folder / "containerd.sock"
    config = folder / "containerd.toml"
    config.write_text(
        f'version = 2\nroot = "{folder}/root"\nstate = "{folder}/state"\n'
        'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n'
        f'[grpc]\n  address = "{address}"\n'
    )
    with (folder / "containerd.log").open("wb") as log:
        process = subprocess.Popen(["containerd", "-c", str(config)], stdout=log, stderr=log)
    try:
        for _ in range(100):
            if address.exists():
                break
            time.sleep(0.1)
        yield Containerd(process.pid, {"CONTAINERD_ADDRESS": str(address)})
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def image_size(reference: str) -> int:
    """Bytes of config and layers of a single-platform image in a registry."""
    host, name = reference.split("/", 1)
    repository, tag = name.rsplit(":", 1)
    request = urllib.request.Request(
        f"http://{host}/v2/{repository}/manifests/{tag}",
        headers={"Accept": "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json"},
    )
    with urllib.request.urlopen(request) as reply:
        document = json.load(reply)
    if "manifests" in document:
        return sum(image_size(f"{host}/{repository}:{child['digest']}") for child in document["manifests"])
    return int(document["config"]["size"]) + sum(int(layer["size"]) for layer in document["layers"])
