"""containerd runs what we write without pulling it: stargz-snapshotter mounts the layers and fetches what is read."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tarfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

import accel
from tests.interop.layers import entries
from tests.python.support.images import noise
from tests.python.support.layout import Entry, Layout, directory, hardlink, opaque, symlink, whiteout

if TYPE_CHECKING:
    from tests.interop.containerd import Containerd
    from tests.support.registry import Registry

CAPABILITY = bytes.fromhex("0100000200040000000000000000000000000000")  # cap_net_bind_service=ep, revision 2

FORMATS = [
    pytest.param("estargz", {}, id="estargz"),
    pytest.param("estargz", {"prioritized_files": "etc/one\nbin/text"}, id="estargz-prioritized"),
    pytest.param("estargz", {"compression": "zstdchunked"}, id="estargz-zstd"),
    pytest.param("estargz", {"external_toc": True}, id="estargz-external-toc"),
    pytest.param("estargz", {"external_toc": True, "keep_diff_id": True}, id="estargz-keep-diff-id"),
    pytest.param("zstdchunked", {}, id="zstdchunked"),
    pytest.param("zstdchunked", {"dialect": "joint"}, id="zstdchunked-joint"),
]


def upper_entries() -> list[Entry]:
    """What an overlay has to get right between layers."""
    return [
        whiteout("etc/one"),
        directory("etc/"),
        directory("bin/", mode=0o711),
        directory("long/", mode=0o700),
        opaque("long"),
        Entry("long/new", noise(70_000, 5)),
        Entry("bin/capable", b"#!", mode=0o755, xattrs={"security.capability": CAPABILITY}),
        hardlink("bin/capable-too", "bin/capable"),
        Entry("bin/text", b"replaced", mode=0o755),
        symlink("etc/empty", "exact"),
    ]


def as_built(entries: list[Entry]) -> list[Entry]:
    """As builders write layers: all directories have entries, hardlinks the attributes of their files.

    Of others, unpacking and mounting make different things, whoever made the layer.
    """
    known: dict[str, Entry] = {}
    for entry in entries:
        name = entry.name.rstrip("/")
        for parent in [name[:at] for at, letter in enumerate(name) if letter == "/"]:
            known.setdefault(parent, directory(f"{parent}/"))
        known[name] = entry
        if entry.type == tarfile.LNKTYPE:
            file = known[entry.link]
            known[name] = replace(entry, mode=file.mode, uid=file.uid, gid=file.gid, xattrs=file.xattrs)
    return list(known.values())


class Published(NamedTuple):
    """An image in the registry."""

    reference: str
    layers: list[str]  # digests
    chain_id: str  # what containerd calls the snapshot of all layers


def published(reference: str) -> Published:
    image = accel.open(reference)
    chain = ""
    for diff_id in image.config["rootfs"]["diff_ids"]:
        chain = diff_id if not chain else "sha256:" + hashlib.sha256(f"{chain} {diff_id}".encode()).hexdigest()
    return Published(reference, [layer.digest for layer in image.layers], chain)


@dataclass(frozen=True)
class Stage:
    """An ordinary image in a registry, and the tree that containerd makes of it by pulling and unpacking it."""

    registry: Registry
    containerd: Containerd
    source: Published
    unpacked: dict[str, dict[str, Any]]

    def convert(self, name: str, driver: str, options: dict[str, Any]) -> Published:
        """The source in another format."""
        reference = self.registry.reference(f"lazy/{name}:1")
        accel.convert(self.source.reference, reference, driver=driver, options=options)
        return published(reference)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, registry: Registry, lazy_containerd: Containerd) -> Stage:
    layout = Layout(tmp_path_factory.mktemp("source"))
    layers = [layout.add_layer(as_built(layer)) for layer in (entries(), upper_entries(), [])]
    reference = registry.reference("lazy/source:1")
    accel.copy(layout.tag(layout.add_image(layers), "app"), reference)
    source = published(reference)
    with lazy_containerd.pulled(reference), lazy_containerd.mounted(source.chain_id, "overlayfs") as root:
        return Stage(registry, lazy_containerd, source, tree(root))


def tree(root: Path) -> dict[str, dict[str, Any]]:
    """Every path below a root with all that the kernel says about it."""
    found: dict[str, dict[str, Any]] = {}
    inodes: dict[tuple[int, int], list[str]] = {}
    for folder, folders, files in os.walk(root):
        for path in [Path(folder, name) for name in folders + files]:
            status = path.lstat()
            name = str(path.relative_to(root))
            # Directories have sizes and numbers of links of the file system's own making.
            seen: dict[str, Any] = {"mode": oct(status.st_mode), "owner": (status.st_uid, status.st_gid)}
            seen["mtime"] = int(status.st_mtime)  # both TOCs hold whole seconds
            seen["xattrs"] = {key: os.getxattr(path, key, follow_symlinks=False) for key in xattrs(path)}
            if stat.S_ISREG(status.st_mode):
                with path.open("rb") as content:
                    seen["sha256"] = hashlib.file_digest(content, "sha256").hexdigest()
                seen["size"] = status.st_size
                inodes.setdefault((status.st_dev, status.st_ino), []).append(name)
            elif stat.S_ISLNK(status.st_mode):
                seen["link"] = str(path.readlink())
            elif stat.S_ISCHR(status.st_mode):
                seen["device"] = status.st_rdev
            found[name] = seen
    for names in inodes.values():
        for name in names:
            found[name]["same file as"] = sorted(names)
    return found


def differences(found: dict[str, dict[str, Any]], wanted: dict[str, dict[str, Any]]) -> list[str]:
    """One line a path that is not the same in both trees."""
    every = sorted({*found, *wanted})
    return [f"{p}: {found.get(p)} instead of {wanted.get(p)}" for p in every if found.get(p) != wanted.get(p)]


def xattrs(path: Path) -> list[str]:
    return os.listxattr(path, follow_symlinks=False)


def fetched(registry: Registry, image: Published) -> int:
    """Bytes of an image's layers that the registry has sent to the snapshotter."""
    repository = image.reference.removeprefix(f"{registry.host}/").removesuffix(":1")
    sent = re.findall(rf'"GET /v2/{repository}/blobs/(\S+) HTTP/1.1" 20[06] (\d+) "" "Go-http-client', registry.log())
    return sum(int(size) for digest, size in sent if digest in image.layers)


@pytest.mark.parametrize(("driver", "options"), FORMATS)
def test_containerd_mounts_the_tree_it_would_have_unpacked(
    request: pytest.FixtureRequest, stage: Stage, driver: str, options: dict[str, Any]
) -> None:
    image = stage.convert(request.node.callspec.id, driver, options)
    assert stage.containerd.lazily_mounted_layers() == 0
    with stage.containerd.pulled_lazily(image.reference):
        assert stage.containerd.lazily_mounted_layers() == len(image.layers)
        assert not any(stage.containerd.stored(layer) for layer in image.layers), "layers were pulled, not mounted"
        assert 0 < fetched(stage.registry, image) < 200_000, "a layer was fetched before anything was read"
        with stage.containerd.mounted(image.chain_id, "stargz") as root:
            assert differences(tree(root), stage.unpacked) == []


def test_containerd_refuses_a_chunk_that_is_not_what_we_wrote(stage: Stage) -> None:
    image = stage.convert("damaged", "estargz", {})
    digest = image.layers[0].removeprefix("sha256:")
    blob = stage.registry.folder / "storage/docker/registry/v2/blobs/sha256" / digest[:2] / digest / "data"
    damaged = bytearray(blob.read_bytes())
    damaged[2_000_000] ^= 1  # in the first nine megabytes, all of bin/large
    blob.write_bytes(damaged)
    with (
        stage.containerd.pulled_lazily(image.reference),
        stage.containerd.mounted(image.chain_id, "stargz") as root,
    ):
        assert (root / "etc/exact").read_bytes()
        with pytest.raises(OSError, match="Input/output error"):
            (root / "bin/large").read_bytes()
