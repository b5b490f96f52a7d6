"""The HTTP API as an ASGI app. docs/http-api.md describes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError

import accel
from acceld.limits import Limits
from acceld.replies import ILLEGAL_PARAMETER, INVALID_ENDPOINT, Refusal, refusal_for
from acceld.routes import conversions, health, metrics, page, reconciliations, statistics, webhooks
from acceld.service import Service

if TYPE_CHECKING:
    import threading

    from fastapi import Request
    from starlette.responses import Response

    from acceld.tasks.db import Database
    from acceld.tasks.group import GroupCommit
    from acceld.tasks.history import History
    from acceld.tasks.queue import Queue
    from acceld.tracing import Tracing


def make_app(
    config: accel.Config,
    *,
    database: Database,
    queue: Queue,
    group: GroupCommit,
    history: History,
    draining: threading.Event | None = None,
    tracing: Tracing | None = None,
) -> Limits:
    """The app of one daemon; everything it uses stays the caller's.

    Args:
        config: The configuration.
        database: Where the tasks are.
        queue: Its queue.
        group: What webhooks are put in by.
        history: What is shown.
        draining: Set by the caller when the daemon is about to end: then it is not ready.
        tracing: Where spans of requests go; nowhere by default.
    """
    service = Service(config, database, queue, group, history)
    if draining is not None:
        service.draining = draining
    if tracing is not None:
        service.tracing = tracing
    app = FastAPI(title="Acceleration Service", version=accel.__version__, docs_url=None, redoc_url=None)
    app.state.service = service
    routers = [
        webhooks.router,
        conversions.router,
        reconciliations.router,
        statistics.router,
        health.router,
        page.router,
    ]
    if config.metric.enabled:
        routers.append(metrics.router)
    for router in routers:
        app.include_router(router)
    app.add_exception_handler(404, _no_endpoint)
    app.add_exception_handler(405, _no_endpoint)
    app.add_exception_handler(RequestValidationError, _bad_parameter)
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(accel.Error, _refused)
    return Limits(webhooks.Shortcut(app, service), service)


def _no_endpoint(request: Request, error: Exception) -> Response:  # noqa: ARG001 - the framework's interface
    return Refusal(404, INVALID_ENDPOINT, f"there is no {request.method} {request.url.path}").reply()


def _bad_parameter(request: Request, error: Exception) -> Response:  # noqa: ARG001 - as above
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    texts = [f"{fault['loc'][-1]}: {fault['msg']}" for fault in faults]
    return Refusal(400, ILLEGAL_PARAMETER, "; ".join(texts)).reply()


def _refused(request: Request, error: Exception) -> Response:  # noqa: ARG001 - as above
    return refusal_for(error).reply()
