"""Asking for reconciliations, and looking at those there were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from acceld.reconcile.report import Report
from tests.python.acceld.http.test_routes import CLOSED, HOOK, URL, ask, code

if TYPE_CHECKING:
    from tests.python.acceld.http.conftest import Make

RUNS = "/api/v1/reconciliations"
SOURCES: dict[str, Any] = {"provider": {"source": {"h.io": {}, "other.io:5000": {}}}}
TOKEN = {"Authorization": "Bearer secret"}


def test_one_that_is_asked_for_is_a_task_that_the_routes_of_tasks_show(make: Make) -> None:
    parts = make(**SOURCES)
    reply = ask(parts, "POST", RUNS, json={"pattern": "h.io/team/**:v*", "dry_run": True})
    assert reply.status_code == 202
    task = reply.json()
    assert (task["source"], task["state"], task["result"]) == ("h.io/team/**:v*", "queued", {})
    assert ask(parts, "GET", f"{URL}/{task['id']}").json()["id"] == task["id"]
    assert [run["id"] for run in ask(parts, "GET", RUNS).json()] == [task["id"]]
    assert ask(parts, "GET", URL, params={"all": "true"}).json() == []
    again = ask(parts, "POST", RUNS, json={"pattern": "h.io/team/**:v*", "dry_run": True})
    assert again.json()["id"] == task["id"]
    assert ask(parts, "DELETE", f"{URL}/{task['id']}").json()["state"] == "cancelled"


def test_the_list_has_counts_and_the_task_the_whole_report(make: Make) -> None:
    parts = make(**SOURCES)
    ask(parts, "POST", RUNS, json={})
    claim = parts.queue.take("w")
    assert claim
    report = Report("**", dry_run=False)
    report.find("h.io/a:1", "missing", "there is no h.io/a:1-nydus")
    parts.queue.done(claim, report.to_dict())
    (run,) = ask(parts, "GET", RUNS).json()
    assert (run["result"]["missing"], "found" in run["result"]) == (1, False)
    assert len(ask(parts, "GET", f"{URL}/{claim.id}").json()["result"]["found"]) == 1


def test_everything_is_looked_at_where_nothing_is_said(make: Make) -> None:
    parts = make(**SOURCES)
    assert ask(parts, "POST", RUNS, json={}).json()["source"] == "**"
    claim = parts.queue.take("w")
    assert claim
    assert claim.task.arguments == {"pattern": "**", "dry_run": False}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {"pattern": "elsewhere.io/**"},
            "no registry of provider.source fits 'elsewhere.io/**'; there are: h.io, other",
        ),
        ({"pattern": "a b"}, "is no pattern"),
        ({"pattern": 1}, "pattern: "),
        ({"dry_run": "yes"}, "dry_run: "),
        ({"paterns": "x"}, "paterns: "),
        ([], ""),
    ],
)
def test_what_cannot_be_looked_for_is_refused(make: Make, body: object, message: str) -> None:
    reply = ask(make(**SOURCES), "POST", RUNS, json=body)
    assert code(reply) == (400, "ERR_ILLEGAL_PARAMETER")
    assert message in reply.json()["message"]


def test_it_wants_the_token_as_other_changes_do(make: Make) -> None:
    sources = {**CLOSED, "server": {"token": "secret"}}
    parts = make(**sources)
    for headers, status in (({}, 401), (HOOK, 401), (TOKEN, 202)):
        assert ask(parts, "POST", RUNS, json={}, headers=headers).status_code == status
    assert ask(parts, "GET", RUNS).status_code == 401
    assert ask(parts, "GET", RUNS, headers=TOKEN).status_code == 200
