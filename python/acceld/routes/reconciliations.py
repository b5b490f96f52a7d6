"""Reconciliations: asking for one, and those there were. One of them is a task: the routes of tasks are for it too."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from acceld.errors import PayloadError
from acceld.reconcile.job import new_task
from acceld.reconcile.pattern import EVERYTHING, Pattern
from acceld.reconcile.report import Report
from acceld.routes.access import Changer, Reader, TheService
from acceld.routes.conversions import details
from acceld.tasks.history import Filter
from acceld.tasks.model import SERVICE_LANE

router = APIRouter(prefix="/api/v1/reconciliations", dependencies=[Reader])


class Wanted(BaseModel):
    """What to look for. `pattern` is `[HOST/]REPOSITORY[:TAG]` with globs; with `dry_run` nothing is queued."""

    model_config = ConfigDict(extra="forbid", strict=True)

    pattern: str = EVERYTHING
    dry_run: bool = False


@router.post("", status_code=202, dependencies=[Changer])
def create(service: TheService, wanted: Wanted) -> dict[str, Any]:
    """Asks for a reconciliation; the reply is its task, which is another's when the same one waits already."""
    pattern = Pattern.parse(wanted.pattern)
    configured = service.config.provider.source
    if not pattern.hosts(configured):
        known = ", ".join(configured) or "none"
        raise PayloadError(f"no registry of provider.source fits {pattern.text!r}; there are: {known}")
    ticket = service.queue.put([new_task(pattern, dry_run=wanted.dry_run)])[0]
    return details(service.history.get(ticket.task_id))


@router.get("")
def index(service: TheService) -> list[dict[str, Any]]:
    """The last hundred, newest first, each with the counts of its report in `result`."""
    tasks = service.history.page(Filter(lane=SERVICE_LANE)).tasks
    return [{**details(task), "result": Report.without_lists(task.result)} for task in tasks]
