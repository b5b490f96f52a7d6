"""Each route: what is asked, what is answered."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import accel
from acceld.tasks import counters
from acceld.tasks.history import LogLine
from acceld.tasks.model import Failure
from acceld.workers.pool import counts_of, summed_up
from tests.python.acceld.http.conftest import CONVERTER

if TYPE_CHECKING:
    from pathlib import Path

    from tests.python.acceld.http.conftest import Make, Parts

URL = "/api/v1/conversions"
OK = (200, '"Ok"')
HOOK = {"Authorization": "hook"}
CLOSED = {"provider": {"source": {"h.io": {"webhook": {"auth_header": "hook"}}, "other.io": {}}}}


def ask(parts: Parts, method: str, url: str, **more: Any) -> httpx.Response:
    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(parts.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://d", timeout=20) as client:
            return await client.request(method, url, **more)

    return asyncio.run(run())


def push(*urls: str, kind: str = "PUSH_ARTIFACT") -> dict[str, Any]:
    return {"type": kind, "event_data": {"resources": [{"resource_url": url} for url in urls]}}


def code(reply: httpx.Response) -> tuple[int, str]:
    document = reply.json()
    assert set(document) == {"code", "message"}
    assert document["message"]
    return reply.status_code, document["code"]


def only(parts: Parts) -> dict[str, Any]:
    (found,) = ask(parts, "GET", URL).json()
    return dict(found)


def test_a_webhook_is_a_task_before_the_reply_and_listed_as_the_reference_does(make: Make) -> None:
    parts = make()
    reply = ask(parts, "POST", URL, json=push("h.io/a:1"))
    assert (reply.status_code, reply.text) == OK
    task = only(parts)
    names = ["id", "created", "finished", "source", "source_size", "target_size", "status", "reason"]
    assert list(task)[:8] == names
    assert task["created"].endswith("Z")
    assert [task[name] for name in names[2:]] == ["0001-01-01T00:00:00Z", "h.io/a:1", 0, 0, "PROCESSING", ""]
    claim = parts.queue.take("w")
    assert claim
    parts.queue.done(claim, {"source_size": 5, "target_size": 7})
    task = only(parts)
    assert (task["status"], task["source_size"], task["target_size"]) == ("COMPLETED", 5, 7)


@pytest.mark.parametrize("body", [push("h.io/a:1", kind="DELETE_ARTIFACT"), push("h.io/a:1-nydus"), push()])
def test_events_that_need_no_work_are_ok_and_make_no_task(make: Make, body: dict[str, Any]) -> None:
    parts = make()
    reply = ask(parts, "POST", URL, json=body)
    assert (reply.status_code, reply.text) == OK
    assert ask(parts, "GET", URL).json() == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"source": 1}', json.dumps(push("h.io/A B")).encode()])
def test_a_bad_body_is_400(make: Make, body: bytes) -> None:
    assert code(ask(make(), "POST", URL, content=body)) == (400, "ERR_ILLEGAL_PARAMETER")


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("POST", "/"),
        ("GET", "/page/"),
        ("GET", "/api/v1/nothing"),
        ("PUT", URL),
        ("POST", "/metrics"),
        ("GET", "/docs"),
    ],
)
def test_anything_else_is_no_endpoint(make: Make, method: str, url: str) -> None:
    assert code(ask(make(), method, url)) == (404, "ERR_INVALID_ENDPOINT")


@pytest.mark.parametrize(
    ("url", "header", "status"),
    [
        ("h.io/a:1", "hook", 200),
        ("h.io/a:1", None, 401),
        ("h.io/a:1", "", 401),
        ("h.io/a:1", "hooks", 401),
        ("other.io/a:1", "hook", 401),
        ("other.io/a:1", None, 401),
        ("third.io/a:1", "", 401),
        ("third.io/a:1", "Bearer secret", 200),
    ],
)
def test_webhooks_are_denied_unless_their_host_s_header_is_right(
    make: Make, url: str, header: str | None, status: int
) -> None:
    parts = make(**CLOSED, server={"token": "secret"})
    headers = {} if header is None else {"Authorization": header}
    reply = ask(parts, "POST", URL, json=push(url), headers=headers)
    assert reply.status_code == status
    if status == 401:
        assert code(reply) == (401, "ERR_UNAUTHORIZED")
    assert parts.history.count() == (status == 200)


def test_one_wrong_host_in_a_webhook_spoils_all_of_it(make: Make) -> None:
    parts = make(**CLOSED)
    reply = ask(parts, "POST", URL, json=push("h.io/a:1", "other.io/a:1"), headers=HOOK)
    assert code(reply) == (401, "ERR_UNAUTHORIZED")
    assert parts.history.count() == 0


def test_without_a_secret_of_the_configuration_everybody_may_push(make: Make) -> None:
    assert ask(make(), "POST", URL, json=push("h.io/a:1"), headers=HOOK).status_code == 200


def test_reading_wants_the_token_where_there_is_one(make: Make) -> None:
    parts = make(server={"token": "secret"})
    for headers in ({}, {"Authorization": "Bearer no"}, {"Authorization": "secret"}):
        assert code(ask(parts, "GET", URL, headers=headers)) == (401, "ERR_UNAUTHORIZED")
    assert ask(parts, "GET", URL, headers={"Authorization": "Bearer secret"}).status_code == 200
    assert ask(parts, "GET", "/api/v1/health").text == "Ok"


def test_closed_webhooks_close_cancel_and_retry_too(make: Make) -> None:
    parts = make(**CLOSED)
    ask(parts, "POST", URL, json=push("h.io/a:1"), headers=HOOK)
    task = only(parts)["id"]
    assert code(ask(parts, "DELETE", f"{URL}/{task}"))[0] == code(ask(parts, "POST", f"{URL}/{task}/retry"))[0] == 401


def test_a_task_is_shown_cancelled_and_retried(make: Make) -> None:
    parts = make()
    ask(parts, "POST", URL, json={"source": "h.io/a:1", "priority": 4})
    task = only(parts)["id"]
    assert ask(parts, "GET", f"{URL}/{task}").json()["priority"] == 4
    assert ask(parts, "DELETE", f"{URL}/{task}").json()["state"] == "cancelled"
    assert only(parts)["status"] == "FAILED"
    assert ask(parts, "POST", f"{URL}/{task}/retry").json()["state"] == "queued"
    for method, url in (("GET", ""), ("DELETE", ""), ("POST", "/retry"), ("GET", "/log"), ("GET", "/events")):
        assert code(ask(parts, method, f"{URL}/nobody{url}"))[0] == 404


def test_a_log_goes_on_after_what_is_known(make: Make) -> None:
    parts = make()
    ask(parts, "POST", URL, json=push("h.io/a:1"))
    task = parts.history.page().tasks[0]
    parts.history.append_log(task.number, [LogLine("info", "one"), LogLine("info", "two")])
    first, second = ask(parts, "GET", f"{URL}/{task.id}/log").json()
    assert (first["message"], second["message"]) == ("one", "two")
    assert ask(parts, "GET", f"{URL}/{task.id}/log?after={first['number']}").json() == [second]


def test_pages_follow_each_other_and_filters_hold(make: Make) -> None:
    parts = make()
    for number in range(5):
        ask(parts, "POST", URL, json=push(f"h{number % 2}.io/a:{number}"))
    ask(parts, "POST", URL, json=push("h.io/a:1-nydus"))
    seen, url = [], f"{URL}?limit=2"
    while url:
        reply = ask(parts, "GET", url)
        seen += [task["source"] for task in reply.json()]
        url = reply.links.get("next", {}).get("url", "")
    assert seen == [f"h{number % 2}.io/a:{number}" for number in (4, 3, 2, 1, 0)]
    assert len(ask(parts, "GET", f"{URL}?registry=h1.io").json()) == 2
    assert [t["source"] for t in ask(parts, "GET", f"{URL}?source=:3").json()] == ["h1.io/a:3"]
    assert ask(parts, "GET", f"{URL}?state=failed").json() == []
    assert ask(parts, "GET", f"{URL}?all=true").json()[0]["state"] == "skipped"
    for bad in ("state=x", "limit=0", "limit=2000", "before=x"):
        assert code(ask(parts, "GET", f"{URL}?{bad}")) == (400, "ERR_ILLEGAL_PARAMETER")


@pytest.mark.parametrize("fails", [False, True])
def test_sync_waits_for_the_end(make: Make, fails: bool, caplog: pytest.LogCaptureFixture) -> None:
    parts = make()

    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(parts.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://d", timeout=20) as client:
            asking = asyncio.create_task(client.post(f"{URL}?sync=true", json=push("h.io/a:1")))
            while (claim := parts.queue.take("w")) is None:  # noqa: ASYNC110 - a worker looks like this
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.2)
            assert not asking.done()
            if fails:
                parts.queue.fail(claim, Failure("no such image"))
            else:
                parts.queue.done(claim)
            return await asking

    reply = asyncio.run(run())
    if fails:
        assert code(reply) == (500, "ERR_CONVERT_FAILED")
        assert reply.json()["message"] == "no such image"
    else:
        assert (reply.status_code, reply.text) == OK
    assert not [record for record in caplog.records if record.name.startswith("acceld")]


def test_events_tell_of_the_end(make: Make) -> None:
    parts = make()
    ask(parts, "POST", URL, json=push("h.io/a:1"))
    claim = parts.queue.take("w")
    assert claim
    parts.queue.done(claim)
    reply = ask(parts, "GET", f"{URL}/{claim.id}/events")
    assert reply.headers["content-type"].startswith("text/event-stream")
    kind, data = reply.text.strip().split("\n")
    assert kind == "event: task"
    assert json.loads(data.removeprefix("data: "))["state"] == "done"


def test_a_daemon_that_ends_is_healthy_and_not_ready_and_queues(make: Make) -> None:
    parts = make()
    assert ask(parts, "GET", "/api/v1/ready").text == "Ok"
    parts.draining.set()
    assert code(ask(parts, "GET", "/api/v1/ready")) == (503, "ERR_UNHEALTHY")
    assert ask(parts, "GET", "/api/v1/health").text == "Ok"
    assert ask(parts, "POST", URL, json=push("h.io/a:1")).status_code == 200
    assert parts.queue.take("another daemon")
    # One who waits for the end is told that it will not come here.
    assert code(ask(parts, "POST", f"{URL}?sync=true", json=push("h.io/b:1"))) == (503, "ERR_UNHEALTHY")
    assert parts.queue.take("another daemon")


def test_without_its_tables_the_daemon_is_not_healthy(make: Make) -> None:
    parts = make()
    parts.database.write(lambda connection: connection.exec_driver_sql("DROP TABLE task").close())
    assert code(ask(parts, "GET", "/api/v1/health")) == (500, "ERR_UNHEALTHY")
    assert code(ask(parts, "GET", "/api/v1/ready")) == (503, "ERR_UNHEALTHY")


def test_without_its_tables_the_metrics_say_so_and_show_what_is_left(make: Make) -> None:
    parts = make()
    assert "acceleration_service_core_database_up 1.0" in ask(parts, "GET", "/metrics").text
    parts.database.write(lambda connection: connection.exec_driver_sql("DROP TABLE task").close())
    reply = ask(parts, "GET", "/metrics")
    assert reply.status_code == 200
    assert "acceleration_service_core_database_up 0.0" in reply.text
    assert "acceleration_service_core_queue_depth" not in reply.text
    assert "acceleration_service_api_requests_total" in reply.text


def test_openapi_names_the_routes(make: Make) -> None:
    paths = ask(make(), "GET", "/openapi.json").json()["paths"]
    assert {URL, f"{URL}/{{task_id}}/retry", "/api/v1/health", "/api/v1/ready", "/metrics"} <= set(paths)


def test_metrics_have_the_reference_s_names_and_the_queue_s(make: Make) -> None:
    parts = make(server={"name": "API"})
    ask(parts, "POST", URL, json=push("h.io/a:1"))
    ask(parts, "POST", URL, json=push("h.io/a:2"))
    claim = parts.queue.take("w")
    assert claim
    parts.queue.fail(claim, Failure("gone"))
    text = ask(parts, "GET", "/metrics").text
    for line in (
        'acceleration_service_core_conversions_op_total{op="convert"} 1.0',
        'acceleration_service_core_conversions_op_error_total{op="convert"} 1.0',
        'acceleration_service_core_queue_depth{registry="h.io"} 1.0',
        f'acceleration_service_api_requests_total{{code="200",host="",method="POST",url="{URL}"}} 2.0',
    ):
        assert line in text, text
    for name in ("request_duration_seconds", "request_size_bytes", "response_size_bytes"):
        assert f"acceleration_service_api_{name}_count" in text
    assert ask(make(metric={"enabled": False}), "GET", "/metrics").status_code == 404


def test_metrics_show_what_workers_did(make: Make, tmp_path: Path) -> None:
    parts = make(provider={"work_dir": str(tmp_path)})
    accel.Store(tmp_path).add(b"x" * 5000)
    for seconds in (0.3, 4000.0):
        ask(parts, "POST", URL, json=push(f"h.io/a:{seconds}"))
        claim = parts.queue.take("w")
        assert claim
        result = accel.ConvertResult(
            accel.Source("h.io/a:1", "sha256:0", 100),
            (accel.Target("nydus", "h.io/a:1-nydus", "sha256:1", "", 70),),
            bytes=accel.Transferred(1, 2, 3, 4),
            cache=accel.CacheUse("h.io/a:cache", 5, 6, 0, 0),
            collected=accel.CollectReport(0, 0, 0, 7, 8, 0, 0, 0, 0),
        )
        shown = summed_up(result.to_dict())
        parts.queue.done(claim, shown, {**counts_of(shown), **counters.duration(seconds)})
    text = ask(parts, "GET", "/metrics").text
    for line in (
        'conversions_op_duration_seconds_bucket{le="0.25",op="convert"} 0.0',
        'conversions_op_duration_seconds_bucket{le="0.5",op="convert"} 1.0',
        'conversions_op_duration_seconds_bucket{le="+Inf",op="convert"} 2.0',
        'conversions_op_duration_seconds_sum{op="convert"} 4000.3',
        'conversions_op_duration_seconds_count{op="convert"} 2.0',
        *(f'bytes_total{{direction="{name}"}} {value * 2}.0' for name, value in result.to_dict()["bytes"].items()),
        'image_bytes_total{side="source"} 200.0',
        'image_bytes_total{side="target"} 140.0',
        'cache_layers_total{outcome="hits"} 10.0',
        'cache_layers_total{outcome="misses"} 12.0',
        "store_evicted_blobs_total 14.0",
        "store_evicted_bytes_total 16.0",
        f"store_bytes {float(accel.Store(tmp_path).usage().total_bytes)}",
    ):
        assert f"acceleration_service_core_{line}" in text, (line, text)
    (task, _) = ask(parts, "GET", URL).json()
    assert (task["source_size"], task["target_size"]) == (100, 70)


def test_another_configuration_holds_from_the_next_request_on(make: Make) -> None:
    parts = make(server={"max_body": "1KiB", "rate": 100})
    assert ask(parts, "POST", URL, json=push("h.io/a:1")).status_code == 200
    wanted = {"server": {"max_body": 10}, "converter": CONVERTER, **CLOSED}
    parts.app.service.reload(accel.Config.from_dict(wanted))
    assert ask(parts, "POST", URL, json=push("h.io/a:1")).status_code == 413
    parts.app.service.reload(accel.Config.from_dict({"converter": CONVERTER, **CLOSED, "server": {"rate": 1}}))
    assert code(ask(parts, "POST", URL, json=push("h.io/a:1")))[0] == 401
    assert code(ask(parts, "POST", URL, json=push("h.io/a:1")))[0] == 429


def test_a_body_that_is_too_large_is_refused(make: Make) -> None:
    parts = make(server={"max_body": "1KiB"})
    assert code(ask(parts, "POST", URL, content=b"x" * 1025))[0] == 413


def test_too_many_requests_are_told_when_to_come_again(make: Make) -> None:
    parts = make(server={"rate": 2})
    replies = [ask(parts, "GET", "/api/v1/health") for _ in range(4)]
    assert [reply.status_code for reply in replies[:2]] == [200, 200]
    assert replies[-1].status_code == 429
    assert int(replies[-1].headers["Retry-After"]) >= 1


def test_headers_of_any_bytes_are_compared(make: Make) -> None:
    parts = make(**CLOSED)
    header = base64.b64decode("/w==")
    assert ask(parts, "POST", URL, json=push("h.io/a:1"), headers={b"authorization": header}).status_code == 401
