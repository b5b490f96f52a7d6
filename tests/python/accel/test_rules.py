"""Where results go: the table of service.md section 2, and what it does better than the reference."""

from __future__ import annotations

from typing import Any

import pytest

import accel
from accel import _rules, _templates

HEX = "0123456789abcdef" * 4
DIGEST = f"sha256:{HEX}"


def configuration(*rules: dict[str, str], **converter: Any) -> accel.Config:
    converter.setdefault("driver", {"type": "estargz"})
    return accel.Config.from_dict({"converter": {"rules": list(rules), **converter}})


def target_of(source: str, config: accel.Config | None = None, **arguments: Any) -> accel.PlannedTarget:
    (target,) = accel.plan(source, config=config, **arguments).targets
    return target


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("h.io/nginx:test", "h.io/nginx:test-fast"),
        ("h.io/nginx", "h.io/nginx:latest-fast"),
        (f"h.io/nginx:test@{DIGEST}", "h.io/nginx:test-fast"),
        (f"h.io/nginx@{DIGEST}", f"h.io/nginx:sha256-{HEX}-fast"),
        ("nginx", "docker.io/library/nginx:latest-fast"),
        ("localhost:5000/a/b:1", "localhost:5000/a/b:1-fast"),
        ("oci:dir:app", "oci:dir:app-fast"),
        ("oci:dir", "oci:dir:latest-fast"),
    ],
)
def test_tag_suffix_is_added_to_the_source_s_tag(source: str, target: str) -> None:
    planned = target_of(source, configuration({"tag_suffix": "-fast"}, {"cache_tag": "c"}))
    assert (planned.location, planned.done) == (target, "")


@pytest.mark.parametrize("driver", ["estargz", "zstdchunked"])
def test_without_a_configuration_the_driver_is_the_suffix(driver: str) -> None:
    assert target_of("h.io/nginx:1", driver=driver).location == f"h.io/nginx:1-{driver}"


def test_first_rule_with_a_value_decides_for_each_key() -> None:
    rules: list[dict[str, str]] = [
        {"cache_tag": "first-cache"},
        {"tag_suffix": ""},
        {"tag_suffix": "-one"},
        {"tag_suffix": "-two", "cache_tag": "second-cache"},
    ]
    config = configuration(*rules)
    assert target_of("h.io/a:1", config).location == "h.io/a:1-one"
    assert _rules.cache_tag(config.converter.rules) == "first-cache"


def test_tag_that_has_the_suffix_needs_nothing() -> None:
    planned = target_of("h.io/nginx:test-fast", configuration({"tag_suffix": "-fast"}))
    assert planned.location == "h.io/nginx:test-fast"
    assert "already ends with -fast" in planned.done


def test_tag_that_is_the_cache_tag_needs_nothing() -> None:
    planned = target_of("h.io/nginx:c", configuration({"tag_suffix": "-fast"}, {"cache_tag": "c"}))
    assert "cache tag" in planned.done


def test_given_target_is_used_even_when_the_tag_has_the_suffix() -> None:
    planned = target_of("h.io/nginx:a-fast", configuration({"tag_suffix": "-fast"}), target="h.io/other:x")
    assert (planned.location, planned.done) == ("h.io/other:x", "")


def test_no_rule_is_an_error_that_says_which_were_tried() -> None:
    with pytest.raises(accel.ConfigError, match="no rule of the configuration gives a target") as caught:
        accel.plan("h.io/nginx:1", config=configuration({"cache_tag": "c"}, {}))
    assert "tried cache_tag: c, an empty rule" in str(caught.value)


@pytest.mark.parametrize(("length", "fits"), [(128, True), (129, False)])
def test_tag_over_128_characters_is_refused_before_any_work(length: int, fits: bool) -> None:
    tag = "t" * (length - len("-fast"))
    config = configuration({"tag_suffix": "-fast"})
    if fits:
        assert target_of(f"h.io/a:{tag}", config).location.endswith("-fast")
        return
    with pytest.raises(accel.InvalidReference, match="has 129 characters, a tag may have 128"):
        accel.plan(f"h.io/a:{tag}", config=config)


def test_digest_of_another_algorithm_that_gives_too_long_a_tag_is_refused() -> None:
    with pytest.raises(accel.InvalidReference, match="a tag may have 128"):
        accel.plan(f"h.io/a@sha512:{HEX}{HEX}")


def test_archive_needs_a_target() -> None:
    with pytest.raises(accel.ConfigError, match="give the target"):
        accel.plan("docker-archive:app.tar")


@pytest.mark.parametrize(
    ("template", "target"),
    [
        ("{host}/{repository}:{tag}-{driver}", "h.io/team/app:1-estargz"),
        ("mirror.io/fast/{name}:{tag}", "mirror.io/fast/app:1"),
        ("mirror.io/{driver}/{repository}:latest", "mirror.io/estargz/team/app:latest"),
    ],
)
def test_profile_s_template_names_the_target(template: str, target: str) -> None:
    config = configuration(driver=None, profiles=[{"driver": "estargz", "target": template}])
    assert target_of("h.io/team/app:1", config).location == target


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("team/*", "team/app", True),
        ("team/*", "team/app/sub", False),
        ("team/**", "team/app/sub", True),
        ("**", "any/thing", True),
        ("v?", "v1", True),
        ("v?", "v10", False),
        ("v1.*", "v1.2", True),
        ("v1.*", "v1x2", False),
        ("[a]", "a", False),
        ("", "", True),
    ],
)
def test_globs(pattern: str, text: str, fits: bool) -> None:
    assert _templates.glob_matches(pattern, text) is fits


def test_template_fields_are_only_names() -> None:
    assert _templates.fill("a{x}b", {"x": "{x}"}) == "a{x}b"
    with pytest.raises(ValueError, match=r"unknown field \{x\.__class__\}"):
        _templates.fill("{x.__class__}", {"x": "1"})
