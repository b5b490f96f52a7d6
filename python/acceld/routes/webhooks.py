"""What registries and people send: each body becomes tasks, which are on disk before the reply.

This is the one route that has to bear a thousand requests a second; `Shortcut` is for that.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from acceld.events import parse
from acceld.intake import take_in
from acceld.replies import CONVERT_FAILED, UNHEALTHY, Refusal, unauthorized
from acceld.routes.access import TheService
from acceld.service import Service
from acceld.tasks.model import ENDED, NewTask, SkippedEvent, State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

PATH = "/api/v1/conversions"

SYNC_POLL = 0.5  # seconds between looks at a task that a request waits for

# A body of so many bytes is read in a fraction of a millisecond: less than handing it to another thread costs.
_SMALL_BODY = 8 << 10

# How Go's strconv.ParseBool spells true: what the reference understands.
_TRUE = {"1", "t", "T", "true", "TRUE", "True"}

router = APIRouter()


@router.post(PATH, response_model=str)
async def create(request: Request, service: TheService, sync: str = "", registry: str = "") -> Response:
    """Takes a webhook or a request for one image, whose task the header `Acceld-Task` of the reply names.

    `sync=true` waits for the end of the tasks. `registry` is the registry's host, for senders that do not name it.
    """
    with service.tracing.request(f"POST {PATH}", request.headers) as context:
        return await _create(request, service, sync in _TRUE, registry, context)


async def _create(
    request: Request, service: Service, sync: bool, registry: str, context: Mapping[str, str]
) -> Response:
    """`context` goes into the arguments of the tasks."""
    body = await request.body()
    header = request.headers.get("authorization", "")
    arguments = (service, body, dict(request.headers), registry, header)
    small = len(body) <= _SMALL_BODY
    tasks, skipped = _read(*arguments) if small else await run_in_threadpool(_read, *arguments)
    if context:
        tasks = [replace(task, arguments={**task.arguments, **context}) for task in tasks]
    headers = {}
    if tasks or skipped:
        tickets = await asyncio.wrap_future(service.group.put(tasks, skipped))
        if len(tickets) == 1:
            headers["Acceld-Task"] = tickets[0].task_id
        if sync:
            for ticket in tickets:
                await _wait(request, service, ticket.task_id)
    return JSONResponse("Ok", headers=headers)


class Shortcut:
    """ASGI middleware: takes webhooks to `create` itself. FastAPI's way there costs as much as all the rest."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        scope["route"] = router.routes[0]
        request = Request(scope, receive)
        query = request.query_params
        reply = await create(request, self._service, query.get("sync", ""), query.get("registry", ""))
        await reply(scope, receive, send)


def _read(
    service: Service, body: bytes, headers: dict[str, str], registry: str, header: str
) -> tuple[list[NewTask], list[SkippedEvent]]:
    events = parse(body, headers, registry)
    hosts = {event.reference.host for event in events}
    allowed = service.guard.may_push(hosts, header) if hosts else service.guard.may_send(header)
    if not allowed:
        raise unauthorized()
    admitted = [take_in(event, service.config, service.rules) for event in events]
    return (
        [new for new in admitted if isinstance(new, NewTask)],
        [event for event in admitted if isinstance(event, SkippedEvent)],
    )


async def _wait(request: Request, service: Service, task_id: str) -> None:
    """Returns when the task is done; a client that goes away ends the waiting, not the task."""
    while True:
        task = await run_in_threadpool(service.history.get, task_id)
        if task.state is State.DONE:
            return
        if task.state in ENDED:
            raise Refusal(500, CONVERT_FAILED, task.error)
        if service.draining.is_set():
            raise Refusal(503, UNHEALTHY, f"the daemon is about to end; task {task_id} goes on elsewhere or later")
        if await request.is_disconnected():
            return
        await asyncio.sleep(SYNC_POLL)
