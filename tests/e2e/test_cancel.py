"""Ctrl-C and SIGTERM in the middle of a conversion: a quick end with status 130 and nothing half-written."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.python.support.images import noise
from tests.python.support.layout import Entry
from tests.support.registry_api import Repository

if TYPE_CHECKING:
    from pathlib import Path

    from tests.python.support.layout import Layout
    from tests.support.command import Accelctl, Outcome
    from tests.support.registry import Registry

SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
# Level 9 and one worker: seconds of work, of which the signal comes in the first.
SLOWLY = ("--jobs", "1", "--option", "compression_level=9", "--progress", "plain")


@pytest.fixture
def source(layout: Layout) -> str:
    """60 MB that do not compress, in two layers."""
    layers = [layout.add_layer([Entry(f"data/{seed}", noise(30_000_000, seed))], "none") for seed in (1, 2)]
    return layout.tag(layout.add_image(layers), "app")


def interrupt(accelctl: Accelctl, number: signal.Signals, *arguments: str) -> Outcome:
    """Sends `number` to a conversion that is under way."""
    running = accelctl.start("convert", *arguments, *SLOWLY)
    running.wait_for(lambda: "reading " in running.errors())
    time.sleep(0.1)
    sent = time.monotonic()
    running.send(number)
    outcome = running.finish(timeout=20)
    assert time.monotonic() - sent < 5  # a second on a machine that does nothing else
    return outcome


def assert_interrupted(outcome: Outcome) -> None:
    assert outcome.code == 130, outcome.stderr
    assert outcome.stderr.splitlines()[-1] == "error: interrupted; no tag was written"
    assert outcome.stderr.count("error: ") == 1
    assert "Traceback" not in outcome.stderr
    assert outcome.leftovers == ()


@SIGNALS
def test_a_layout_stays_as_it_was(number: signal.Signals, accelctl: Accelctl, source: str, tmp_path: Path) -> None:
    target = tmp_path / "target"
    assert_interrupted(interrupt(accelctl, number, source, f"oci:{target}:app"))
    left = [path for path in target.rglob("*") if path.is_file()]
    assert [path for path in left if path.name.startswith(".")] == []
    index = target / "index.json"
    assert not index.exists() or "ref.name" not in index.read_text(encoding="utf-8")


@SIGNALS
def test_an_archive_is_not_there(number: signal.Signals, accelctl: Accelctl, source: str, tmp_path: Path) -> None:
    folder = tmp_path / "target"
    folder.mkdir()
    assert_interrupted(interrupt(accelctl, number, source, f"oci-archive:{folder / 'app.tar'}:app"))
    assert list(folder.iterdir()) == []


@SIGNALS
def test_a_registry_gets_no_tag(number: signal.Signals, accelctl: Accelctl, source: str, registry: Registry) -> None:
    name = f"e2e/cancel-{number.name.lower()}"
    assert_interrupted(interrupt(accelctl, number, source, registry.reference(f"{name}:app")))
    assert Repository(registry, name).tags() == set()


def test_a_signal_that_was_ignored_by_the_shell_still_counts(accelctl: Accelctl, source: str, tmp_path: Path) -> None:
    """A script starts its background jobs with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        outcome = interrupt(accelctl, signal.SIGINT, source, f"oci:{tmp_path / 'target'}:app")
    finally:
        signal.signal(signal.SIGINT, before)
    assert_interrupted(outcome)
