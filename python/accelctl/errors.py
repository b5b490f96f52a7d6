"""Errors as one line."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class UsageFailure(Exception):  # noqa: N818 - it carries an error rather than being one
    """A fault found before any work began: exit status 2."""


@contextlib.contextmanager
def settling() -> Iterator[None]:
    """Around what is settled before any work begins: every error in it is one of usage or configuration."""
    import accel  # noqa: PLC0415 - --help must not wait for it

    try:
        yield
    except accel.Error as error:
        raise UsageFailure(str(error)) from error


def one_line(error: object) -> str:
    """The text of an error on one line, with the kind when it is none of ours."""
    text = _visible(" ".join(str(error).split())) or "unknown"
    if isinstance(error, MemoryError):
        return "out of memory; try fewer --jobs"
    ours = isinstance(error, (str, UsageFailure)) or type(error).__module__.startswith("accel")
    return text if ours else f"{type(error).__name__}: {text}; --debug shows where"


def _visible(text: str) -> str:
    """`text` with escapes for what a terminal would act upon and for bytes that are no UTF-8: names can be hostile."""
    return "".join(character if character.isprintable() else _escape(character) for character in text)


def _escape(character: str) -> str:
    code = ord(character)
    undecodable = 0xDC80 <= code <= 0xDCFF  # how Python keeps a byte that is no UTF-8
    return f"\\x{code - 0xDC00:02x}" if undecodable else character.encode("unicode_escape").decode("ascii")
