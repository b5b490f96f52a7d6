"""One version number: pyproject.toml. Everything else repeats it."""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from pathlib import Path

import accel
from tests.meta.tree import ROOT, read

PROJECT = tomllib.loads(read(Path("pyproject.toml")))
VERSION = PROJECT["project"]["version"]

HEADING = re.compile(r"^## \[(?P<version>[^\]]+)\](?: - (?P<date>\d{4}-\d{2}-\d{2}))?$", re.MULTILINE)
SECTIONS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def headings() -> list[tuple[str, str | None]]:
    return [(match["version"], match["date"]) for match in HEADING.finditer(read(Path("CHANGELOG.md")))]


def test_python_package_has_the_version() -> None:
    assert accel.__version__ == VERSION


def test_extension_module_was_compiled_with_the_version() -> None:
    from accel import _core

    assert _core.__version__ == VERSION


def test_installed_metadata_has_the_version() -> None:
    assert importlib.metadata.version("acceleration-service") == VERSION


def test_version_is_semantic() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", VERSION)


def test_build_requirements_are_those_of_the_lock() -> None:
    assert PROJECT["build-system"]["requires"] == PROJECT["dependency-groups"]["build"]


def test_lock_files_pin_every_package_with_hashes() -> None:
    for lock in sorted((ROOT / "requirements").glob("*.txt")):
        requirements = lock.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
        for line in (line for line in requirements if line and not line.startswith("#")):
            assert re.match(r"[a-z0-9-]+==\S+ .*--hash=sha256:", line), f"{lock.name}: {line[:60]}"


def test_changelog_begins_with_unreleased() -> None:
    assert headings()[0] == ("Unreleased", None)


def test_changelog_has_the_version_or_is_about_to() -> None:
    """A released version has a dated heading; the first one is still on its way while it has none."""
    released = [version for version, _ in headings()[1:]]
    assert all(date for _, date in headings()[1:]), "released versions have a date"
    assert not released or released[0] == VERSION


def test_changelog_groups_changes_by_kind() -> None:
    kinds = re.findall(r"^### (.+)$", read(Path("CHANGELOG.md")), re.MULTILINE)
    assert kinds
    assert set(kinds) <= SECTIONS
