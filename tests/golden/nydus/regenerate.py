#!/usr/bin/env python3
"""Puts the golden files together from the tables of the specifications (see README.md). Needs Python alone."""

from __future__ import annotations

import hashlib
import io
import struct
import tarfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent

CONTENT = b"hello world\n"
TARGET = b"etc/hello.txt"
MTIME = 1700000000
DIGEST = hashlib.sha256(CONTENT).digest()
CRC = 0xF0FF7292  # CRC-32C of the content
CHUNK_SIZE = 0x100000
MODES = {"/": 0o40755, "etc": 0o40755, "link": 0o120777, "hello.txt": 0o100644}
UNKNOWN_ID = "x" * 64  # of the blob that a bootstrap lies in


class Image:
    """Bytes written at offsets; what nobody wrote is zero."""

    def __init__(self, size: int) -> None:
        self.bytes = bytearray(size)

    def put(self, offset: int, layout: str, *values: int | bytes) -> None:
        struct.pack_into("<" + layout, self.bytes, offset, *values)

    def text(self, offset: int, text: bytes) -> None:
        self.bytes[offset : offset + len(text)] = text


def section(name: bytes, content: bytes) -> bytes:
    """A section and the tar header behind it (nydus-blob.md 3.2)."""
    header = Image(512)
    header.text(0, name)
    header.text(124, b"%011o" % len(content))
    header.text(136, b"0" * 11)
    header.text(148, b" " * 8)
    header.text(156, b"0")
    header.text(257, b"ustar  ")
    header.text(148, b"%07o\0" % sum(header.bytes))
    return content + bytes(header.bytes)


@dataclass(frozen=True)
class Blob:
    """What differs between the tables of the blob alone and of the layer with everything inside."""

    features: int
    compressed_size: int
    ci_offset: int = 0  # RAFS v6 only

    def ci(self) -> bytes:
        """Chunk information of one chunk, and its header (nydus-blob.md 8.2, 8.3)."""
        word = (len(CONTENT) - 1) << 44
        header = Image(4096)
        header.put(0, "IIII", 0xB10BB10B, self.features, 0, 1)
        header.put(16, "QQQ", self.ci_offset, 16, 16)
        header.put(4092, "I", 0xB10BB10B)
        return struct.pack("<QQ", word, word) + bytes(header.bytes)


def chunk() -> bytes:
    """The entry of the chunk in both versions (rafs-v6.md 13)."""
    return DIGEST + struct.pack("<IIIIQQQII", 0, 0x10, 12, 12, 0, 0, 0, 0, CRC)


def bootstrap_v6(blob_id: str, blob: Blob, more_flags: int) -> bytes:
    """rafs-v6.md 21."""
    image = Image(0x5000)
    image.put(0x400, "I", 0xE0F5E1E2)
    image.put(0x408, "IB", 0x40000000, 12)
    image.put(0x40E, "HQ", 128, 4)
    image.put(0x424, "II", 1, 2)
    image.put(0x450, "I", 0xC)
    image.put(0x456, "HH", 1, 11)
    image.put(0x480, "QQIIQQ", 0x01000019 | more_flags, 0x1000, 0x100, CHUNK_SIZE, 0x4000, 0x50)
    image.text(0x580, blob_id.encode())
    image.put(0x5C0, "II", 1, 128)

    image.text(0x1000, blob_id.encode())
    image.put(0x1044, "IIIIIQQ", CHUNK_SIZE, 1, 0, 1, blob.features, blob.compressed_size, 4096)
    image.put(0x1070, "QQQ", blob.ci_offset, 16, 16)

    def inode(at: int, layout: int, name: str, fields: tuple[int, ...]) -> None:
        size, place, number, links, mtime = fields
        image.put(at, "HHHHQIIIIQII", layout, 0, MODES[name], 0, size, place, number, 0, 0, mtime, 0, links)

    def entries(at: int, names: list[tuple[int, bytes, int]]) -> None:
        offset = 12 * len(names)
        for place, (nid, name, kind) in enumerate(names):
            image.put(at + 12 * place, "QHB", nid, offset, kind)
            image.text(at + offset, name)
            offset += len(name)

    inode(0x3000, 5, "/", (58, 3, 1, 3, 0))
    entries(0x3040, [(128, b".", 2), (128, b"..", 2), (135, b"etc", 2), (132, b"link", 7)])
    inode(0x3080, 5, "link", (13, 3, 3, 1, MTIME))
    image.text(0x30C0, TARGET)
    inode(0x30E0, 5, "etc", (48, 3, 2, 2, MTIME))
    entries(0x3120, [(135, b".", 2), (128, b"..", 2), (139, b"hello.txt", 1)])
    inode(0x3160, 9, "hello.txt", (12, 0x28, 4, 1, MTIME))
    image.put(0x31A0, "HHI", 0, 1, 0)
    image.text(0x4000, chunk())
    return bytes(image.bytes)


def bootstrap_v5(blob_id: str, blob: Blob) -> bytes:
    """rafs-v5.md 18."""
    image = Image(8992)
    image.put(0, "IIIIQQ", 0x52414653, 0x500, 8192, CHUNK_SIZE, 0x19, 4)
    image.put(32, "QQQIIIIQ", 8192, 8208, 8208, 4, 0, 72, 1, 8280)
    image.put(8192, "IIII", 8344 // 8, 8480 // 8, 8840 // 8, 8616 // 8)
    image.text(8216, blob_id.encode())
    image.put(8280, "IIQQ", 1, blob.features, 12, blob.compressed_size)

    def record(at: int, digest: bytes, name: str, fields: tuple[int, ...]) -> None:
        parent, number, size, blocks, flags, links, first_child, children, target_size, mtime = fields
        image.text(at, digest)
        image.put(at + 32, "QQ", parent, number)
        image.put(at + 60, "IQQQ", MODES[name], size, blocks, flags)
        image.put(at + 88, "IIIHH", links, first_child, children, len(name), target_size)
        image.put(at + 112, "Q", mtime)
        image.text(at + 128, name.encode())

    def sha256(*parts: bytes) -> bytes:
        return hashlib.sha256(b"".join(parts)).digest()

    file, link = sha256(DIGEST), sha256(TARGET)
    etc = sha256(file)
    record(8344, sha256(etc, link), "/", (0, 1, 4096, 8, 0, 3, 2, 2, 0, 0))
    record(8480, etc, "etc", (1, 2, 4096, 8, 0, 2, 4, 1, 0, MTIME))
    record(8616, file, "hello.txt", (2, 4, 12, 1, 0, 1, 0, 1, 0, MTIME))
    image.text(8760, chunk())
    record(8840, link, "link", (1, 3, 13, 1, 1, 1, 0, 0, 13, MTIME))
    image.text(8976, TARGET)
    return bytes(image.bytes)


def example_tar() -> bytes:
    """The tree of both examples."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, kind, mode, mtime, content, link in (
            ("./", tarfile.DIRTYPE, 0o755, 0, b"", ""),
            ("./etc/", tarfile.DIRTYPE, 0o755, MTIME, b"", ""),
            ("./etc/hello.txt", tarfile.REGTYPE, 0o644, MTIME, CONTENT, ""),
            ("./link", tarfile.SYMTYPE, 0o777, MTIME, b"", TARGET.decode()),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.mode, info.mtime, info.size, info.linkname = kind, mode, mtime, len(content), link
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def main() -> None:
    """Writes all files of this folder anew."""
    plain = Blob(features=0x40000001, compressed_size=12 + 16 + 4096, ci_offset=12)
    blob_v6 = CONTENT + plain.ci()
    data = section(b"image.blob", CONTENT)
    inlined = Blob(features=0x70000023, compressed_size=5692, ci_offset=len(data))
    layer_v6 = data + section(b"blob.meta", inlined.ci()) + section(b"blob.digest", DIGEST)
    assert len(layer_v6) == inlined.compressed_size
    layer_boot_v5 = bootstrap_v5(UNKNOWN_ID, Blob(features=0x50000002, compressed_size=len(data)))
    files = {
        "example.tar": example_tar(),
        "v6.blob": blob_v6,
        "v6.boot": bootstrap_v6(hashlib.sha256(blob_v6).hexdigest(), plain, 0),
        "v6.layer": layer_v6,
        "v6.layer.boot": bootstrap_v6(UNKNOWN_ID, inlined, 0x100),
        "v5.blob": CONTENT,
        "v5.boot": bootstrap_v5(DIGEST.hex(), Blob(features=0x40000000, compressed_size=len(CONTENT))),
        "v5.layer": data + section(b"image.boot", layer_boot_v5),
    }
    for name, content in files.items():
        (HERE / name).write_bytes(content)


if __name__ == "__main__":
    main()
