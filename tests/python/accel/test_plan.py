"""What a conversion will do is settled, or refused, before anything is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import accel

if TYPE_CHECKING:
    from pathlib import Path

PROFILES = [
    {"name": "arm", "match": {"platform": "linux/arm64", "repository": "arm/**"}, "driver": "zstdchunked"},
    {
        "name": "releases",
        "match": {"registry": "h.io", "tag_regex": r"^v\d+$"},
        "driver": "estargz",
        "target": "r/{name}:x",
    },
    {
        "name": "team",
        "match": {"repository": ["team/*", "crew/*"], "tag": "*-rc"},
        "drivers": ["estargz", "zstdchunked"],
    },
]


def config(**converter: Any) -> accel.Config:
    return accel.Config.from_dict({"converter": converter})


def test_plan_holds_everything_a_conversion_needs() -> None:
    settings = config(
        driver={"type": "estargz", "config": {"compression_level": 9, "docker2oci": True}},
        platforms="linux/amd64,linux/arm64",
        harbor_annotation=True,
        rules=[{"tag_suffix": "-x"}],
    )
    assert accel.plan("h.io/a:1", config=settings) == accel.Plan(
        source="h.io/a:1",
        targets=(accel.PlannedTarget("estargz", {"compression_level": "9"}, "h.io/a:1-x"),),
        platforms=("linux/amd64", "linux/arm64"),
        docker_to_oci=True,
        harbor_annotation=True,
    )


def test_without_anything_the_driver_is_estargz() -> None:
    assert [target.driver for target in accel.plan("h.io/a:1").targets] == ["estargz"]


def test_named_drivers_replace_those_of_the_configuration_and_keep_their_options() -> None:
    settings = config(driver={"type": "estargz", "config": {"compression_level": "3", "chunk_size": "1048576"}})
    plan = accel.plan(
        "h.io/a:1",
        "h.io/b:{driver}",
        driver=["zstdchunked", "estargz"],
        options={"estargz.compression_level": 5},
        config=settings,
    )
    assert [(target.driver, target.location) for target in plan.targets] == [
        ("zstdchunked", "h.io/b:zstdchunked"),
        ("estargz", "h.io/b:estargz"),
    ]
    assert plan.targets[0].options == {}
    assert plan.targets[1].options == {"compression_level": "5", "chunk_size": "1048576"}


@pytest.mark.parametrize(
    ("source", "arguments", "targets"),
    [
        ("h.io/arm/deep/app:1", {}, [("zstdchunked", "h.io/arm/deep/app:1-zstdchunked")]),
        ("h.io/any:v12", {}, [("estargz", "docker.io/r/any:x")]),
        (
            "h.io/team/app:2-rc",
            {},
            [("estargz", "h.io/team/app:2-rc-estargz"), ("zstdchunked", "h.io/team/app:2-rc-zstdchunked")],
        ),
        ("h.io/arm/app:v1", {"platform": "linux/amd64"}, [("estargz", "docker.io/r/app:x")]),
    ],
)
def test_first_profile_that_matches_decides(
    source: str, arguments: dict[str, Any], targets: list[tuple[str, str]]
) -> None:
    plan = accel.plan(source, config=config(profiles=PROFILES), **arguments)
    assert [(target.driver, target.location) for target in plan.targets] == targets


def test_profile_s_platforms_limit_the_conversion() -> None:
    settings = config(profiles=PROFILES, platforms="linux/amd64,linux/arm64")
    assert accel.plan("h.io/arm/app:1", config=settings).platforms == ("linux/arm64",)


def test_no_profile_is_an_error_that_says_which_were_tried() -> None:
    with pytest.raises(accel.ConfigError, match=r"no profile .* \(tried arm, releases, team\)"):
        accel.plan("h.io/none:1", config=config(profiles=PROFILES))


def test_without_a_matching_profile_the_plain_driver_is_used() -> None:
    settings = config(profiles=PROFILES, driver={"type": "zstdchunked"}, rules=[{"tag_suffix": "-z"}])
    (target,) = accel.plan("h.io/none:1", config=settings).targets
    assert (target.driver, target.location) == ("zstdchunked", "h.io/none:1-z")


def test_cache_follows_from_the_rules_and_can_be_named_or_left_out() -> None:
    settings = config(driver={"type": "estargz"}, rules=[{"tag_suffix": "-x"}, {"cache_tag": "c"}])
    for source in ("h.io/a:1", "h.io/a", f"h.io/a:1@sha256:{'1' * 64}", f"h.io/a@sha256:{'1' * 64}"):
        assert accel.plan(source, config=settings).cache == "h.io/a:c"
    assert accel.plan("h.io/a:1", cache="h.io/b:d", config=settings).cache == "h.io/b:d"
    assert accel.plan("h.io/a:1", cache="", config=settings).cache == ""
    assert accel.plan("h.io/a:1", "h.io/a:2").cache == ""


def test_cache_of_a_profile_is_its_template() -> None:
    profile = {"driver": "estargz", "cache": "{host}/caches/{name}:{driver}"}
    assert accel.plan("h.io/team/a:1", config=config(profiles=[profile])).cache == "h.io/caches/a:estargz"


def test_cache_of_the_configuration_is_for_registries() -> None:
    settings = config(driver={"type": "estargz"}, rules=[{"tag_suffix": "-x"}, {"cache_tag": "c"}])
    plan = accel.plan("oci:layout:a", config=settings)
    assert plan.cache == ""
    assert "cache image" in plan.notes[0]


def test_several_drivers_of_a_profile_share_one_cache() -> None:
    profile = {"drivers": ["estargz", "zstdchunked"], "cache": "h.io/a:{driver}"}
    with pytest.raises(accel.ConfigError, match="share one cache image"):
        config(profiles=[profile])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"driver": "soci"}, accel.UnsupportedError, "no driver 'soci'; its drivers are estargz, zstdchunked, nydus"),
        ({"driver": "estargz", "cache": "no cache"}, accel.InvalidReference, "no cache"),
        ({"driver": ["estargz", "estargz"]}, accel.ConfigError, "each driver once"),
        (
            {"driver": ["estargz", "zstdchunked"], "target": "h.io/b:1"},
            accel.ConfigError,
            "need {driver} in the target",
        ),
        ({"target": "h.io/b:{tag}"}, accel.ConfigError, "unknown field {tag}"),
        ({"target": "h.io/a:1"}, accel.ConfigError, "is the source"),
        ({"target": "h.io/a:b c"}, accel.InvalidReference, "b c"),
        ({"target": f"h.io/a@sha256:{'0' * 64}"}, accel.InvalidReference, "digest"),
        ({"target": "docker-archive:x.tar"}, accel.UnsupportedError, "docker-archive"),
        ({"platform": "linux"}, accel.ConfigError, "linux"),
        ({"options": {"nosuch": 1}}, accel.ConfigError, 'no option "nosuch"'),
        ({"options": {"compresion": "estargz"}}, accel.ConfigError, 'did you mean "compression"?'),
        ({"options": {"compression_level": "99"}}, accel.ConfigError, "compression_level"),
        ({"options": {"zstdchunked.compression_level": 1}}, accel.ConfigError, "which is not asked for"),
        ({"driver": ["estargz", "zstdchunked"], "options": {"nosuch": 1}}, accel.ConfigError, "none of the drivers"),
        ({"options": {"docker2oci": "perhaps"}}, accel.ConfigError, "true or false"),
        ({"options": {"record_file": "/absent"}}, accel.ConfigError, "record_file /absent: cannot read"),
    ],
)
def test_what_cannot_be_done_is_refused(arguments: dict[str, Any], error: type[accel.Error], message: str) -> None:
    with pytest.raises(error) as caught:
        accel.plan("h.io/a:1", **arguments)
    assert type(caught.value) is error
    assert message in str(caught.value)


def test_rule_that_gives_two_drivers_one_place_is_refused() -> None:
    settings = config(rules=[{"tag_suffix": "-same"}], driver={"type": "estargz"})
    with pytest.raises(accel.ConfigError, match="would both write"):
        accel.plan("h.io/a:1", driver=["estargz", "zstdchunked"], config=settings)


def test_options_reach_every_driver_that_has_them() -> None:
    plan = accel.plan(
        "h.io/a:1",
        driver=["estargz", "zstdchunked"],
        options={"compression": "estargz", "docker2oci": True, "zstdchunked": {"compression_level": 7}},
    )
    assert plan.targets[0].options == {"compression": "estargz"}
    assert plan.targets[1].options == {"compression_level": "7"}
    assert plan.docker_to_oci


def test_record_file_becomes_the_list_of_files(tmp_path: Path) -> None:
    record = tmp_path / "record.json"
    lines = [
        '{"path": "/bin/app", "layerIndex": 1}',
        "",
        '{"path": "bin/../etc/x"}',
        '{"path": "bin/app"}',
        '{"path": "#odd"}',
    ]
    record.write_text("\n".join(lines), encoding="utf-8")
    options = {"record_file": str(record), "prioritized_files": ["first"]}
    (target,) = accel.plan("h.io/a:1", options=options).targets
    assert target.options == {"prioritized_files": "first\nbin/app\netc/x\n./#odd"}


@pytest.mark.parametrize("line", ["no json", "[]", "{}", '{"path": 1}', '{"path": "a\\nb"}'])
def test_bad_record_file_is_refused_with_its_line(tmp_path: Path, line: str) -> None:
    record = tmp_path / "record.json"
    record.write_text('{"path": "a"}\n' + line, encoding="utf-8")
    with pytest.raises(accel.ConfigError, match=r"record\.json:2: want a JSON object"):
        accel.plan("h.io/a:1", options={"record_file": str(record)})
