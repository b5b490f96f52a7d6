"""YAML with lines, variables and no surprises."""

from __future__ import annotations

from typing import Any

import pytest

import accel
from accel import _yaml

ENVIRONMENT = {"NAME": "value", "EMPTY": ""}


def parse(text: str) -> Any:
    return _yaml.parse(text, "c.yaml", ENVIRONMENT).data


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("", None),
        ("a: 1.10", {"a": "1.10"}),
        ("a: 0x1000", {"a": "0x1000"}),
        ("a: yes", {"a": "yes"}),
        ("a:", {"a": None}),
        ("a: ~", {"a": None}),
        ("a: [1, b]", {"a": ["1", "b"]}),
        ("a: ${NAME}", {"a": "value"}),
        ("a: x-${NAME}-${EMPTY}y", {"a": "x-value-y"}),
        ("a: '$${NAME}'", {"a": "${NAME}"}),
        ("a: $NAME $ {NAME}", {"a": "$NAME $ {NAME}"}),
        ("base: &b {x: 1, y: 2}\nc: {<<: *b, y: 3}", {"base": {"x": "1", "y": "2"}, "c": {"x": "1", "y": "3"}}),
        ("a: &l [1]\nb: *l", {"a": ["1"], "b": ["1"]}),
    ],
)
def test_scalars_stay_as_they_were_written(text: str, data: object) -> None:
    assert parse(text) == data


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: ]", "c.yaml:2: not valid YAML: "),
        ("a: 1\nb:\n  c: 2\n  c: 3", "c.yaml:4: b.c: the key stands twice, first in line 3"),
        ("a:\n  b: ${MISSING}", "c.yaml:2: a.b: environment variable MISSING is not set"),
        ("a: ${not-a-name}", "c.yaml:1: a: ${ begins no ${NAME}"),
        ("a: ${NAME", "c.yaml:1: a: ${ begins no ${NAME}"),
        ("[x]: 1", "c.yaml:1: a key must be a plain word"),
        ("a: {<<: [1]}", "<< wants a mapping"),
        ("a: &a [*a]", "nested too deeply"),
        ("- " * 40 + "x", "nested too deeply"),
        ("a: 1\n---\nb: 2", "not valid YAML"),
    ],
)
def test_bad_documents_are_refused_with_line_and_key(text: str, message: str) -> None:
    with pytest.raises(accel.ConfigError) as caught:
        parse(text)
    assert message in str(caught.value)


def test_aliases_cannot_multiply_without_end() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(accel.ConfigError, match="too large"):
        parse("\n".join(lines))


def test_a_value_that_looks_like_a_secret_is_not_repeated_in_errors() -> None:
    with pytest.raises(accel.ConfigError) as caught:
        parse("auth: ${hunter2")
    assert "hunter2" not in str(caught.value)


def test_place_of_a_missing_key_is_the_nearest_that_is_there() -> None:
    document = _yaml.parse("\na:\n  - b: 1", "c.yaml", {})
    assert document.place(("a", 0, "b")) == "c.yaml:3"
    assert document.place(("a", 0, "absent", "deeper")) == "c.yaml:3"
    assert document.place(("absent",)) == "c.yaml:2"
    assert _yaml.key_name(("a", 0, "b")) == "a[0].b"
