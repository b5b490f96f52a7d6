"""Numbers as people read them."""

from __future__ import annotations

__all__ = ["duration_text", "ratio_text", "short_digest", "size_text"]


def size_text(count: float) -> str:
    """Bytes in decimal units, as registries and `docker images` show them: `1.2 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.95:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def short_digest(text: str) -> str:
    """`sha256:` and the first twelve hex digits."""
    algorithm, colon, hexadecimal = text.partition(":")
    return f"{algorithm}{colon}{hexadecimal[:12]}"


def ratio_text(part: int, whole: int) -> str:
    """`92.3%`; empty when there is no whole."""
    return f"{part / whole:.1%}" if whole else ""


def duration_text(seconds: float) -> str:
    """`7.3 s`, `1:42` or `1:02:03`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
