"""Patterns of images."""

from __future__ import annotations

import pytest

from acceld.errors import PayloadError
from acceld.reconcile.pattern import Pattern

CONFIGURED = ["a.example", "b.example:5000", "localhost"]


@pytest.mark.parametrize(
    ("text", "hosts", "fits", "fits_not"),
    [
        ("**", CONFIGURED, ["a.example/x", "a.example/x/y"], []),
        ("a.example", ["a.example"], ["a.example/x/y"], ["b.example/x"]),
        ("b.example:5000", ["b.example:5000"], ["b.example:5000/x"], ["b.example/x"]),
        ("*.example", ["a.example"], ["a.example/x/y"], ["localhost/x"]),
        ("a.example/team/*", ["a.example"], ["a.example/team/x"], ["a.example/team/x/y", "a.example/other/x"]),
        ("a.example/team/**", ["a.example"], ["a.example/team/x/y"], ["a.example/other"]),
        ("**/nginx", CONFIGURED, ["a.example/nginx", "localhost/x/nginx"], ["a.example/nginx2"]),
        ("*/x", ["a.example", "b.example:5000", "localhost"], ["a.example/x"], ["a.example/y/x"]),
        ("c.example/**", [], ["c.example/x"], []),
    ],
)
def test_names(text: str, hosts: list[str], fits: list[str], fits_not: list[str]) -> None:
    pattern = Pattern.parse(text)
    assert pattern.hosts(CONFIGURED) == hosts
    assert [name for name in fits if not pattern.fits_repository(name)] == []
    assert [name for name in fits_not if pattern.fits_repository(name)] == []
    assert pattern.fits_tag("anything")


def test_tags() -> None:
    pattern = Pattern.parse("b.example:5000/team/**:v*")
    assert pattern.hosts(CONFIGURED) == ["b.example:5000"]
    assert pattern.fits_repository("b.example:5000/team/x")
    assert pattern.fits_tag("v1")
    assert not pattern.fits_tag("latest")


def test_a_pattern_that_names_one_repository_needs_no_list() -> None:
    assert Pattern.parse("a.example/team/x:*").repository == "a.example/team/x"
    assert Pattern.parse("a.example/team/*").repository == ""
    assert Pattern.parse("a.example").repository == ""


@pytest.mark.parametrize(
    "text", ["", "a b", "a\n", "a.example/", "a.example/:v1", "a.example/x:", "a.example/x@sha256:1", "x" * 801]
)
def test_what_fits_nothing_is_refused(text: str) -> None:
    with pytest.raises(PayloadError):
        Pattern.parse(text)
