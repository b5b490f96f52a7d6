"""Builds the small Go programs around reference libraries that the interop tests run."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def build(source: Path, folder: Path, tags: str = "") -> Path:
    """The program of a Go module, built in `folder` from the pinned versions; skips where Go is missing or too old."""
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if go is None:
        pytest.skip("no Go toolchain: the reference libraries cannot be built here")
    binary = folder / source.name
    environment = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-buildvcs=false"}
    built = subprocess.run(
        [go, "build", "-mod=readonly", "-tags", tags, "-o", str(binary), "."],
        cwd=source,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if built.returncode != 0 and "requires go >=" in built.stderr:
        pytest.skip(f"Go is too old for the reference libraries: {built.stderr.strip().splitlines()[-1]}")
    assert built.returncode == 0, built.stderr
    return binary
