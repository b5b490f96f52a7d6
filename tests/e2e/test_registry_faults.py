"""What registries do wrong: one line with the status or the fault, in bounded time, and no tag."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.python.support.images import noise
from tests.python.support.layout import Entry, Layout
from tests.support.command import Accelctl, Outcome
from tests.support.faulty_registry import FaultyRegistry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


# Faults that do not pass. Each is tried for seconds, so all are tried at the same time.
LASTING: dict[str, dict[str, Any]] = {
    "429": {"where": "manifests", "status": 429},
    "500": {"where": "manifests", "status": 500},
    "503": {"where": "manifests", "status": 503},
    "503 for blobs": {"where": "blobs", "status": 503},
    "manifest cut off": {"where": "manifests", "sent": 0.5},
    "blob cut off": {"where": "blobs", "sent": 0.5},
    "nobody listens": {"where": "manifests"},
}
WHAT_IS_SAID = {
    "manifest cut off": "the body ended after",
    "blob cut off": "sha256:",
    "nobody listens": "refused",
    "503 for blobs": "503",
}


def write_image(layout: Layout) -> Layout:
    """One image of 3 MB, tagged `app`."""
    layout.tag(layout.add_image([layout.add_layer([Entry("data", noise(3_000_000, 1))])]), "app")
    return layout


@dataclass(frozen=True)
class Attempt:
    """A conversion from a registry that fails, and how long it took."""

    registry: FaultyRegistry
    outcome: Outcome
    target: Path
    seconds: float

    @property
    def error(self) -> str:
        """Its one line. It must have written no tag."""
        error = self.outcome.failed()
        assert self.registry.reference("app") in error
        assert ": :" not in error  # a place without a name
        index = self.target / "index.json"
        assert not index.exists() or "ref.name" not in index.read_text(encoding="utf-8")
        return error


def begin(registry: FaultyRegistry, folder: Path) -> Callable[[], Attempt]:
    """Starts a conversion; the result waits for its end."""
    began = time.monotonic()
    target = folder / "target"
    accelctl = Accelctl(folder / "accelctl")
    running = accelctl.start("convert", registry.reference("app"), f"oci:{target}:app", "--progress", "none")
    return lambda: Attempt(registry, running.finish(), target, time.monotonic() - began)


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Attempt]:
    """How conversions from registries with each lasting fault ended."""
    layout = write_image(Layout(tmp_path_factory.mktemp("layout") / "source"))
    started = {}
    with contextlib.ExitStack() as servers:
        for name, fault in LASTING.items():
            registry = FaultyRegistry(layout, **fault)
            with contextlib.ExitStack() as closing:
                closing.enter_context(registry.running())
                if name != "nobody listens":
                    servers.push(closing.pop_all())
            started[name] = begin(registry, tmp_path_factory.mktemp("attempt"))
        return {name: finish() for name, finish in started.items()}


@pytest.fixture
def faulty(layout: Layout) -> FaultyRegistry:
    """Tests say what goes wrong."""
    return FaultyRegistry(write_image(layout), "blobs")


def convert(registry: FaultyRegistry, tmp_path: Path) -> str:
    """The error of a conversion from `registry`."""
    with registry.running():
        return begin(registry, tmp_path)().error


@pytest.mark.parametrize("where", ["manifests", "blobs"])
@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_is_final(status: int, where: str, faulty: FaultyRegistry, tmp_path: Path) -> None:
    registry = replace(faulty, where=where, status=status)
    assert str(status) in convert(registry, tmp_path)
    asked = [path for path in registry.requests if f"/{where}/" in path]
    assert len(asked) == len(set(asked)) or status == 401  # asked again at most after authentication


@pytest.mark.parametrize("name", LASTING)
def test_a_fault_that_lasts_ends_the_job(name: str, lasting: dict[str, Attempt]) -> None:
    attempt = lasting[name]
    assert WHAT_IS_SAID.get(name, name) in attempt.error
    assert attempt.seconds < 45
    asked = [path for path in attempt.registry.requests if f"/{attempt.registry.where}/" in path]
    assert len(asked) > 1 or name == "nobody listens"  # a fault that passes would have been survived


def test_a_blob_longer_than_its_descriptor_is_refused(faulty: FaultyRegistry, tmp_path: Path) -> None:
    error = convert(replace(faulty, announced=100), tmp_path)
    assert "sha256:" in error


def test_a_blob_whose_header_says_less_is_refused(faulty: FaultyRegistry, tmp_path: Path) -> None:
    error = convert(replace(faulty, announced=-100), tmp_path)
    assert "sha256:" in error


def test_a_download_in_pieces_is_put_together(faulty: FaultyRegistry, accelctl: Accelctl, tmp_path: Path) -> None:
    """Each answer breaks off after a third; the rest is asked for by range."""
    registry = replace(faulty, sent=0.34, ranges=True)
    with registry.running():
        accelctl("convert", registry.reference("app"), f"oci:{tmp_path / 'target'}:app", "--verify").succeeded()
