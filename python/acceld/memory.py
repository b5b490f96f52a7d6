"""What the daemon holds of the system's memory, and keeps from growing."""

from __future__ import annotations

import ctypes

_M_ARENA_MAX = -8  # malloc.h of glibc


def share_heap() -> bool:
    """Makes all threads of this process take memory from one heap; to be called before there are others.

    glibc gives threads heaps of their own, and what is freed in one is of no use to another. SQLite's pages come and
    go in whichever thread asks the database: with 60,000 tasks 12 MiB lay unused, with one heap 1 to 7 MiB.

    Returns:
        False where the C library knows no such setting, as musl, which has one heap anyway.
    """
    try:
        return bool(ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1))
    except AttributeError:
        return False
