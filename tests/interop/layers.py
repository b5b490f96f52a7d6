"""Sources for the interop tests, and what a reader should see in them."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import random
import tarfile
from typing import TYPE_CHECKING, Any

from tests.python.support.layout import Entry, Layer, Layout, directory, hardlink, symlink, tar_bytes

if TYPE_CHECKING:
    from pathlib import Path

TYPES = {
    tarfile.REGTYPE: "reg",
    tarfile.DIRTYPE: "dir",
    tarfile.SYMTYPE: "symlink",
    tarfile.LNKTYPE: "hardlink",
    tarfile.CHRTYPE: "char",
    tarfile.FIFOTYPE: "fifo",
}


def text(size: int, seed: int) -> bytes:
    """Compressible bytes, the same every time."""
    words = [b"layer", b"chunk", b"digest", b"offset", b"\n", b"lazily", b"pulled"]
    pick = random.Random(seed)
    return b" ".join(pick.choice(words) for _ in range(size // 5))[:size]


def entries() -> list[Entry]:
    """Every kind of entry both formats can hold, files of zero, one and several chunks, a hole, long names."""
    noise = random.Random(7)
    return [
        directory("./"),
        directory("bin/"),
        Entry("bin/large", noise.randbytes(9_000_001), mode=0o755),
        Entry("bin/text", text(700_000, 1), mode=0o4755),
        hardlink("bin/text-link", "bin/text"),
        symlink("bin/sh", "text"),
        directory("etc/", uid=3, gid=4),
        Entry("etc/empty"),
        Entry("etc/.wh.gone"),
        Entry("etc/one", b"1", uid=1000, gid=1000, mtime=1_600_000_000),
        Entry("etc/exact", text(4096, 2)),
        Entry("etc/hole", b"a" * 5000 + bytes(200_000) + b"b" * 5000),
        Entry("etc/fraction", b"time", mtime=1_600_000_000.25),
        Entry("etc/capable", b"x" * 70_000, xattrs={"user.note": b"hi there"}),
        Entry("long/" + "d" * 120 + "/" + "f" * 120, b"a long name"),
        Entry("unicode/ünïcode-☃", b"snow"),
        Entry("dev/null", type=tarfile.CHRTYPE, mode=0o666, device=(1, 3)),
        Entry("dev/pipe", type=tarfile.FIFOTYPE),
    ]


def expected(tar: bytes) -> dict[str, dict[str, Any]]:
    """path → type, size, digest, as Python's tarfile reads the layer."""
    files: dict[str, dict[str, Any]] = {}
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        for member in archive:
            name = member.name.removeprefix("./").strip("/")
            if name in ("", "."):
                continue
            kind = TYPES[member.type]
            files[name] = {"type": kind, "size": member.size if kind == "reg" else 0}
            if kind == "reg":
                content = archive.extractfile(member)
                assert content is not None
                files[name]["sha256"] = hashlib.sha256(content.read()).hexdigest()
    return files


def source_image(folder: Path, compression: str = "gzip") -> tuple[str, bytes]:
    """One image of one layer; returns its location and the layer's tar."""
    layout = Layout(folder)
    tar = tar_bytes(entries())
    return layout.tag(layout.add_image([layout.add_tar(tar, compression)]), "app"), tar


def stored_layer(folder: Path, tag: str) -> tuple[dict[str, Any], Path, str]:
    """The first layer of a tag in a layout: descriptor, file, and the diffID its config lists."""

    def blob(digest: str) -> Path:
        return folder / "blobs" / digest.replace(":", "/")

    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    named = {m["annotations"]["org.opencontainers.image.ref.name"]: m for m in index["manifests"]}
    manifest = json.loads(blob(named[tag]["digest"]).read_text(encoding="utf-8"))
    config = json.loads(blob(manifest["config"]["digest"]).read_text(encoding="utf-8"))
    layer = manifest["layers"][0]
    return layer, blob(layer["digest"]), config["rootfs"]["diff_ids"][0]


def image_of_blob(folder: Path, blob: bytes, media_type: str, annotations: dict[str, str], diff_id: str) -> str:
    """An image whose only layer is a blob made by another program."""
    layout = Layout(folder)
    descriptor = {**layout.add_blob(blob, media_type), "annotations": annotations}
    return layout.tag(layout.add_image([Layer(descriptor, diff_id)]), "app")


def gunzip_digest(blob: bytes) -> str:
    """The diffID of a gzip layer, by Python's gzip."""
    return "sha256:" + hashlib.sha256(gzip.decompress(blob)).hexdigest()
