"""A failed import says what was tried and what to do."""

from __future__ import annotations

import importlib.machinery
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import accel

SUFFIX = importlib.machinery.EXTENSION_SUFFIXES[0]


@pytest.mark.parametrize(
    ("extension", "cause"),
    [
        (None, "it was not built: run `make build`"),
        ("_core.cpython-27-x86_64-linux-gnu.so", "built for another interpreter (_core.cpython-27-x86_64"),
        (f"_core{SUFFIX}", "a system library is missing or too old"),
    ],
)
def test_import_without_a_working_extension_names_the_cause(tmp_path: Path, extension: str | None, cause: str) -> None:
    package = Path(accel.__file__).parent
    shutil.copytree(package, tmp_path / "accel", ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    if extension:
        (tmp_path / "accel" / extension).write_bytes(b"no library")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import accel"
    # -S: without site-packages, where the installed package would be found first.
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("ImportError: cannot import accel._core with Python")
    assert cause in last
    assert sys.executable in last
