"""Images the tests share: small, but with everything a merged tree can hold."""

from __future__ import annotations

import random
import tarfile
from typing import TYPE_CHECKING

from tests.python.support.layout import Entry, directory, hardlink, opaque, symlink, tar_bytes, whiteout

if TYPE_CHECKING:
    from tests.python.support.layout import Layer, Layout


def noise(size: int, seed: int) -> bytes:
    """Bytes that do not compress, the same every time."""
    return random.Random(seed).randbytes(size)


def base_entries() -> list[Entry]:
    return [
        directory("bin/"),
        Entry("bin/app", noise(300_000, 1), mode=0o4755),
        hardlink("bin/app-link", "bin/app"),
        symlink("bin/sh", "app"),
        directory("etc/", mode=0o750, uid=3, gid=4),
        Entry("etc/passwd", b"root:x:0:0\n", uid=1000, gid=1000, mtime=1_600_000_000),
        Entry("etc/empty"),
        Entry(
            "etc/capable", b"x" * 70_000, xattrs={"security.capability": b"\x01\x00\x00\x02\xff", "user.note": b"hi"}
        ),
        directory("dev/"),
        Entry("dev/null", type=tarfile.CHRTYPE, mode=0o666, device=(1, 3)),
        Entry("dev/pipe", type=tarfile.FIFOTYPE),
        directory("var/"),
        directory("var/cache/"),
        Entry("var/cache/old", b"to be hidden"),
        Entry("var/removed", b"to be removed"),
        Entry("long/" + "d" * 120 + "/" + "f" * 120, b"a long name"),
        Entry("unicode/ünïcode-☃", b"snow"),
    ]


def upper_entries() -> list[Entry]:
    return [
        whiteout("var/removed"),
        directory("var/cache/"),
        opaque("var/cache"),
        Entry("var/cache/new", noise(5_000, 2)),
        Entry("etc/passwd", b"root:x:0:0\nuser:x:1:1\n"),
        symlink("etc/empty", "passwd"),
    ]


def sample_layers(layout: Layout) -> list[Layer]:
    """Three layers: gzip, plain, and one without entries."""
    return [
        layout.add_layer(base_entries()),
        layout.add_layer(upper_entries(), compression="none"),
        layout.add_layer([]),
    ]


def sample_image(layout: Layout, tag: str = "app") -> str:
    """One image of one platform; returns its location."""
    return layout.tag(layout.add_image(sample_layers(layout)), tag)


def sample_index(layout: Layout, tag: str = "multi") -> str:
    """An index of two platforms, each with an attestation; returns its location."""
    images = [
        layout.add_image(sample_layers(layout), "linux/amd64"),
        layout.add_image([layout.add_layer(base_entries()[:6])], "linux/arm64/v8"),
    ]
    attestations = [layout.add_attestation(image) for image in images]
    return layout.tag(layout.add_index([*images, *attestations]), tag)


def large_image(layout: Layout, seed: int = 1, size: int = 96 << 20) -> str:
    """The location of an image that takes seconds to convert."""
    layer = layout.add_tar(tar_bytes([Entry("noise", noise(size, seed))]), "none")
    return layout.tag(layout.add_image([layer]), f"large-{seed}")
