"""The set-up commands users and CI rely on."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from tests.meta.tree import ROOT, read

PROMISED = {"demo", "test", "build", "lint", "format", "stubs", "bench", "fuzz", "docs", "wheel", "clean", "help"}


def targets() -> dict[str, str]:
    """Target → its help text."""
    return dict(re.findall(r"^([a-z]+):[^#\n]*(?:## (.*))?$", read(Path("Makefile")), re.MULTILINE))


def test_makefile_has_every_promised_target_with_help() -> None:
    found = targets()
    assert found.keys() >= PROMISED
    assert all(found.values()), f"without ## text: {[name for name, text in found.items() if not text]}"


def test_make_help_prints_every_target() -> None:
    shown = subprocess.run(["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert {line.split()[1] for line in shown.splitlines() if line.startswith("make ")} == targets().keys()


def test_ci_runs_make_and_nothing_else() -> None:
    commands = [line for line in read(Path(".ci/run")).splitlines() if line and not line.startswith("#")]
    assert commands == ["set -euo pipefail", 'cd "$(dirname "$0")/.."', "make lint test"]


def test_every_script_the_makefile_calls_exists() -> None:
    for name in re.findall(r"scripts/([a-z]+)", read(Path("Makefile"))):
        assert (ROOT / "scripts" / name).is_file(), name


def test_presets_cover_what_the_scripts_use() -> None:
    presets = {preset["name"] for preset in json.loads(read(Path("CMakePresets.json")))["configurePresets"]}
    assert presets >= {"release", "debug", "asan", "tsan", "fuzz", "tidy"}
    for script in (ROOT / "scripts").iterdir():
        for name in re.findall(r"scripts/build ([a-z]+)", script.read_text(encoding="utf-8")):
            assert name in presets or name.isupper(), f"{script.name} builds preset {name}"
