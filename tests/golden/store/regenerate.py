"""Writes the archives of this directory with skopeo, from one small image made here.

usage: regenerate.py    (needs skopeo; the image is always the same, so only skopeo's own choices can change the files)
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import subprocess
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent


def add_blob(layout: Path, content: bytes, media_type: str) -> dict[str, object]:
    digest = hashlib.sha256(content).hexdigest()
    (layout / "blobs/sha256" / digest).write_bytes(content)
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}


def layer_tar(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def write_layout(layout: Path) -> None:
    (layout / "blobs/sha256").mkdir(parents=True)
    tars = [layer_tar("hello.txt", b"hello\n"), layer_tar("world.txt", b"world\n")]
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Env": ["PATH=/bin"], "Cmd": ["/hello"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(tar).hexdigest()}" for tar in tars]},
        "history": [{"created_by": "first"}, {"created_by": "second"}],
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": add_blob(layout, json.dumps(config).encode(), "application/vnd.oci.image.config.v1+json"),
        "layers": [
            add_blob(layout, gzip.compress(tar, mtime=0), "application/vnd.oci.image.layer.v1.tar+gzip") for tar in tars
        ],
    }
    root = add_blob(layout, json.dumps(manifest).encode(), "application/vnd.oci.image.manifest.v1+json")
    root["annotations"] = {"org.opencontainers.image.ref.name": "v1"}
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [root]}))
    (layout / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        layout = Path(directory) / "layout"
        write_layout(layout)
        for target in (
            f"oci-archive:{HERE}/skopeo-oci-archive.tar:v1",
            f"docker-archive:{HERE}/skopeo-docker-archive.tar:registry.example/app:1",
        ):
            Path(target.split(":")[1]).unlink(missing_ok=True)
            subprocess.run(["skopeo", "--insecure-policy", "copy", "--quiet", f"oci:{layout}:v1", target], check=True)


if __name__ == "__main__":
    main()
