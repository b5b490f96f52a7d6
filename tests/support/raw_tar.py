"""Tars block by block, so that they can be wrong in ways no tar library writes."""

from __future__ import annotations

BLOCK = 512


def header(
    name: bytes, size: int | bytes = 0, kind: bytes = b"0", link: bytes = b"", checksum: int | None = None
) -> bytes:
    """A ustar header. `size` as bytes is the raw field of twelve; `checksum` replaces the right one."""
    field = size if isinstance(size, bytes) else b"%011o\0" % size
    assert len(field) == 12
    assert len(name) <= 100
    assert len(link) <= 100
    before = name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + field + b"14371573400\0"
    after = kind + link.ljust(100, b"\0") + b"ustar\00000" + bytes(64) + b"0000000\0" * 2
    total = checksum if checksum is not None else sum(before) + 8 * ord(" ") + sum(after)
    return (before + b"%06o\0 " % total + after).ljust(BLOCK, b"\0")


def file(name: bytes, content: bytes = b"content") -> bytes:
    """An entry with its content."""
    return header(name, len(content)) + content + bytes(-len(content) % BLOCK)


def base256(number: int) -> bytes:
    """A number in GNU's binary form, for the twelve bytes of a size."""
    field = bytearray(number.to_bytes(12, "big", signed=True))
    field[0] |= 0x80
    return bytes(field)


def archive(*parts: bytes) -> bytes:
    """Entries and the end of the archive."""
    return b"".join(parts) + bytes(2 * BLOCK)
