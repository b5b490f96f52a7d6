"""When a failed attempt is tried again, and which failures are worth it."""

from __future__ import annotations

import accel
from acceld.tasks.model import Failure

BASE = 5.0  # seconds before the second attempt
CEILING = 900.0  # seconds between attempts at most
RETRY_AFTER_CEILING = 3600.0  # a registry that asks for more is asked again after this


def delay(attempt: int, retry_after: float | None, chance: float) -> float:
    """Seconds to wait after attempt number `attempt` (from 1) failed.

    Doubles with each attempt; `chance` in [0, 1) spreads tasks that failed together over the upper half of the time.
    A registry's Retry-After is never undercut.
    """
    wait = min(CEILING, BASE * 2.0 ** min(attempt - 1, 30)) * (0.5 + chance / 2)
    if retry_after is None:
        return wait
    wanted = min(max(retry_after, 0.0), RETRY_AFTER_CEILING)
    return max(wait, wanted * (1 + chance / 10))


def failure_of(error: BaseException) -> Failure:
    """What the queue needs to know of an error. Only registries' errors can be worth another attempt."""
    if isinstance(error, MemoryError):
        return Failure("out of memory", status="memory")
    text = " ".join(str(error).split()) or type(error).__name__
    if not isinstance(error, accel.Error):
        text = f"{type(error).__name__}: {text}; this is a fault of acceld, please report it"
    if isinstance(error, accel.RegistryError):
        status = str(error.status) if error.status else type(error).__name__.lower()
        if not error.retryable:
            return Failure(text, status=status)
        # 0 says that the registry did not say.
        after = error.retry_after or None if isinstance(error, accel.RateLimited) else None
        return Failure(text, retryable=True, retry_after=after, status=status)
    return Failure(text, status=type(error).__name__.lower())
