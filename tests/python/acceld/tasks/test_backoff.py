"""Waiting times between attempts, and which errors are worth one."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

import accel
from acceld.tasks import backoff
from acceld.tasks.model import Failure


def test_waiting_doubles_up_to_the_ceiling() -> None:
    waits = [backoff.delay(attempt, None, 0.0) for attempt in range(1, 60)]
    assert waits[:4] == [2.5, 5, 10, 20]
    assert all(later in (earlier * 2, backoff.CEILING / 2) for earlier, later in pairwise(waits))


@pytest.mark.parametrize("attempt", [1, 5, 1000])
def test_jitter_stays_in_the_upper_half(attempt: int) -> None:
    low, high = (backoff.delay(attempt, None, chance) for chance in (0.0, 0.999999))
    assert low < high < 2 * low
    assert high <= backoff.CEILING


@pytest.mark.parametrize(("asked", "low", "high"), [(60, 60, 66), (0, 2.5, 5), (-5, 2.5, 5), (1e9, 3600, 3960)])
def test_retry_after_is_never_undercut_and_never_endless(asked: float, low: float, high: float) -> None:
    for chance in (0.0, 0.5, 0.999):
        assert low <= backoff.delay(1, asked, chance) <= high


@pytest.mark.parametrize(
    "error",
    [
        accel.ConfigError("no such driver"),
        accel.FormatError("bad footer"),
        accel.DigestMismatch("other bytes"),
        accel.Unauthorized("401"),
        accel.NotFound("404"),
        ValueError(""),
        MemoryError(),
    ],
)
def test_what_cannot_pass_is_not_tried_again(error: Exception) -> None:
    failure = backoff.failure_of(error)
    assert not failure.retryable
    assert failure.retry_after is None
    assert failure.message
    assert failure.status


@pytest.mark.parametrize(
    ("kind", "fields", "retry_after", "status"),
    [
        (accel.RegistryError, {"status": 503}, None, "503"),
        (accel.RateLimited, {"status": 429, "retry_after": 30.0}, 30.0, "429"),
        (accel.RateLimited, {"status": 429, "retry_after": 0.0}, None, "429"),
        (accel.Unreachable, {"status": 0}, None, "unreachable"),
    ],
)
def test_registries_that_may_come_back_are_tried_again(
    kind: type[accel.RegistryError], fields: dict[str, Any], retry_after: float | None, status: str
) -> None:
    error = kind("pull h.io/a:\nno answer")
    vars(error).update({f"_{name}": value for name, value in {"retryable": True, **fields}.items()})
    failure = backoff.failure_of(error)
    assert failure == Failure("pull h.io/a: no answer", retryable=True, retry_after=retry_after, status=status)


def test_a_fault_of_ours_says_so() -> None:
    assert backoff.failure_of(KeyError("x")).message == "KeyError: 'x'; this is a fault of acceld, please report it"


def test_retry_after_counts_only_where_waiting_can_help() -> None:
    error = accel.RateLimited("wait")
    vars(error).update({"_retryable": False, "_retry_after": 30.0, "_status": 429})
    assert backoff.failure_of(error).retry_after is None
