"""Alert rules and dashboard: promtool checks and tests the rules; the metrics they name are in /metrics."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from acceld.metrics import Metrics
from acceld.tasks.db import open_database
from tests.support.peers import peer_program

if TYPE_CHECKING:
    from collections.abc import Iterator

MONITORING = Path(__file__).parents[2] / "examples/deploy/monitoring"
PROMTOOL = peer_program("prometheus", "promtool")
METRIC = re.compile(r"\b(acceleration_service_\w+)")

needs_promtool = pytest.mark.skipif(not PROMTOOL, reason="there is no promtool (scripts/peers promtool)")


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROMTOOL, *arguments], capture_output=True, text=True, check=False, timeout=120)


def rules() -> list[dict[str, Any]]:
    document = yaml.safe_load((MONITORING / "alerts.yaml").read_text(encoding="utf-8"))
    return [rule for group in document["groups"] for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))
    return document


def panels() -> list[dict[str, Any]]:
    """The panels that show something."""
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def queries() -> Iterator[tuple[str, str]]:
    """(where it stands, PromQL) of rules and dashboard."""
    for rule in rules():
        yield rule["alert"], rule["expr"]
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for variable in dashboard()["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], variable["query"]["query"]


def exposed(tmp_path: Path) -> str:
    """What a daemon's /metrics shows after one request."""
    database = open_database(f"sqlite:///{tmp_path}/tasks.db")
    try:
        metrics = Metrics("API", database, tmp_path)
        metrics.observe(("200", "POST", "", "/api/v1/conversions"), 0.01, 100, 4)
        return metrics.text().decode()
    finally:
        database.close()


@needs_promtool
def test_promtool_accepts_the_rules() -> None:
    done = promtool("check", "rules", MONITORING / "alerts.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_alerts_are_raised_by_what_they_are_for() -> None:
    done = promtool("test", "rules", MONITORING / "alerts_test.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_seen_raised_in_the_rules_tests() -> None:
    document = yaml.safe_load((MONITORING / "alerts_test.yaml").read_text(encoding="utf-8"))
    raised = {case["alertname"] for test in document["tests"] for case in test["alert_rule_test"] if case["exp_alerts"]}
    assert raised == {rule["alert"] for rule in rules()}


def test_every_metric_is_one_that_acceld_shows(tmp_path: Path) -> None:
    text = exposed(tmp_path)
    # Families without a value yet have only their TYPE line; prometheus_client writes that of counters with _total.
    shown = set(METRIC.findall(text))
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE):
        shown |= {f"{name}_{part}" for part in ("bucket", "sum", "count")} if kind == "histogram" else {name}
    used = {(place, name) for place, query in queries() for name in METRIC.findall(query)}
    assert used
    assert {(place, name) for place, name in used if name not in shown} == set()


@needs_promtool
def test_every_query_is_promql(tmp_path: Path) -> None:
    """Each query as a recording rule: promtool then names the one that it cannot read."""
    recorded = [
        {"record": f"query:{number}", "expr": filled(query), "labels": {"place": re.sub(r"\W", "_", place)}}
        for number, (place, query) in enumerate(queries())
        if not query.startswith("label_values(")  # Grafana's own
    ]
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": recorded}]}), encoding="utf-8")
    done = promtool("check", "rules", file)
    assert done.returncode == 0, done.stdout + done.stderr


def filled(query: str) -> str:
    """A query of the dashboard with Grafana's variables filled in."""
    for name, value in (("$__rate_interval", "5m"), ("$__range", "1h"), ("$instance", ".*"), ("$job", "acceld")):
        query = query.replace(name, value)
    assert "$" not in query, query
    return query


def test_panels_do_not_overlap_and_say_what_they_show() -> None:
    cells: set[tuple[int, int]] = set()
    for panel in dashboard()["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        mine = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & mine, panel["title"]
        cells |= mine
    for panel in panels():
        assert panel["title"]
        assert panel["description"]
        assert panel["datasource"]["uid"] == "${datasource}"
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert [target["refId"] for target in panel["targets"]] == list("ABCDEFG"[: len(panel["targets"])])
    numbers = [panel["id"] for panel in dashboard()["panels"]]
    assert len(numbers) == len(set(numbers))


def test_the_dashboard_can_be_moved() -> None:
    """No identity of one Grafana is in it: it is imported anywhere, and asks for the data source and the job."""
    document = dashboard()
    assert document["id"] is None
    assert [variable["name"] for variable in document["templating"]["list"]] == ["datasource", "job", "instance"]
    assert all("$job" in target["expr"] for panel in panels() for target in panel["targets"])
