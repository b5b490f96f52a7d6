"""Fixtures of the whole-process tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.python.support.layout import Layout
from tests.support import registry as registries
from tests.support.command import Accelctl
from tests.support.postgresql import postgresql  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def accelctl(tmp_path: Path) -> Accelctl:
    return Accelctl(tmp_path / "accelctl")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """An empty layout of this test."""
    return Layout(tmp_path / "source")


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[registries.Registry]:
    """A registry over HTTP without authentication; tests use repositories of their own."""
    if not registries.available():
        pytest.skip("docker-registry is not installed")
    with registries.plain_registry(tmp_path_factory.mktemp("registry")) as running:
        yield running
