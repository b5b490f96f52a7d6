"""Which profiles are for a source, in which order, and which images are results of our own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import accel

if TYPE_CHECKING:
    from tests.python.support.layout import Layout
    from tests.support.registry import Registry

HEX = "0123456789abcdef" * 4

PROFILES: list[dict[str, Any]] = [
    {
        "name": "models",
        "match": {"repository": "models/**", "tag_regex": r"^v\d+$"},
        "only_if": {"min_size": "1GB"},
        "drivers": ["nydus", {"type": "zstdchunked", "config": {"dialect": "joint"}}],
        "target": "{host}/fast/{repository}:{tag}-{driver}",
        "cache": "{host}/cache/{name}:layers",
        "priority": 9,
    },
    {"match": {"repository": "models/**"}, "only_if": {"max_size": "5MB"}, "driver": "zstdchunked"},
    {"name": "arm", "match": {"registry": ["h.io", "*.example"], "platform": "linux/arm64"}, "driver": "estargz"},
    {"name": "late", "match": {"tag": "*-late"}, "driver": "nydus"},
]


def config(**converter: Any) -> accel.Config:
    return accel.Config.from_dict({"converter": converter})


def names(source: str, settings: accel.Config, **arguments: Any) -> list[str]:
    return [candidate.profile for candidate in accel.candidates(source, config=settings, **arguments)]


@pytest.mark.parametrize(
    ("source", "arguments", "expected"),
    [
        ("h.io/models/a/b:v1", {}, ["models", "profiles[1]", "arm"]),
        ("h.io/models/a:x", {}, ["profiles[1]", "arm"]),
        ("x.example/app:1", {}, ["arm"]),
        ("x.example/app:1", {"platform": "linux/amd64"}, ["default"]),
        ("other.io/models/a:v1", {}, ["models", "profiles[1]", "default"]),
        ("other.io/app:1-late", {}, ["late"]),
        ("other.io/app:1", {}, ["default"]),
        ("oci:layout:v1", {}, ["default"]),
    ],
)
def test_candidates_are_those_that_match_up_to_the_first_without_condition(
    source: str, arguments: dict[str, Any], expected: list[str]
) -> None:
    assert names(source, config(profiles=PROFILES, driver="estargz"), **arguments) == expected


def test_a_candidate_has_all_that_a_task_needs() -> None:
    first, second, _ = accel.candidates("h.io/models/a:v1", config=config(profiles=PROFILES, driver="estargz"))
    assert (first.priority, first.plan.cache, first.conditional) == (9, "h.io/cache/a:layers", True)
    assert [(target.driver, target.location, dict(target.options)) for target in first.plan.targets] == [
        ("nydus", "h.io/fast/models/a:v1-nydus", {}),
        ("zstdchunked", "h.io/fast/models/a:v1-zstdchunked", {"dialect": "joint"}),
    ]
    assert first.refusal(999_999_999) == "its 999999999 bytes are below min_size 1000000000"
    assert first.refusal(10**9) == ""
    assert second.refusal(5_000_001) == "its 5000001 bytes are above max_size 5000000"
    assert second.refusal(0) == ""


def test_the_rules_of_the_reference_are_the_default_profile() -> None:
    settings = config(driver="nydus", rules=[{"tag_suffix": "-nydus"}, {"cache_tag": "nydus-cache"}])
    (candidate,) = accel.candidates("h.io/nginx:test", config=settings)
    assert (candidate.profile, candidate.plan.cache, candidate.priority) == ("default", "h.io/nginx:nydus-cache", 0)
    assert [target.location for target in candidate.plan.targets] == ["h.io/nginx:test-nydus"]
    assert candidate.refusal(10**15) == ""
    (candidate,) = accel.candidates(f"h.io/nginx@sha256:{HEX}", config=settings)
    assert [target.location for target in candidate.plan.targets] == [f"h.io/nginx:sha256-{HEX}-nydus"]


def test_no_profile_and_no_rule_are_errors_that_say_which_were_tried() -> None:
    with pytest.raises(accel.ConfigError, match=r"tried models, profiles\[1\], arm, late"):
        names("other.io/app:1", config(profiles=PROFILES))
    with pytest.raises(accel.ConfigError, match=r"no rule .* \(tried cache_tag: c\)"):
        names("other.io/app:1", config(driver="estargz", rules=[{"cache_tag": "c"}]))


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("h.io/fast/models/a:v1-nydus", "template"),
        ("h.io/fast/models/deep/a:v1-zstdchunked", "template"),
        ("h.io/fast/models/a:v1-estargz", "-estargz"),
        ("h.io/app:1-nydus", "-nydus"),
        ("h.io/cache/a:layers", "cache tag"),
        ("h.io/app:1", ""),
        ("h.io/fast/app:1", ""),
        (f"h.io/app@sha256:{HEX}", ""),
        ("oci:dir:1-nydus", ""),
    ],
)
def test_results_are_known_by_their_names(reference: str, reason: str) -> None:
    made = accel.made_here(reference, config(profiles=PROFILES, driver="estargz"))
    assert reason in made
    assert bool(made) == bool(reason)


@pytest.mark.parametrize(
    ("template", "reference", "known"),
    [
        ("{host}/{repository}:{tag}", "h.io/any:1", False),
        ("mirror.io/{repository}:{tag}", "mirror.io/any/thing:1", True),
        ("mirror.io/{repository}:{tag}", "h.io/any:1", False),
        ("mirror.io/{name}", "mirror.io/app:latest", True),
        ("mirror.io/{name}", "mirror.io/app:1", False),
        ("{host}/{name}:{tag}", "h.io/team/app:1", False),
    ],
)
def test_templates_are_read_backwards(template: str, reference: str, known: bool) -> None:
    settings = config(profiles=[{"name": "p", "driver": "estargz", "target": template}])
    assert bool(accel.made_here(reference, settings)) == known


def test_the_size_of_the_image_decides(registry: Registry, layout: Layout, image: str) -> None:
    source = registry.reference("profiles/app:1")
    accel.copy(image, source)
    size = sum(layer.size for layer in accel.open(source).layers)

    def plan(**only_if: int) -> accel.Plan:
        first = {"name": "sized", "only_if": only_if, "driver": "zstdchunked"}
        return accel.plan(source, config=config(profiles=[first], driver="estargz"))

    assert plan(min_size=size).targets[0].driver == "zstdchunked"
    assert plan(min_size=size + 1).targets[0].driver == "estargz"
    assert plan(max_size=size).targets[0].driver == "zstdchunked"
    assert plan(max_size=size - 1).targets[0].driver == "estargz"
    with pytest.raises(accel.ConfigError, match=f"sized: its {size} bytes are above max_size 1"):
        accel.plan(source, config=config(profiles=[{"name": "sized", "only_if": {"max_size": 1}, "driver": "estargz"}]))
