"""The systemd unit: systemd understands it, finds it well confined, and its configuration loads."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

import accel
from acceld import periodic, server, tracing
from acceld.workers import pool, run

SYSTEMD = Path(__file__).parents[2] / "examples/deploy/systemd"
UNIT = SYSTEMD / "acceld.service"
MAX_EXPOSURE = 1.5  # of 10; what is left is that it reaches the network and has a user of its own

pytestmark = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def installed(tmp_path: Path, text: str) -> Path:
    """The unit in a folder of its own; its program is one that exists here."""
    unit = tmp_path / "acceld.service"
    unit.write_text(text.replace("/opt/acceld/bin/acceld", "/bin/true"), encoding="utf-8")
    return unit


def test_systemd_understands_every_line(tmp_path: Path) -> None:
    done = analyze("verify", "--man=no", "--recursive-errors=no", installed(tmp_path, UNIT.read_text(encoding="utf-8")))
    assert done.returncode == 0, done.stderr
    assert "acceld.service" not in done.stderr, done.stderr


def test_a_misspelt_line_is_found(tmp_path: Path) -> None:
    wrong = UNIT.read_text(encoding="utf-8").replace("KillMode=mixed", "KillMood=mixed")
    done = analyze("verify", "--man=no", "--recursive-errors=no", installed(tmp_path, wrong))
    assert "KillMood" in done.stderr


def test_the_service_is_confined(tmp_path: Path) -> None:
    done = analyze("security", "--offline=true", installed(tmp_path, UNIT.read_text(encoding="utf-8")))
    found = re.search(r"exposure level for acceld.service: ([0-9.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    assert float(found[1]) <= MAX_EXPOSURE


def test_the_account_is_made(tmp_path: Path) -> None:
    if not shutil.which("systemd-sysusers"):
        pytest.skip("systemd-sysusers is not installed")
    (tmp_path / "etc").mkdir()
    done = subprocess.run(
        ["systemd-sysusers", f"--root={tmp_path}", SYSTEMD / "acceld.sysusers"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    accounts = (tmp_path / "etc/passwd").read_text(encoding="utf-8")
    assert re.search(r"^acceld:x:\d+:\d+:Acceleration Service:/var/lib/acceld:", accounts, re.MULTILINE)


def test_systemd_and_kubernetes_wait_for_an_orderly_end() -> None:
    """The longest: conversions take all of the grace, then the database does not answer, nor does a collector."""
    longest = accel.Config.from_dict({}).server.grace + sum(
        (run.KILL_AFTER, pool.SETTLE_AFTER, server.CLOSE_AFTER, periodic.END_PATIENCE, tracing.FLUSH_PATIENCE)
    )
    found = re.search(r"^TimeoutStopSec=(\d+)s$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)
    assert found
    assert int(found[1]) > longest
    chart = SYSTEMD.parent / "helm/acceld/values.yaml"
    values = yaml.safe_load(chart.read_text(encoding="utf-8"))
    assert values["terminationGracePeriodSeconds"] > longest + 3  # of preStop


def test_its_configuration_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_AUTH", "cm9ib3QkYWNjZWw6c2VjcmV0")
    monkeypatch.setenv("WEBHOOK_HEADER", "Bearer a-long-random-text")
    config = accel.Config.load(SYSTEMD / "acceld.yaml")
    assert str(config.provider.work_dir) == "/var/lib/acceld"
    assert config.converter.driver is not None
