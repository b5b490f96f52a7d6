"""What one client may cost: size and time of a body, requests a second. Counts every request on its way out."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

from acceld.replies import ILLEGAL_PARAMETER, Refusal, refusal_for

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from acceld.service import Service

MAX_ADDRESSES = 10_000  # whose rate is remembered; the one that was silent longest is forgotten first
MAX_HEADERS = 16 << 10  # bytes of all headers together

_log = logging.getLogger("acceld")


class Rate:
    """A bucket of tokens for each address: `rate` a second, as many at once."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._burst = max(rate, 1.0)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, address: str, now: float) -> float:
        """Seconds until this address may ask again; 0 when it may now."""
        level, since = self._buckets.pop(address, (self._burst, now))
        level = min(self._burst, level + (now - since) * self.rate)
        allowed = level >= 1
        self._buckets[address] = (level - 1 if allowed else level, now)
        while len(self._buckets) > MAX_ADDRESSES:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - level) / self.rate


class Limits:
    """ASGI middleware around the whole app."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self.service = service
        self._rate: Rate | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.monotonic()
        received = sent = status = 0

        async def count(message: Message) -> None:
            nonlocal sent, status
            status = message.get("status", status)
            sent += len(message.get("body", b""))
            await send(message)

        try:
            self._admit(scope)
            body = await self._body(receive)
            received = len(body)
            await self._app(scope, _Replay(body, receive), count)
        except Exception as error:
            refusal = refusal_for(error)
            if refusal.status == 500 and not isinstance(error, Refusal):  # an answer is no fault of ours
                _log.exception("%s %s failed", scope["method"], scope["path"])
            if status:  # the reply has begun
                raise
            await refusal.reply()(scope, receive, count)
        finally:
            labels = (str(status), _method(scope), "", getattr(scope.get("route"), "path", "other"))
            self.service.metrics.observe(labels, time.monotonic() - start, received, sent)

    def _admit(self, scope: Scope) -> None:
        if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEADERS:
            raise Refusal(431, ILLEGAL_PARAMETER, f"the headers have more than {MAX_HEADERS} bytes")
        limit = self.service.config.server.rate
        if limit != (self._rate and self._rate.rate):
            self._rate = Rate(limit) if limit else None
        if self._rate:
            address = (scope.get("client") or ("",))[0]
            if wait := self._rate.wait(address, time.monotonic()):
                headers = {"Retry-After": str(int(wait) + 1)}
                raise Refusal(429, ILLEGAL_PARAMETER, "too many requests from this address", headers)
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit() and int(value) > self.service.config.server.max_body:
                raise self._too_large()

    async def _body(self, receive: Receive) -> bytes:
        body = bytearray()
        server = self.service.config.server
        try:
            async with asyncio.timeout(server.body_timeout):
                more = True
                while more:
                    message = await receive()
                    if message["type"] != "http.request":
                        raise Refusal(400, ILLEGAL_PARAMETER, "the client went away in the middle of the body")
                    body += message.get("body", b"")
                    if len(body) > server.max_body:
                        raise self._too_large()
                    more = message.get("more_body", False)
        except TimeoutError:
            text = f"the body took more than {server.body_timeout:g} s"
            raise Refusal(408, ILLEGAL_PARAMETER, text, {"Connection": "close"}) from None
        return bytes(body)

    def _too_large(self) -> Refusal:
        message = f"the body has more than {self.service.config.server.max_body} bytes (server.max_body)"
        return Refusal(413, ILLEGAL_PARAMETER, message, {"Connection": "close"})


class _Replay:
    """Gives the app the body that was read, then what the client does next."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


def _method(scope: Scope) -> str:
    """The method, one of few: clients must not make metrics grow."""
    method: str = scope["method"]
    return method if method in {"GET", "POST", "DELETE", "HEAD"} else "other"
