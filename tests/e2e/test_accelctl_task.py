"""accelctl and acceld as processes with a real registry: images come of what is asked for and of what is found."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

import accel
from tests.python.conftest import Outcome
from tests.python.support.images import sample_image
from tests.python.support.layout import Layout
from tests.support.daemon import Daemon, running
from tests.support.harbor import AUTH, harbor
from tests.support.registry import plain_registry

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.registry import Registry

Accelctl = Callable[..., Outcome]

TOKEN = "a-token"


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[Registry]:
    """A registry of its own with two images."""
    with plain_registry(tmp_path / "registry") as registry:
        image = sample_image(Layout(tmp_path / "images"))
        for name in ("team/app:1", "team/app:2"):
            accel.copy(image, registry.reference(name))
        yield registry


def settings(folder: Path, *hosts: str, **more: Any) -> dict[str, Any]:
    return {
        "server": {"token": TOKEN},
        "provider": {
            "source": {host: {"plain_http": True, "auth": AUTH} for host in hosts},
            "work_dir": str(folder / "work"),
        },
        "converter": {"worker": 2, "driver": "nydus", "rules": [{"tag_suffix": "-nydus"}]},
        **more,
    }


def test_an_image_is_asked_for_and_watched(tmp_path: Path, filled: Registry, accelctl: Accelctl) -> None:
    with running(Daemon(tmp_path, settings(tmp_path, filled.host))) as daemon:
        there = {"ACCELD_ADDR": daemon.url, "ACCELD_TOKEN": TOKEN}
        source = filled.reference("team/app:1")
        outcome = accelctl("task", "create", "--watch", source, "--output", "json", **there)
        assert outcome.code == 0, outcome
        task = json.loads(outcome.stdout)
        assert [target["reference"] for target in task["result"]["targets"]] == [f"{source}-nydus"]
        assert accel.check(source, f"{source}-nydus").equal
        listed = accelctl("task", "list", **there).stdout.splitlines()
        assert listed[1].split("\t")[0] == task["id"]
        absent = filled.reference("team/absent:1")
        outcome = accelctl("task", "create", "--sync", absent, **there)
        assert outcome.code == 1
        assert "team/absent" in outcome.error
        assert "404" in outcome.error


def test_what_no_event_told_of_is_found_in_harbor_and_converted(
    tmp_path: Path, filled: Registry, accelctl: Accelctl
) -> None:
    with harbor(filled) as host, running(Daemon(tmp_path, settings(tmp_path, host))) as daemon:
        there = {"ACCELD_ADDR": daemon.url, "ACCELD_TOKEN": TOKEN}
        dry = accelctl("task", "backfill", "--dry-run", f"{host}/team/**", **there)
        assert "{" not in dry.stderr  # counts are in the report, not in the note
        assert dry.code == 0, dry
        assert dry.stdout.splitlines()[0].split() == ["IMAGE", "TWIN", "WHY"]
        assert [line.split()[:2] for line in dry.stdout.splitlines()[1:3]] == [
            [f"{host}/team/app:{tag}", "missing"] for tag in ("1", "2")
        ]
        assert daemon.http.get("/api/v1/conversions", headers={"Authorization": f"Bearer {TOKEN}"}).json() == []
        outcome = accelctl("task", "backfill", f"{host}/team/**", "--output", "json", **there)
        assert outcome.code == 0, outcome
        report = json.loads(outcome.stdout)["result"]
        assert (report["missing"], report["queued"], report["errors"]) == (2, 2, 0), report
        tasks = json.loads(accelctl("task", "list", "--output", "json", **there).stdout)["tasks"]
        for task in tasks:
            assert accelctl("task", "watch", task["id"], **there).code == 0
        assert accel.check(filled.reference("team/app:2"), filled.reference("team/app:2-nydus")).equal
        again = json.loads(accelctl("task", "backfill", f"{host}/team/**", "--output", "json", **there).stdout)[
            "result"
        ]
        assert (again["fresh"], again["missing"], again["stale"], again["queued"]) == (2, 0, 0, 0), again
        refused = accelctl("task", "backfill", "**", "--token", "another", ACCELD_ADDR=daemon.url)
        assert (refused.code, "does not take this token" in refused.error) == (1, True)
