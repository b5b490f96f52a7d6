"""What routes ask for: the service, and the right to read."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from acceld.replies import unauthorized
from acceld.service import Service


def service_of(request: Request) -> Service:
    """The service of the app that got the request."""
    service: Service = request.app.state.service
    return service


TheService = Annotated[Service, Depends(service_of)]


def _reader(request: Request, service: TheService) -> None:
    if not service.guard.may_read(request.headers.get("authorization", "")):
        raise unauthorized()


Reader = Depends(_reader)


def _changer(request: Request, service: TheService) -> None:
    if not service.guard.may_push((), request.headers.get("authorization", "")):
        raise unauthorized()


Changer = Depends(_changer)
