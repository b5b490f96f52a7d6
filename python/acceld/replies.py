"""Errors as replies: `{"code": …, "message": …}`. Spec: service.md section 8."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fastapi.responses import JSONResponse, Response

import accel
from acceld.errors import PayloadError, QueueError, QueueUnavailable, TaskNotFound, TaskSkipped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import Request

ILLEGAL_PARAMETER = "ERR_ILLEGAL_PARAMETER"
UNAUTHORIZED = "ERR_UNAUTHORIZED"
CONVERT_FAILED = "ERR_CONVERT_FAILED"
UNHEALTHY = "ERR_UNHEALTHY"
INVALID_ENDPOINT = "ERR_INVALID_ENDPOINT"


class Refusal(Exception):  # noqa: N818 - an answer rather than a fault of ours
    """Ends a request with a status and an error body."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.headers = status, code, headers

    def reply(self) -> JSONResponse:
        """The reply."""
        return JSONResponse({"code": self.code, "message": str(self)}, self.status, dict(self.headers or {}))


def tagged(request: Request, response: Response) -> Response:
    """The response with an ETag of its body; 304 without one when that is what the client has already."""
    body = bytes(response.body)
    response.headers["ETag"] = tag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
    known = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    if tag not in known and "*" not in known:
        return response
    kept = {name: value for name, value in response.headers.items() if name not in {"content-length", "content-type"}}
    return Response(status_code=304, headers=kept)


def document(request: Request, value: Any, headers: Mapping[str, str] | None = None) -> Response:
    """JSON that clients ask for again and again: what has not changed is not sent again."""
    return tagged(request, JSONResponse(value, headers={"Cache-Control": "private, no-cache", **(headers or {})}))


def time_text(seconds: float) -> str:
    """A time in seconds since 1970 as RFC 3339, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def unauthorized() -> Refusal:
    """The reference's words for a wrong or missing Authorization header."""
    return Refusal(401, UNAUTHORIZED, "invalid auth config")


_STATUS: tuple[tuple[tuple[type[Exception], ...], int], ...] = (
    ((TaskNotFound,), 404),
    ((TaskSkipped,), 409),
    ((PayloadError, accel.ConfigError, accel.InvalidReference), 400),
)


def refusal_for(error: Exception) -> Refusal:
    """What an error of ours is answered with."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, QueueError) and not isinstance(error, accel.ConfigError):
        # A full disk, say, for which room can be made. What the database is called is for the log, not for senders.
        later = "1" if isinstance(error, QueueUnavailable) else "10"
        message = "the task database does not answer; try again"
        return Refusal(503, UNHEALTHY, message, {"Retry-After": later})
    for kinds, status in _STATUS:
        if isinstance(error, kinds):
            return Refusal(status, ILLEGAL_PARAMETER, str(error))
    return Refusal(500, UNHEALTHY, "internal error; the daemon's log has it")
