"""The lock files are in step with pyproject.toml and with each other."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.meta.tree import ROOT

PIN = re.compile(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==(\S+)", re.MULTILINE)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def pins(lock: str) -> dict[str, str]:
    """Package → version of a lock file."""
    return dict(PIN.findall((ROOT / "requirements" / lock).read_text(encoding="utf-8")))


def wanted(*groups: str) -> set[str]:
    """Names of what the package needs, with these extras and groups."""
    lists = [PROJECT["project"]["dependencies"]]
    lists += [PROJECT["project"]["optional-dependencies"].get(group, []) for group in groups]
    lists += [PROJECT["dependency-groups"].get(group, []) for group in groups]
    texts = [text for entries in lists for text in entries if isinstance(text, str)]
    return {re.split(r"[^A-Za-z0-9-]", text, maxsplit=1)[0].lower() for text in texts}


@pytest.mark.parametrize(
    ("lock", "groups"),
    [
        ("run.txt", ("build",)),
        ("dev.txt", ("build", "dev", "service", "postgres", "otel")),
        ("service.txt", ("service", "postgres", "otel")),
    ],
)
def test_a_lock_pins_everything_that_is_wanted(lock: str, groups: tuple[str, ...]) -> None:
    assert wanted(*groups) - set(pins(lock)) == set(), f"make lock: requirements/{lock} is older than pyproject.toml"


@pytest.mark.parametrize("lock", ["run.txt", "service.txt"])
def test_what_runs_is_what_is_tested(lock: str) -> None:
    tested = pins("dev.txt")
    assert {name: version for name, version in pins(lock).items() if tested.get(name) != version} == {}
