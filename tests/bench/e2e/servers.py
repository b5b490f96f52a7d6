"""What a benchmark run needs besides the tests' registry: containerd for ctr-remote, and the size of an image."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


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
