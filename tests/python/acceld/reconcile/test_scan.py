"""What a scan of real registries finds, and what it leaves alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import accel
from acceld.reconcile.pattern import Pattern
from acceld.reconcile.report import MAX_ERRORS, MAX_FOUND, MAX_REASONS, OTHER_REASONS, Report
from acceld.reconcile.scan import PRIORITY, Scan
from acceld.tasks.model import Admission, NewTask
from tests.support.harbor import AUTH, harbor

if TYPE_CHECKING:
    from tests.python.acceld.reconcile.conftest import Filled


class Run:
    """One scan and what it queued."""

    def __init__(self, config: accel.Config, pattern: str = "**", *, dry_run: bool = False) -> None:
        self.tasks: list[NewTask] = []
        self.pauses: list[float] = []
        self.report = Report(pattern, dry_run)
        scan = Scan(config, accel.Registries(config), put=self.put, pause=self.pauses.append, report=self.report)
        scan.run(Pattern.parse(pattern))

    def put(self, task: NewTask) -> Admission:
        known = any(other.key == task.key for other in self.tasks)
        self.tasks.append(task)
        return Admission.JOINED if known else Admission.CREATED

    @property
    def queued(self) -> list[str]:
        return sorted(task.source.partition("/")[2] for task in self.tasks)

    def counts(self, *names: str) -> dict[str, Any]:
        return {name: getattr(self.report, name) for name in names}


ALL = ["other/app:missing", "team/app:missing", "team/app:stale"]


def test_what_has_no_twin_or_a_stale_one_is_queued_with_low_priority(filled: Filled) -> None:
    run = Run(filled.config())
    assert run.queued == ALL
    assert {task.priority for task in run.tasks} == {PRIORITY}
    assert {task.lane for task in run.tasks} == {filled.host}
    digest = accel.Registries().manifest(filled.registry.reference("team/app:stale")).digest
    assert digest in {task.digest for task in run.tasks}
    assert run.counts("registries", "repositories", "fresh", "missing", "stale", "queued", "joined", "errors") == {
        "registries": 1,
        "repositories": 3,
        "fresh": 1,
        "missing": 2,
        "stale": 1,
        "queued": 3,
        "joined": 0,
        "errors": 0,
    }
    skipped = run.report.skipped
    assert sum(skipped.values()) == 5, skipped  # two twins, the cache, a chart, a signature
    assert any("Helm" in reason for reason in skipped), skipped
    assert any("a signature" in reason for reason in skipped), skipped
    json.dumps(run.report.to_dict())
    assert "3 queued" in run.report.line()


def test_a_dry_run_finds_the_same_and_queues_nothing(filled: Filled) -> None:
    run = Run(filled.config(), dry_run=True)
    assert run.tasks == []
    found = {entry["source"].partition("/")[2]: entry for entry in run.report.found}
    assert sorted(found) == ALL
    assert found["team/app:stale"]["state"] == "stale"
    assert "made of" in found["team/app:stale"]["reason"]
    assert "there is no" in found["other/app:missing"]["reason"]


def test_patterns_say_what_is_looked_at(filled: Filled) -> None:
    host = filled.host
    assert Run(filled.config(), f"{host}/other/**").queued == ["other/app:missing"]
    assert Run(filled.config(), f"{host}/**:st*").queued == ["team/app:stale"]
    assert Run(filled.config(), f"{host}/team/app:missing").queued == ["team/app:missing"]
    assert Run(filled.config(), f"{host}/nothing/**").report.images == 0


def test_profiles_say_what_is_converted_and_where_to(filled: Filled) -> None:
    only = {"name": "team", "match": {"repository": "team/**"}, "driver": "nydus", "target": "{host}/fast/{name}:{tag}"}
    config = filled.config(converter={"driver": None, "rules": [], "profiles": [only]})
    run = Run(config)
    # Twins under other names do not count for this profile, but they are what a nydus image is.
    assert run.queued == ["team/app:fresh", "team/app:missing", "team/app:stale"]
    assert "no profile of the configuration matches (tried team), and there is no driver" in run.report.skipped
    huge = {**only, "only_if": {"min_size": "1GB"}}
    run = Run(filled.config(converter={"driver": None, "rules": [], "profiles": [huge]}))
    assert run.tasks == []
    assert any("only_if" in reason for reason in run.report.skipped), run.report.skipped


def test_harbor_tells_digests_and_one_broken_repository_harms_no_other(filled: Filled) -> None:
    with harbor(filled.registry, broken="other/app") as host:
        source = {"source": {host: {"plain_http": True, "auth": AUTH}}}
        run = Run(filled.config(provider=source))
        assert run.queued == ["team/app:missing", "team/app:stale"]
        assert run.report.errors == 1
        (error,) = run.report.error_list
        assert error["where"] == f"{host}/other/app"
        assert "500" in error["message"]
    requests = [line for line in filled.registry.log().splitlines() if "/manifests/" in line and "fresh " in line]
    assert not [line for line in requests if '"HEAD' in line]


def test_a_registry_that_is_away_harms_no_other(filled: Filled) -> None:
    source = {"source": {"127.0.0.1:1": {"plain_http": True}, filled.host: {"plain_http": True}}}
    run = Run(filled.config(provider=source))
    assert run.queued == ALL
    assert [error["where"] for error in run.report.error_list] == ["127.0.0.1:1"]


def test_the_rate_bounds_how_many_images_are_looked_at(filled: Filled) -> None:
    run = Run(filled.config(reconciliation={"rate": 2}), f"{filled.host}/team/app")
    # Each waits for the one before it; what needs no look at the registry does not wait.
    assert len(run.pauses) == 2
    assert all(0 < pause <= 1.0 for pause in run.pauses)


def test_a_scan_that_is_cancelled_ends_at_once(filled: Filled) -> None:
    cancel = accel.CancelToken()
    report = Report("**", dry_run=False)

    def put(task: NewTask) -> Admission:
        cancel.cancel()
        return Admission.CREATED

    config = filled.config()
    scan = Scan(config, accel.Registries(config, cancel=cancel), put=put, pause=lambda _: None, report=report)
    with pytest.raises(accel.Cancelled):
        scan.run(Pattern.parse("**"))
    assert report.queued == 1


def test_a_report_stays_small() -> None:
    report = Report("**", dry_run=True)
    for number in range(2 * MAX_FOUND):
        report.find(f"h/a:{number}", "missing", "x" * 10_000)
        report.fail(f"h/b:{number}", accel.FormatError("y" * 10_000))
        report.skip(f"reason {number}")
    assert (report.missing, report.errors, sum(report.skipped.values())) == (2000, 2000, 2000)
    assert (len(report.found), len(report.error_list), len(report.skipped)) == (MAX_FOUND, MAX_ERRORS, MAX_REASONS + 1)
    assert OTHER_REASONS in report.skipped
    assert len(json.dumps(report.to_dict())) < 1 << 20
