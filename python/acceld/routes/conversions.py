"""Tasks: the list, one, its log and progress, cancel and retry."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from acceld.replies import document, time_text
from acceld.routes.access import Changer, Reader, TheService
from acceld.tasks.history import MAX_PAGE_SIZE, PAGE_SIZE, Filter
from acceld.tasks.model import ENDED, State, Task

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from acceld.service import Service

EVENTS_POLL = 0.5  # seconds between looks at a task that is watched

# What Go prints for no time at all: clients of the reference expect it in tasks that run.
_NO_TIME = "0001-01-01T00:00:00Z"

_STATUS = {
    State.QUEUED: "PROCESSING",
    State.RUNNING: "PROCESSING",
    State.DONE: "COMPLETED",
    State.FAILED: "FAILED",
    State.CANCELLED: "FAILED",
    State.SKIPPED: "COMPLETED",
}

router = APIRouter(prefix="/api/v1/conversions", dependencies=[Reader])


def summary(task: Task) -> dict[str, Any]:
    """A task in the reference's fields, then what else lists of tasks show."""
    return {
        "id": task.id,
        "created": _time(task.created),
        "finished": _time(task.finished),
        "source": task.source,
        "source_size": task.result.get("source_size", 0),
        "target_size": task.result.get("target_size", 0),
        "status": _STATUS[task.state],
        "reason": task.error,
        "state": task.state.value,
        "kind": task.kind,
        "registry": task.lane,
        "profile": task.profile,
        "drivers": [target["driver"] for target in task.result.get("targets", ())],
        "attempt": task.attempt,
        "started": _time(task.started),
        "progress": {name: value for name, value in task.progress.items() if name != "layers"},
    }


def details(task: Task) -> dict[str, Any]:
    """Everything about a task that is for people."""
    return summary(task) | {
        "digest": task.digest,
        "priority": task.priority,
        "max_attempts": task.max_attempts,
        "worker": task.worker,
        "due": _time(task.due),
        "cancel_requested": task.cancel_requested,
        "progress": dict(task.progress),
        "result": dict(task.result),
    }


def _time(seconds: float | None) -> str:
    return _NO_TIME if seconds is None else time_text(seconds)


@router.get("")
def index(
    service: TheService,
    request: Request,
    state: Annotated[list[State] | None, Query()] = None,
    registry: str = "",
    profile: str = "",
    source: str = "",
    before: Annotated[int | None, Query(ge=0, lt=1 << 63)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE_SIZE)] = PAGE_SIZE,
    *,
    all: bool = False,  # noqa: A002 - the parameter's name in the URL
) -> Response:
    """Tasks, newest first. When there are more, the header `Link` has the next page; `all` shows skipped events too."""
    states = state or (list(State) if all else ())
    page = service.history.page(Filter(states, registry, profile, source), before=before, size=limit)
    url = request.url.include_query_params(before=page.next)
    headers = {} if page.next is None else {"Link": f'<{url.path}?{url.query}>; rel="next"'}
    return document(request, [summary(task) for task in page.tasks], headers)


@router.get("/{task_id}")
def show(service: TheService, request: Request, task_id: str) -> Response:
    """One task."""
    found = details(service.history.get(task_id)) | {"askers": service.history.askers(task_id)}
    return document(request, found)


@router.delete("/{task_id}", dependencies=[Changer])
def cancel(service: TheService, task_id: str) -> dict[str, Any]:
    """Cancels a task; state `running` in the reply means that the worker has yet to stop."""
    service.queue.cancel(task_id)
    return details(service.history.get(task_id))


@router.post("/{task_id}/retry", dependencies=[Changer])
def retry(service: TheService, task_id: str) -> dict[str, Any]:
    """Queues an ended task again. The reply is the task that does the work, which may be another one."""
    return details(service.history.get(service.queue.retry(task_id)))


@router.get("/{task_id}/log")
def log(service: TheService, task_id: str, after: Annotated[int, Query(ge=0, lt=1 << 63)] = 0) -> list[dict[str, Any]]:
    """Lines of the task's log, oldest first; `after` is the number of the last one that is known."""
    service.history.get(task_id)
    lines = service.history.log(task_id, after=after)
    return [
        {"number": line.number, "at": _time(line.at), "level": line.level, "message": line.message} for line in lines
    ]


@router.get("/{task_id}/events", response_class=StreamingResponse)
async def events(service: TheService, task_id: str) -> StreamingResponse:
    """Server-sent events `task`: the task now, after each change, and at its end; then the stream ends."""
    first = await run_in_threadpool(service.history.get, task_id)
    return StreamingResponse(
        _changes(service, first), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
    )


async def _changes(service: Service, task: Task) -> AsyncIterator[str]:
    shown = ""
    idle = 0.0
    while True:
        text = json.dumps(details(task))
        idle = 0.0 if text != shown else idle + EVENTS_POLL
        if text != shown:
            shown = text
            yield f"event: task\ndata: {text}\n\n"
        elif idle >= 15:  # proxies close streams on which nothing comes
            idle = 0.0
            yield ": still here\n\n"
        if task.state in ENDED or service.draining.is_set():
            return
        await asyncio.sleep(EVENTS_POLL)
        task = await run_in_threadpool(service.history.get, task.id)
