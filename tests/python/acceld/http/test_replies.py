"""What errors are answered with."""

from __future__ import annotations

import pytest

import accel
from acceld.errors import PayloadError, QueueError, QueueUnavailable, TaskNotFound, TaskSkipped
from acceld.replies import ILLEGAL_PARAMETER, UNAUTHORIZED, UNHEALTHY, refusal_for, unauthorized


@pytest.mark.parametrize(
    ("error", "status", "code", "comes_again"),
    [
        (unauthorized(), 401, UNAUTHORIZED, False),
        (TaskNotFound("there is no task x"), 404, ILLEGAL_PARAMETER, False),
        (TaskSkipped("h.io/app:1 was skipped"), 409, ILLEGAL_PARAMETER, False),
        (PayloadError("no JSON"), 400, ILLEGAL_PARAMETER, False),
        (accel.ConfigError("no profile"), 400, ILLEGAL_PARAMETER, False),
        (QueueUnavailable("locked"), 503, UNHEALTHY, True),
        (QueueError("the task database cannot be used: database or disk is full"), 503, UNHEALTHY, True),
        (RuntimeError("secret"), 500, UNHEALTHY, False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_each_error_has_its_status(error: Exception, status: int, code: str, *, comes_again: bool) -> None:
    refusal = refusal_for(error)
    assert (refusal.status, refusal.code, "Retry-After" in (refusal.headers or {})) == (status, code, comes_again)
    assert "secret" not in str(refusal)
