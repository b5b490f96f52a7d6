"""Images that are wrong in one way each, and what the message about each must say."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tests.python.support.layout import CONFIG, LAYER, MANIFEST, Layer, sha256
from tests.support.raw_tar import archive, base256, file, header

if TYPE_CHECKING:
    from tests.python.support.layout import Document, Layout

ZERO = "sha256:" + "0" * 64

# Remedies.
DAMAGED = "the image itself is damaged; build it again and push it"
REPLACED = "fetch it again, or push the source image again"
MIXED_UP = "; build the image again and push it"
WITHOUT = "rebuild the image without this entry"


@dataclass(frozen=True)
class Bad:
    """An image with one fault, tagged `app`."""

    digest: str  # of the layer or document at fault; empty when several are


@dataclass(frozen=True)
class Case:
    """A way to be wrong.

    The message must hold every one of `says`, `path` when an entry is at fault, and the `remedy` as its hint.
    """

    name: str
    make: Callable[[Layout], Bad]
    says: tuple[str, ...]
    path: str = ""
    remedy: str = DAMAGED


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def zstd(data: bytes) -> bytes:
    return subprocess.run(["zstd", "-q", "-c"], input=data, check=True, capture_output=True).stdout


def good_tar(content: bytes = b"good") -> bytes:
    return archive(file(b"etc/good", content))


def image_of(layout: Layout, layer: Layer) -> Bad:
    """An image whose second layer is the bad one."""
    image = layout.add_image([layout.add_tar(good_tar()), layer])
    layout.tag(image, "app")
    return Bad(str(layer.descriptor["digest"]))


def stored(layout: Layout, data: bytes, diff_id: str, media_type: str = LAYER + "+gzip") -> Bad:
    return image_of(layout, Layer(layout.add_blob(data, media_type), diff_id))


def of_tar(*parts: bytes) -> Callable[[Layout], Bad]:
    """A layer with a tar that is wrong; everything around it is right."""
    return lambda layout: image_of(layout, layout.add_tar(archive(file(b"etc/before"), *parts)))


def of_raw_tar(tar: bytes) -> Callable[[Layout], Bad]:
    return lambda layout: image_of(layout, layout.add_tar(tar))


def truncated_gzip(layout: Layout) -> Bad:
    tar = good_tar(noise(300_000))
    return stored(layout, gzip.compress(tar, mtime=0)[:200_000], sha256(tar))


def corrupt_gzip(layout: Layout) -> Bad:
    tar = good_tar(b"compressible " * 20_000)
    data = bytearray(gzip.compress(tar, mtime=0))
    data[-8] ^= 0xFF  # the checksum of the content
    return stored(layout, bytes(data), sha256(tar))


def garbage_in_gzip(layout: Layout) -> Bad:
    tar = good_tar(noise(100_000))
    data = gzip.compress(tar, mtime=0)
    return stored(layout, data[:20] + b"\xff" * 2000 + data[2020:], sha256(tar))


def truncated_zstd(layout: Layout) -> Bad:
    tar = good_tar(noise(300_000))
    return stored(layout, zstd(tar)[:200_000], sha256(tar), LAYER + "+zstd")


def wrong_blob_digest(layout: Layout) -> Bad:
    bad = image_of(layout, layout.add_tar(good_tar(noise(100_000))))
    path = layout.blob_path(bad.digest)
    data = bytearray(path.read_bytes())
    data[4] ^= 1  # the time in the gzip header: what it decompresses to stays the same
    path.write_bytes(data)
    return bad


def wrong_size(difference: int) -> Callable[[Layout], Bad]:
    def make(layout: Layout) -> Bad:
        layer = layout.add_tar(good_tar(noise(100_000)))
        size = layer.descriptor["size"] + difference
        return image_of(layout, replace(layer, descriptor={**layer.descriptor, "size": size}))

    return make


def wrong_diff_id(layout: Layout) -> Bad:
    return image_of(layout, replace(layout.add_tar(good_tar(b"other")), diff_id=ZERO))


def tagged_document(layout: Layout, descriptor: Document) -> Bad:
    layout.tag(descriptor, "app")
    return Bad("")  # the image's name says which document it is


def garbage_manifest(layout: Layout) -> Bad:
    return tagged_document(layout, layout.add_blob(b'{"schemaVersion": 2, "layers": [', MANIFEST))


def deep_manifest(layout: Layout) -> Bad:
    return tagged_document(layout, layout.add_blob(b'{"a":' * 100_000, MANIFEST))


def garbage_config(layout: Layout) -> Bad:
    config = layout.add_blob(b"\x00garbage", CONFIG)
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": []}
    layout.tag(layout.add_document(manifest, MANIFEST), "app")
    return Bad(str(config["digest"]))


def too_few_diff_ids(layout: Layout) -> Bad:
    layers = [layout.add_tar(good_tar()), layout.add_tar(good_tar(b"more"))]
    image = layout.add_image(layers)
    manifest = json.loads(layout.blob_path(image["digest"]).read_bytes())
    config = json.loads(layout.blob_path(manifest["config"]["digest"]).read_bytes())
    config["rootfs"]["diff_ids"].pop()
    manifest["config"] = layout.add_document(config, CONFIG)
    layout.tag(layout.add_document(manifest, MANIFEST), "app")
    return Bad("")


def unknown_media_type(layout: Layout) -> Bad:
    tar = good_tar(b"odd")
    return stored(layout, gzip.compress(tar, mtime=0), sha256(tar), "application/vnd.example.layer.v9.squashfs")


def missing_blob(layout: Layout) -> Bad:
    bad = image_of(layout, layout.add_tar(good_tar(b"lost")))
    layout.blob_path(bad.digest).unlink()
    return bad


def gzip_bomb(layout: Layout, size: int = 500_000_000) -> Bad:
    """Zeros in many gzip members, a thousandth of their size."""
    piece = 10_000_000
    tail = bytes(-size % 512 + 1024)
    members = [header(b"var/zeros", size), *[bytes(piece)] * (size // piece), tail]
    packed = {part: gzip.compress(part, mtime=0) for part in set(members)}
    tar = hashlib.sha256()
    for part in members:
        tar.update(part)
    return stored(layout, b"".join(packed[part] for part in members), "sha256:" + tar.hexdigest())


def zstd_bomb(layout: Layout) -> Bad:
    """Zeros in many zstd frames, a ten-thousandth of their size."""
    frame = zstd(bytes(100_000_000))
    return stored(layout, zstd(header(b"var/zeros", 10**9)) + frame * 10, ZERO, LAYER + "+zstd")


CASES = [
    Case("truncated gzip", truncated_gzip, ("gzip",)),
    Case("wrong checksum in gzip", corrupt_gzip, ("gzip",)),
    Case("garbage in gzip", garbage_in_gzip, ("gzip",)),
    Case("truncated zstd", truncated_zstd, ("zstd",)),
    Case("wrong blob digest", wrong_blob_digest, ("digest",), remedy=REPLACED),
    Case("blob longer than its descriptor says", wrong_size(-1), ("bytes",), remedy="push the image again"),
    Case("blob shorter than its descriptor says", wrong_size(1), ("bytes",), remedy="push the image again"),
    Case("wrong diffID", wrong_diff_id, ("diffID",), remedy=MIXED_UP),
    Case("manifest cut off", garbage_manifest, ("JSON",)),
    Case("manifest nested without end", deep_manifest, ("JSON",)),
    Case("config that is no JSON", garbage_config, ("JSON",)),
    Case("fewer diffIDs than layers", too_few_diff_ids, ("diff",), remedy=MIXED_UP),
    Case(
        "unknown media type",
        unknown_media_type,
        ("application/vnd.example.layer.v9.squashfs",),
        remedy="OCI and Docker tar layers are",
    ),
    Case("blob that is not there", missing_blob, (), remedy="fetch it again"),
    Case("zstd bomb", zstd_bomb, ("--max-ratio",), remedy="raise the limit with --max-ratio"),
    Case("tar with a wrong checksum", of_tar(header(b"etc/broken", checksum=1)), ("checksum",)),
    Case("entry larger than the layer", of_raw_tar(header(b"etc/long", 1 << 20) + b"short"), (), "etc/long"),
    Case("negative size", of_tar(header(b"etc/negative", base256(-1))), ("size",), "etc/negative"),
    Case("size beyond 64 bits", of_tar(header(b"etc/huge", base256(1 << 80))), ("size",), "etc/huge"),
    Case("size near 64 bits", of_tar(header(b"etc/huge", base256((1 << 63) - 1))), (), "etc/huge"),
    Case("size that is no number", of_tar(header(b"etc/odd", b"12 monkeys!!")), ("size",), "etc/odd"),
    Case("name with ..", of_tar(file(b"etc/../../escape")), ("..",), "etc/../../escape", remedy=WITHOUT),
    Case("name that would clear a terminal", of_tar(file(b"../\x1b[2J")), ("..",), "../?[2J", remedy=WITHOUT),
    Case("name of two lines", of_tar(file(b"../a\nerror: b")), ("..",), "../a?error: b", remedy=WITHOUT),
    Case(
        "path through a symlink",
        of_tar(header(b"lib", kind=b"2", link=b"/etc"), file(b"lib/passwd")),
        ("below lib",),
        "lib/passwd",
        remedy=WITHOUT,
    ),
    Case(
        "hardlink to nothing",
        of_tar(header(b"etc/link", kind=b"1", link=b"etc/nothing")),
        ("etc/nothing",),
        "etc/link",
        remedy=WITHOUT,
    ),
    Case(
        "hardlinks in a circle",
        of_tar(header(b"etc/a", kind=b"1", link=b"etc/b"), header(b"etc/b", kind=b"1", link=b"etc/a")),
        (),
        "etc/a",
        remedy=WITHOUT,
    ),
    Case(
        "name that is not UTF-8",
        of_tar(file(b"etc/\xff\xfe")),
        ("UTF-8",),
        r"etc/\xff\xfe",
        remedy="rename or touch the file when the image is built",
    ),
]
