"""Size, name and place of every file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.meta.tree import CPP, PYTHON, ROOT, code_files, modules, read, scripts

HARD_LIMIT = 500  # lines of any file of code, tests too
PAGE = (".js", ".css", ".html")
README_LIMIT = 40

# Files above the limit, each with the reason why it cannot be split by noun.
ALLOWED_ABOVE_LIMIT: dict[str, str] = {}

DRAWERS = {"utils", "util", "helpers", "helper", "common", "misc"}

UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def line_count(path: Path) -> int:
    return len(read(path).splitlines())


def name_faults(path: Path) -> list[str]:
    """What is wrong with the name of a source file, one sentence each."""
    faults = []
    parts = [*path.parts[:-1], path.stem]
    faults += [f"{path}: name the noun instead of '{part}'" for part in parts if part in DRAWERS]
    if not re.fullmatch(r"_{0,2}[a-z0-9]+(_[a-z0-9]+)*_{0,2}", path.stem):
        faults.append(f"{path}: file names are snake_case")
    if path.suffix in CPP and path.parts[0] == "tests":
        kind = path.parts[1]
        endings = {"cpp": "_test", "fuzz": "_fuzz"}
        support = "support" in path.parts
        if not support and path.suffix == ".cpp" and not path.stem.endswith(endings.get(kind, "")):
            faults.append(f"{path}: files here end in {endings[kind]}.cpp")
    return faults


def test_no_file_is_too_long() -> None:
    lines = {str(path): line_count(path) for path in code_files(*CPP, *PYTHON, *PAGE)}
    long = {path: count for path, count in lines.items() if count > HARD_LIMIT}
    excess = {path: lines for path, lines in long.items() if path not in ALLOWED_ABOVE_LIMIT}
    assert not excess, f"split these by noun (limit {HARD_LIMIT} lines): {excess}"


def test_allowed_long_files_are_still_long_and_have_a_reason() -> None:
    for name, reason in ALLOWED_ABOVE_LIMIT.items():
        assert reason
        assert line_count(Path(name)) > HARD_LIMIT, f"{name} is short enough now: take it off the list"


def test_names_follow_the_layout() -> None:
    faults = [fault for path in code_files(*CPP, *PYTHON) for fault in name_faults(path)]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    "name", ["cpp/accel/utils/text.cpp", "python/accel/helpers.py", "cpp/accel/io/File.cpp", "tests/cpp/io/file.cpp"]
)
def test_name_rules_find_faults(name: str) -> None:
    assert name_faults(Path(name))


def test_nothing_is_left_unfinished() -> None:
    paths = [
        *code_files(*CPP, *PYTHON, *PAGE, ".pyi", ".cmake", ".txt"),
        *scripts(),
        Path("Makefile"),
        Path("CMakeLists.txt"),
    ]
    left = [
        f"{path}:{number}: {line.strip()}"
        for path in paths
        if not {"golden", "corpus"}.intersection(path.parts) and path.name != Path(__file__).name
        for number, line in enumerate(read(path).splitlines(), 1)
        if UNFINISHED.search(line)
    ]
    assert not left, "\n".join(left)


def test_every_cpp_test_mirrors_a_module() -> None:
    folders = {path.parts[2] for path in code_files(".cpp", under=("tests",)) if path.parts[1] == "cpp"}
    assert folders <= {*modules(), "support"}


def test_headers_are_included_once() -> None:
    unguarded = [str(path) for path in code_files(".hpp") if "#pragma once" not in read(path)]
    assert not unguarded


def test_headers_say_what_they_are_for() -> None:
    silent = [str(path) for path in code_files(".hpp", under=("cpp", "bindings")) if not read(path).startswith("///")]
    assert not silent, f"begin with a /// line that says what the file holds: {silent}"


@pytest.mark.parametrize("module", [f"cpp/accel/{name}" for name in modules()] + ["bindings"])
def test_module_has_a_short_readme(module: str) -> None:
    readme = ROOT / module / "README.md"
    assert readme.is_file(), f"{module} needs a README.md: purpose, main types, one example, what it must not know"
    assert len(readme.read_text(encoding="utf-8").splitlines()) <= README_LIMIT


def test_scripts_are_strict_and_say_what_they_do() -> None:
    for path in scripts():
        text = read(path)
        assert (ROOT / path).stat().st_mode & 0o111, f"{path} is not executable"
        if text.startswith("#!/usr/bin/env bash"):
            assert "set -euo pipefail" in text, f"{path} goes on after a failure"
            assert text.splitlines()[1].startswith("# "), f"{path}: say in line 2 what it is for"
