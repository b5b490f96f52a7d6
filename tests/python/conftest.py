"""Fixtures every Python test may ask for."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.python.support.images import sample_image, sample_index
from tests.python.support.layout import Layout
from tests.support import registry as registries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """An empty layout of this test."""
    return Layout(tmp_path / "layout")


@pytest.fixture
def image(layout: Layout) -> str:
    """The location of an image of one platform."""
    return sample_image(layout)


@pytest.fixture
def index(layout: Layout) -> str:
    """The location of an index of two platforms with attestations."""
    return sample_index(layout)


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[registries.Registry]:
    """A registry over HTTP; tests use repositories of their own."""
    if not registries.available():
        pytest.skip("docker-registry is not installed")
    with registries.plain_registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def error(self) -> str:
        """The one line of an error, which must be the last and the only one of its kind."""
        *before, last = self.stderr.splitlines()
        assert last.startswith("error: "), self.stderr
        assert all(line.startswith(("warning: ", "note: ")) for line in before), self.stderr
        return last.removeprefix("error: ")


@pytest.fixture
def accelctl(tmp_path: Path) -> Callable[..., Outcome]:
    """Runs accelctl as a process of its own."""

    def run(*arguments: str, **environment: str) -> Outcome:
        done = subprocess.run(
            [sys.executable, "-m", "accelctl", *arguments],
            env={**os.environ, "DOCKER_CONFIG": str(tmp_path / "docker"), **environment},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run
