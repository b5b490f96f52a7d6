"""Makes an image out of real files of this machine, as an OCI layout, with the standard library alone.

Three layers hold what makes layers difficult: whiteouts, an opaque directory, hardlinks, links that lead nowhere, long
names, extended attributes, devices, set-id bits, times before 1970 and with fractions, one gzip and one plain tar.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import sysconfig
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"


class Layer:
    """One layer being put together in memory."""

    def __init__(self) -> None:
        self._buffer = io.BytesIO()
        self._tar = tarfile.TarFile(fileobj=self._buffer, mode="w", format=tarfile.PAX_FORMAT)

    def add(self, name: str, content: bytes | None = None, **fields: Any) -> None:
        """Adds an entry; with `content` it is a file. `fields` are those of TarInfo, `xattrs` a dict of text."""
        entry = tarfile.TarInfo(name)
        entry.mtime = 1_700_000_000
        entry.mode = 0o755 if content is None else 0o644
        entry.type = tarfile.DIRTYPE if content is None else tarfile.REGTYPE
        entry.pax_headers = {f"SCHILY.xattr.{key}": value for key, value in fields.pop("xattrs", {}).items()}
        for key, value in fields.items():
            setattr(entry, key, value)
        entry.size = len(content or b"")
        self._tar.addfile(entry, io.BytesIO(content or b""))

    def link(self, name: str, target: str, *, hard: bool = False) -> None:
        """Adds a symbolic or hard link."""
        self.add(name, type=tarfile.LNKTYPE if hard else tarfile.SYMTYPE, linkname=target, mode=0o777)

    def add_file(self, name: str, path: Path) -> int:
        """Adds a real file or symbolic link as it is; returns the bytes of its content."""
        entry = self._tar.gettarinfo(path, name)
        if entry.islnk():  # both names of a hardlinked file are wanted as files: the other one may be outside
            entry.type, entry.linkname, entry.size = tarfile.REGTYPE, "", path.stat().st_size
        if not entry.isreg():
            self._tar.addfile(entry)
            return 0
        with path.open("rb") as content:
            self._tar.addfile(entry, content)
        return entry.size

    def finish(self) -> bytes:
        """The bytes of the tar."""
        self._tar.close()
        return self._buffer.getvalue()


def real_files(limit_bytes: int) -> Iterator[tuple[str, Path]]:
    """Names in the image and files of this machine, about `limit_bytes` of content in all."""
    taken = 0
    for inside, folder in (
        ("usr/lib/python", Path(sysconfig.get_path("stdlib"))),
        ("usr/share/doc", Path("/usr/share/doc")),
        ("usr/bin", Path("/usr/bin")),
    ):
        for path in sorted(folder.rglob("*")):
            if path.is_symlink() or (path.is_file() and os.access(path, os.R_OK)):
                size = path.lstat().st_size
                if taken + size <= limit_bytes:
                    taken += size
                    yield f"{inside}/{path.relative_to(folder)}", path


def base_layer(limit_bytes: int) -> bytes:
    """Real files, and below opt/ what the other layers change."""
    layer = Layer()
    for name in ("usr", "usr/bin", "usr/lib", "usr/share", "etc", "opt", "opt/cache", "opt/data"):
        layer.add(name)
    layer.add("tmp", mode=0o1777)
    for name, path in real_files(limit_bytes):
        layer.add_file(name, path)
    layer.add("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n")
    for number in range(5):
        layer.add(f"opt/cache/{number}", b"old %d\n" % number)
    layer.add("opt/data/kept", b"kept\n")
    layer.add("opt/data/removed", b"removed by the next layer\n")
    layer.add("opt/becomes-a-file")
    layer.add("opt/becomes-a-file/below", b"gone with its directory\n")
    return layer.finish()


def application_layer() -> bytes:
    """What no simple file is."""
    layer = Layer()
    layer.add("opt/app", uid=1000, gid=1000, uname="app", gname="app", mode=0o750)
    layer.add("opt/app/main", b"#!/bin/sh\necho hello\n", mode=0o4755)
    layer.link("opt/app/also-main", "opt/app/main", hard=True)
    layer.link("usr/bin/app", "../../opt/app/main")
    layer.link("opt/app/nowhere", "/no/such/place")
    layer.add("opt/app/" + "a-long-name-" * 12 + "/" + "part-" * 40 + "end", b"long\n")
    layer.add("opt/app/with-attributes", b"x\n", xattrs={"user.origin": "sample image", "user.empty": ""})
    layer.add("opt/app/empty", b"")
    layer.add("opt/app/before-1970", b"old\n", mtime=-86400)
    layer.add("opt/app/to-the-nanosecond", b"now\n", mtime=1_700_000_000.25)
    layer.add("opt/app/chunks", bytes(range(256)) * 40_000 + b"the last of three chunks of 4 MiB")
    layer.add("opt/app/pipe", type=tarfile.FIFOTYPE, mode=0o600)
    layer.add("opt/app/null", type=tarfile.CHRTYPE, devmajor=1, devminor=3, mode=0o666)
    layer.add("opt/data/.wh.removed", b"")
    return layer.finish()


def top_layer() -> bytes:
    """An opaque directory, and a file where a directory was."""
    layer = Layer()
    layer.add("opt/cache", mode=0o700)
    layer.add("opt/cache/.wh..wh..opq", b"")
    layer.add("opt/cache/new", b"the only one left\n")
    layer.add("opt/becomes-a-file", b"now a file\n")
    layer.add("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/opt/app:/bin/sh\n")
    return layer.finish()


def write_layout(folder: Path, tag: str, layers: list[tuple[bytes, bool]]) -> str:
    """Writes an image of `layers` (tar bytes, whether to gzip them), base first, and returns its location."""
    blobs = folder / "blobs/sha256"
    blobs.mkdir(parents=True)

    def put(media_type: str, content: bytes) -> dict[str, Any]:
        digest = hashlib.sha256(content).hexdigest()
        (blobs / digest).write_bytes(content)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}

    def put_json(media_type: str, document: dict[str, Any]) -> dict[str, Any]:
        return put(media_type, json.dumps(document, indent=1).encode())

    stored = [
        put(LAYER + "+gzip", gzip.compress(tar, 6, mtime=0)) if compressed else put(LAYER, tar)
        for tar, compressed in layers
    ]
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Env": ["PATH=/usr/bin"], "Cmd": ["/usr/bin/app"], "User": "app"},
        "rootfs": {
            "type": "layers",
            "diff_ids": [f"sha256:{hashlib.sha256(tar).hexdigest()}" for tar, _ in layers],
        },
        "history": [{"created_by": f"sample layer {number}"} for number in range(len(layers))],
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": put_json(CONFIG, config),
        "layers": stored,
    }
    root = put_json(MANIFEST, manifest) | {"annotations": {"org.opencontainers.image.ref.name": tag}}
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [root]}))
    return f"oci:{folder}:{tag}"


def make_sample_image(folder: Path, limit_bytes: int = 64 << 20) -> str:
    """Makes the image in the empty or absent `folder`; returns its location."""
    layers = [(base_layer(limit_bytes), True), (application_layer(), False), (top_layer(), True)]
    return write_layout(folder, "sample", layers)
