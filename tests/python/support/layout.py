"""Writes OCI image layouts with real tars, independently of the code under test."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"

Document = dict[str, Any]


def sha256(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


@dataclass(frozen=True)
class Entry:
    """One member of a layer's tar."""

    name: str
    content: bytes = b""
    type: bytes = tarfile.REGTYPE
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    mtime: float = 1_700_000_000
    link: str = ""
    device: tuple[int, int] = (0, 0)
    xattrs: Mapping[str, bytes] = field(default_factory=dict)


def directory(name: str, mode: int = 0o755, **more: Any) -> Entry:
    return Entry(name, type=tarfile.DIRTYPE, mode=mode, **more)


def symlink(name: str, target: str) -> Entry:
    return Entry(name, type=tarfile.SYMTYPE, link=target, mode=0o777)


def hardlink(name: str, target: str) -> Entry:
    return Entry(name, type=tarfile.LNKTYPE, link=target)


def whiteout(name: str) -> Entry:
    parent, slash, leaf = name.rpartition("/")
    return Entry(f"{parent}{slash}.wh.{leaf}")


def opaque(parent: str) -> Entry:
    return Entry(f"{parent}/.wh..wh..opq")


def tar_bytes(entries: Sequence[Entry]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for entry in entries:
            info = tarfile.TarInfo(entry.name)
            info.type, info.mode, info.uid, info.gid = entry.type, entry.mode, entry.uid, entry.gid
            info.mtime, info.linkname, info.size = entry.mtime, entry.link, len(entry.content)
            info.devmajor, info.devminor = entry.device
            info.pax_headers = {
                f"SCHILY.xattr.{name}": value.decode("utf-8", "surrogateescape") for name, value in entry.xattrs.items()
            }
            archive.addfile(info, io.BytesIO(entry.content))
    return buffer.getvalue()


@dataclass(frozen=True)
class Layer:
    """A stored layer: its descriptor and the digest of its tar."""

    descriptor: Document
    diff_id: str


class Layout:
    """An OCI layout being written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._entries: list[Document] = []
        (path / "blobs" / "sha256").mkdir(parents=True)
        (path / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}', encoding="utf-8")

    def location(self, tag: str) -> str:
        return f"oci:{self.path}:{tag}"

    def blob_path(self, digest: str) -> Path:
        return self.path / "blobs" / digest.replace(":", "/")

    def add_blob(self, data: bytes, media_type: str) -> Document:
        digest = sha256(data)
        self.blob_path(digest).write_bytes(data)
        return {"mediaType": media_type, "digest": digest, "size": len(data)}

    def adopt_blob(self, file: Path, media_type: str) -> Document:
        """Moves a finished file into the layout: for blobs too large to hold in memory."""
        with file.open("rb") as content:
            digest = "sha256:" + hashlib.file_digest(content, "sha256").hexdigest()
        descriptor = {"mediaType": media_type, "digest": digest, "size": file.stat().st_size}
        file.rename(self.blob_path(digest))
        return descriptor

    def add_document(self, document: Document, media_type: str) -> Document:
        return self.add_blob(json.dumps(document).encode(), media_type)

    def add_layer(self, entries: Sequence[Entry], compression: str = "gzip") -> Layer:
        return self.add_tar(tar_bytes(entries), compression)

    def add_tar(self, tar: bytes, compression: str = "gzip") -> Layer:
        data, suffix = tar, ""
        if compression == "gzip":
            data, suffix = gzip.compress(tar, mtime=0), "+gzip"
        return Layer(self.add_blob(data, LAYER + suffix), sha256(tar))

    def add_image(self, layers: Sequence[Layer], platform: str = "linux/amd64", **config: Any) -> Document:
        os_name, architecture, *variant = platform.split("/")
        document: Document = {
            "os": os_name,
            "architecture": architecture,
            "config": {"Env": ["PATH=/bin"], "Cmd": ["/bin/app"]},
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
            "history": [{"created_by": f"layer {number}"} for number in range(len(layers))],
            "x-unknown": {"kept": True},
            **config,
        }
        wanted = {"os": os_name, "architecture": architecture}
        if variant:
            document["variant"] = wanted["variant"] = variant[0]
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self.add_document(document, CONFIG),
            "layers": [layer.descriptor for layer in layers],
            "annotations": {"org.example.kept": "yes"},
        }
        return {**self.add_document(manifest, MANIFEST), "platform": wanted}

    def add_attestation(self, image: Document) -> Document:
        """What buildx adds to an index for each image."""
        statement = self.add_blob(b'{"_type": "https://in-toto.io/Statement/v0.1"}', "application/vnd.in-toto+json")
        config = {"os": "unknown", "architecture": "unknown", "rootfs": {"type": "layers", "diff_ids": []}}
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self.add_document(config, CONFIG),
            "layers": [statement],
        }
        return {
            **self.add_document(manifest, MANIFEST),
            "platform": {"os": "unknown", "architecture": "unknown"},
            "annotations": {
                "vnd.docker.reference.type": "attestation-manifest",
                "vnd.docker.reference.digest": image["digest"],
            },
        }

    def add_index(self, manifests: Sequence[Document]) -> Document:
        return self.add_document({"schemaVersion": 2, "mediaType": INDEX, "manifests": list(manifests)}, INDEX)

    def tag(self, descriptor: Document, tag: str) -> str:
        """Names an image; returns its location."""
        plain = {key: descriptor[key] for key in ("mediaType", "digest", "size")}
        self._entries.append({**plain, "annotations": {"org.opencontainers.image.ref.name": tag}})
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": self._entries}
        (self.path / "index.json").write_text(json.dumps(index), encoding="utf-8")
        return self.location(tag)


def read_index(path: Path) -> dict[str, Document]:
    """The tags of a layout as they are on disk now."""
    index = json.loads((path / "index.json").read_text(encoding="utf-8"))
    return {entry["annotations"]["org.opencontainers.image.ref.name"]: entry for entry in index["manifests"]}
