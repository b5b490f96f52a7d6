"""Numbers as people read them."""

from __future__ import annotations

__all__ = ["clock_text", "counted", "duration_text", "in_unit", "ratio_text", "short_digest", "size_text"]


_UNITS = ("B", "kB", "MB", "GB", "TB")


def size_text(count: float) -> str:
    """Bytes in decimal units, as registries and `docker images` show them: `1.2 MB`."""
    power = 0
    while power < len(_UNITS) - 1 and count / 1000**power >= 999.95:
        power += 1
    return f"{in_unit(count, _UNITS[power])} {_UNITS[power]}"


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
