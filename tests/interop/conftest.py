"""The peers of the interop tests: programs by other people that read and write what we read and write."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
SOURCE = Path(__file__).parent / "layertool"
# containers/storage without the drivers that need C libraries.
GO_TAGS = "exclude_graphdriver_btrfs,exclude_graphdriver_zfs,containers_image_openpgp"


@pytest.fixture(scope="session")
def layertool(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, Any]]:
    """Runs layertool (the reference libraries in Go) and returns what it prints; fails with its error text."""
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if go is None:
        pytest.skip("no Go toolchain: the reference libraries cannot be built here")
    binary = tmp_path_factory.mktemp("layertool") / "layertool"
    environment = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-buildvcs=false"}
    built = subprocess.run(
        [go, "build", "-mod=readonly", "-tags", GO_TAGS, "-o", str(binary), "."],
        cwd=SOURCE,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if built.returncode != 0 and "requires go >=" in built.stderr:
        pytest.skip(f"Go is too old for the reference libraries: {built.stderr.strip().splitlines()[-1]}")
    assert built.returncode == 0, built.stderr

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
