"""Numbers as people read them."""

from __future__ import annotations

import re

__all__ = ["clock_text", "counted", "duration_text", "in_unit", "parse_size", "ratio_text", "short_digest", "size_text"]


_UNITS = ("B", "kB", "MB", "GB", "TB")
_SIZE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([KMGT]I?)?B?\s*", re.IGNORECASE)
_FACTORS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "KI": 2**10, "MI": 2**20, "GI": 2**30, "TI": 2**40}


def size_text(count: float) -> str:
    """Bytes in decimal units, as registries and `docker images` show them: `1.2 MB`."""
    power = 0
    while power < len(_UNITS) - 1 and count / 1000**power >= 999.95:
        power += 1
    return f"{in_unit(count, _UNITS[power])} {_UNITS[power]}"


def parse_size(text: str) -> int:
    """Bytes from `1000MB`, `2GiB`, `1.5 kB` or `7`: MB = 10^6, MiB = 2^20.

    Raises:
        ValueError: saying what is wanted.
    """
    match = _SIZE.fullmatch(text)
    if not match:
        raise ValueError(f"want a size such as 1000MB or 2GiB, got {text!r}")
    return int(float(match[1]) * _FACTORS[(match[2] or "").upper()])


def in_unit(count: float, unit: str) -> str:
    """Bytes in a unit that was chosen before: `1.2`."""
    return f"{count:.0f}" if unit == "B" else f"{count / 1000 ** _UNITS.index(unit):.1f}"


def counted(count: int, noun: str) -> str:
    """`1 layer`, `2 layers`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def short_digest(text: str) -> str:
    """`sha256:` and the first twelve hex digits."""
    algorithm, colon, hexadecimal = text.partition(":")
    return f"{algorithm}{colon}{hexadecimal[:12]}"


def ratio_text(part: int, whole: int) -> str:
    """`92.3%`; empty when there is no whole."""
    return f"{part / whole:.1%}" if whole else ""


def duration_text(seconds: float) -> str:
    """`7.3 s`, `1:42` or `1:02:03`."""
    return f"{seconds:.1f} s" if seconds < 60 else clock_text(seconds)


def clock_text(seconds: float) -> str:
    """`0:07`, `1:42` or `1:02:03`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
