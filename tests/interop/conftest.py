"""The peers of the interop tests: programs by other people that read and write what we read and write."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.interop import containerd, go_program
from tests.support import registry as registries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
# containers/storage without the drivers that need C libraries.
GO_TAGS = "exclude_graphdriver_btrfs,exclude_graphdriver_zfs,containers_image_openpgp"


@pytest.fixture(scope="session")
def layertool(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, Any]]:
    """Runs layertool (the reference libraries in Go) and returns what it prints; fails with its error text."""
    binary = go_program.build(HERE / "layertool", tmp_path_factory.mktemp("layertool"), GO_TAGS)

    def run(*arguments: str | Path) -> dict[str, Any]:
        done = subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
        document: dict[str, Any] = json.loads(done.stdout)
        return document

    return run


@pytest.fixture(scope="session")
def skopeo() -> Callable[..., str]:
    """Runs skopeo and returns its output; fails with its error text."""
    program = shutil.which("skopeo")
    if program is None:
        pytest.skip("skopeo is not installed")

    def run(*arguments: str) -> str:
        done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[registries.Registry]:
    """A registry over HTTP; tests use repositories of their own."""
    if not registries.available():
        pytest.skip("docker-registry is not installed")
    with registries.plain_registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture(scope="session")
def lazy_containerd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[containerd.Containerd]:
    """A containerd of this run alone, whose snapshotter `stargz` mounts layers instead of unpacking them."""
    if missing := containerd.missing():
        pytest.skip(missing)
    folder = tmp_path_factory.mktemp("lazy")
    with containerd.running(folder, go_program.build(HERE / "snapshotter", folder)) as daemon:
        yield daemon
