"""Writes the documents of this directory as the reference system writes them: its structs in their order, two spaces.

usage: regenerate.py
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
NYDUS = "containerd.io/snapshot/nydus-"


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def layer(name: str, source: str | None = None) -> dict[str, Any]:
    blob = f"target {name}".encode()
    return {
        "mediaType": "application/vnd.oci.image.layer.nydus.blob.v1",
        "digest": digest(blob),
        "size": len(blob),
        # Go prints the keys of maps in order.
        "annotations": {
            "containerd.io/uncompressed": digest(blob),
            NYDUS + "blob": "true",
            NYDUS + "source-digest": digest(f"source {name}".encode()) if source is None else source,
        },
    }


def manifest(media_type: str, layers: list[dict[str, Any]], version: str = "v1") -> dict[str, Any]:
    config_type = "docker.container.image" if media_type == DOCKER_MANIFEST else "oci.image.config"
    suffix = ".v1+json"
    return {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": {"mediaType": f"application/vnd.{config_type}{suffix}", "digest": digest(b"{}"), "size": 2},
        "layers": layers,
        "annotations": {NYDUS + "cache-version": version},
    }


def write(name: str, document: dict[str, Any]) -> dict[str, Any]:
    data = json.dumps(document, indent=2).encode()
    (HERE / name).write_bytes(data)
    return {"mediaType": document["mediaType"], "digest": digest(data), "size": len(data)}


def main() -> None:
    amd64 = write("manifest-amd64.json", manifest(MANIFEST, [layer("a"), layer("bad", "sha256:1"), layer("b")]))
    arm64 = write("manifest-arm64.json", manifest(MANIFEST, [layer("c")], "v0"))
    write("manifest-docker.json", manifest(DOCKER_MANIFEST, [layer("a"), layer("b")]))
    # The reference copies the platform of the converted manifest, which has a feature of its own.
    children = [
        {**child, "platform": {"architecture": name, "os": "linux", "os.features": ["nydus.remoteimage.v1"]}}
        for child, name in ((amd64, "amd64"), (arm64, "arm64"))
    ]
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": children}
    write("index.json", index)


if __name__ == "__main__":
    main()
