"""The configuration of the reference is read unchanged; everything wrong is named with its line."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

import accel
from accel import _environment

if TYPE_CHECKING:
    from pathlib import Path

AUTH = base64.b64encode(b"robot$a:pass:word").decode()

# All keys of the reference's file, with its kinds of values.
REFERENCE = f"""\
server:
  name: API
  host: 0.0.0.0
  port: 2077
metric:
  enabled: true
provider:
  source:
    hub.harbor.com:
      auth: {AUTH}
      insecure: false
      webhook:
        auth_header: header
    localhost:5000:
      auth:
      insecure: true
  work_dir: /tmp
  gcpolicy:
    threshold: 1000MB
  cache_size: 200
  cache_version: v1
converter:
  worker: 5
  harbor_annotation: true
  platforms: linux/amd64,linux/arm64
  driver:
    type: DRIVER
    config:
CONFIG
  rules:
    - tag_suffix: -converted
    - cache_tag: converted-cache
"""

ESTARGZ = REFERENCE.replace("DRIVER", "estargz").replace("CONFIG", "      docker2oci: true\n      compression: estargz")
NYDUS = REFERENCE.replace("DRIVER", "nydus").replace(
    "CONFIG",
    "      work_dir: /tmp\n      builder: nydus-image\n      rafs_version: 6\n      fs_chunk_size: 0x100000\n"
    "      merge_manifest: false\n      backend_config: '{\"a\": 1}'",
)
MINIMAL = "converter:\n  driver: {type: estargz}\n"


Load = Callable[..., accel.Config]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def load(text: str, **environment: str) -> accel.Config:
        path = tmp_path / "c.yaml"
        path.write_text(text, encoding="utf-8")
        return accel.Config.load(path, environment=environment)

    return load


@pytest.mark.parametrize("text", [ESTARGZ, NYDUS], ids=["estargz", "nydus"])
def test_file_of_the_reference_is_read_unchanged(load: Load, text: str) -> None:
    config = load(text)
    assert config.server.port == 2077
    assert config.metric.enabled
    assert config.provider.gcpolicy.threshold == 10**9
    assert config.provider.cache_version == "v1"
    assert config.provider.source["hub.harbor.com"].webhook.read_auth_header() == "header"
    assert config.provider.source["localhost:5000"].insecure
    assert config.converter.worker == 5
    assert config.converter.harbor_annotation
    assert config.converter.platforms == ("linux/amd64", "linux/arm64")
    assert [(rule.tag_suffix, rule.cache_tag) for rule in config.converter.rules] == [
        ("-converted", ""),
        ("", "converted-cache"),
    ]


def test_driver_options_stay_text(load: Load) -> None:
    driver = load(NYDUS).converter.driver
    assert driver is not None
    assert driver.config["rafs_version"] == "6"
    assert driver.config["fs_chunk_size"] == "0x100000"
    assert driver.config["merge_manifest"] == "false"


def test_zstdchunked_is_a_compression_of_estargz_as_in_the_reference(load: Load) -> None:
    text = ESTARGZ.replace("compression: estargz", "compression: zstdchunked")
    driver = load(text).converter.driver
    assert driver is not None
    assert driver.config["compression"] == "zstdchunked"


def test_settings_reach_the_registry_client(load: Load) -> None:
    options = _environment.registry_options(load(ESTARGZ)).hosts
    assert options["hub.harbor.com"].auth == AUTH
    assert options["localhost:5000"].insecure
    assert options["localhost:5000"].plain_http is None


def test_secrets_do_not_show(load: Load) -> None:
    config = load(ESTARGZ)
    assert AUTH not in repr(config)
    assert "header" not in repr(config.provider.source["hub.harbor.com"].webhook.auth_header)


def test_an_empty_file_gives_the_defaults(load: Load) -> None:
    assert load("") == accel.Config()
    assert load("").server.port == 2077


def test_variables_may_stand_for_any_value(load: Load) -> None:
    config = load("server: {port: '${PORT}'}\nmetric: {enabled: '${ON}'}", PORT="80", ON="false")
    assert (config.server.port, config.metric.enabled) == (80, False)


def test_secrets_may_stand_in_files_and_are_read_again(load: Load, tmp_path: Path) -> None:
    (tmp_path / "auth").write_text(f"{AUTH}\n", encoding="utf-8")
    (tmp_path / "header").write_text("first\n", encoding="utf-8")
    webhook = f"webhook: {{auth_header_file: {tmp_path}/header}}"
    text = f"provider:\n  source:\n    h:5000:\n      auth_file: {tmp_path}/auth\n      {webhook}"
    host = load(text).provider.source["h:5000"]
    assert host.read_auth() == AUTH
    assert host.webhook.read_auth_header() == "first"
    (tmp_path / "header").write_text("second", encoding="utf-8")
    assert host.webhook.read_auth_header() == "second"


@pytest.mark.parametrize(
    ("text", "threshold"), [("1000MB", 10**9), ("2MiB", 2**21), ("1.5 kB", 1500), ("7", 7), ("0", 0), ("3g", 3 * 10**9)]
)
def test_sizes_are_humanised(load: Load, text: str, threshold: int) -> None:
    assert load(f"provider: {{gcpolicy: {{threshold: {text}}}}}").provider.gcpolicy.threshold == threshold


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("15m", 900), ("24h", 86400), ("7d", 604800), ("1.5 h", 5400), ("45", 45)]
)
def test_durations_have_units(load: Load, text: str, seconds: float) -> None:
    assert load(f"queue: {{retention: {text}}}").queue.retention == seconds


@pytest.mark.parametrize("schedule", ["0 3 * * *", "*/5 1-3,7 1-31/2 12 0-7", "* * * * *"])
def test_settings_of_the_reconciliation(load: Load, schedule: str) -> None:
    found = load(f"reconciliation: {{schedule: '{schedule}', rate: 0.5}}").reconciliation
    assert (found.schedule, found.rate) == (schedule, 0.5)
    assert (load("").reconciliation.schedule, load("").reconciliation.rate) == ("", 20.0)


def test_settings_of_the_queue(load: Load) -> None:
    config = load(
        "queue: {url: 'postgresql://u:${PW}@h/db'}\n"
        "provider: {source: {h: {limits: {running: 2, per_minute: 30}, webhook: {ignore_operators: [a, b]}}}}",
        PW="secret",
    )
    assert config.queue.url.get_secret_value() == "postgresql://u:secret@h/db"
    assert "secret" not in repr(config)
    host = config.provider.source["h"]
    assert (host.limits.running, host.limits.per_minute, host.webhook.ignore_operators) == (2, 30, ("a", "b"))
    assert (load("").queue.lease, load("").queue.max_attempts, load("").queue.retention) == (30, 5, 86400)


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("servr: {}", ["c.yaml:1: servr: unknown key", "did you mean server", "accepted: server, metric"]),
        (
            "converter:\n  rules:\n    - tag_sufix: -x",
            ["c.yaml:3: converter.rules[0].tag_sufix: unknown key", "tag_suffix, cache_tag"],
        ),
        ("server:\n  port: many", ["c.yaml:2: server.port: want a whole number, got 'many'"]),
        ("server:\n  port: 70000", ["c.yaml:2: server.port:", "65535"]),
        ("metric:\n  enabled: maybe", ["c.yaml:2: metric.enabled: want true or false, got 'maybe'"]),
        ("server: 5", ["c.yaml:1: server: want a mapping with the keys name, host, port, uds"]),
        ("converter:\n  worker: 0", ["c.yaml:2: converter.worker:", "greater than or equal to 1"]),
        ("converter:\n  platforms: linux", ["c.yaml:2: converter.platforms", "linux"]),
        (
            "converter:\n  driver:\n    type: estargs",
            ["c.yaml:3: converter.driver.type: unknown driver 'estargs'", "accepted: estargz, zstdchunked, nydus"],
        ),
        ("converter:\n  driver:\n    config: {}", ["c.yaml:2: converter.driver.type: the key is required"]),
        (
            "converter:\n  driver:\n    type: estargz\n    config:\n      docker2oci: true\n      compresion: x",
            ["c.yaml:6: converter.driver.config.compresion:", "compression"],
        ),
        (
            "converter:\n  driver:\n    type: estargz\n    config:\n      compression: lzma",
            ["c.yaml:5: converter.driver.config.compression:", "lzma", "zstdchunked"],
        ),
        (
            "converter:\n  driver:\n    type: estargz\n    config:\n      docker2oci: perhaps",
            ["c.yaml:5: converter.driver.config.docker2oci:", "true or false"],
        ),
        (
            "converter:\n  rules:\n    - cache_tag: 'no tag'",
            ["c.yaml:3: converter.rules[0].cache_tag: 'no tag' is no tag"],
        ),
        ("converter:\n  rules:\n    - tag_suffix: -{drvr}", ["c.yaml:3:", "{drvr}", "accepted: {driver}"]),
        (
            "provider:\n  gcpolicy:\n    threshold: lots",
            ["c.yaml:3: provider.gcpolicy.threshold: want a size such as 1000MB"],
        ),
        ("provider:\n  source:\n    https://h: {}", ["c.yaml:3: provider.source.https://h: want a host"]),
        (
            "provider:\n  source:\n    h:\n      ca_file: /absent.pem",
            ["c.yaml:4: provider.source.h.ca_file: no such file: /absent.pem"],
        ),
        (
            "provider:\n  source:\n    h:\n      auth: c2VjcmV0",
            ["c.yaml:4: provider.source.h.auth: want base64 of user:password"],
        ),
        (
            "provider:\n  source:\n    h:\n      auth: '%%'",
            ["c.yaml:4: provider.source.h.auth: want base64 of user:password"],
        ),
        (
            "converter:\n  profiles:\n    - match: {tag_regex: '('}\n      driver: estargz",
            ["c.yaml:3: converter.profiles[0].match.tag_regex: not a regular expression"],
        ),
        ("converter:\n  profiles:\n    - name: p", ["c.yaml:3: converter.profiles[0]: give either driver or drivers"]),
        (
            "converter:\n  profiles:\n    - drivers: [estargz, zstdchunked]\n      target: x/y:z",
            ["several drivers need {driver} in target"],
        ),
        (
            "converter:\n  profiles:\n    - driver: estargz\n      target: '{hots}/x:y'",
            ["c.yaml:4: converter.profiles[0].target: unknown field {hots}", "{host}"],
        ),
        (
            "converter:\n  profiles:\n    - driver: estargz\n      only_if: {min_size: 2GB, max_size: 1GB}",
            ["c.yaml:4: converter.profiles[0].only_if: min_size is above max_size"],
        ),
        (
            "converter:\n  profiles:\n    - driver: estargz\n      only_if: {min_sise: 2GB}",
            ["c.yaml:4: converter.profiles[0].only_if.min_sise: unknown key; did you mean min_size?"],
        ),
        (
            "converter:\n  profiles:\n    - driver: estargz\n      priority: 5000",
            ["c.yaml:4: converter.profiles[0].priority:", "1000"],
        ),
        (
            "converter:\n  profiles:\n    - {name: p, driver: estargz}\n    - {name: p, driver: nydus}",
            ["c.yaml:2: converter.profiles: two profiles have the name 'p'"],
        ),
        (
            "converter:\n  profiles:\n    - {name: default, driver: estargz}",
            ["two profiles have the name 'default' (that is what driver and rules are called)"],
        ),
        ("queue:\n  lease: soon", ["c.yaml:2: queue.lease: want a duration such as 30s, 15m, 24h or 7d, got 'soon'"]),
        ("queue:\n  lease: 0s", ["c.yaml:2: queue.lease:", "greater than 0"]),
        (
            "reconciliation:\n  schedule: soon",
            ["c.yaml:2: reconciliation.schedule: want minute, hour, day, month and weekday", "got 'soon'"],
        ),
        ("reconciliation:\n  schedule: '61 * * * *'", ["c.yaml:2: reconciliation.schedule: want minute"]),
        ("reconciliation:\n  schedule: '* * * *'", ["c.yaml:2: reconciliation.schedule: want minute"]),
        ("reconciliation:\n  schedule: '5-1 * * * *'", ["c.yaml:2: reconciliation.schedule: want minute"]),
        ("reconciliation:\n  schedule: '*/0 * * * *'", ["c.yaml:2: reconciliation.schedule: want minute"]),
        ("reconciliation:\n  schedule: '0 0 * 13 *'", ["c.yaml:2: reconciliation.schedule: want minute"]),
        ("reconciliation:\n  schedule: '1, * * * *'", ["c.yaml:2: reconciliation.schedule: want minute"]),
        ("reconciliation:\n  rate: 0", ["c.yaml:2: reconciliation.rate:", "greater than 0"]),
        ("queue:\n  max_attempts: 0", ["c.yaml:2: queue.max_attempts:", "greater than or equal to 1"]),
        (
            "provider:\n  source:\n    h:\n      limits: {running: 0}",
            ["c.yaml:4: provider.source.h.limits.running:", "greater than or equal to 1"],
        ),
        ("a: 1\nb: 2", ["c.yaml:1: a: unknown key"]),
        ("server: {port: x}\nmetric: {enabled: x}", ["(and 1 more)"]),
        ("- 1", ["c.yaml:1: want a mapping with the keys server"]),
    ],
)
def test_faults_are_named_with_line_key_and_what_is_accepted(load: Load, text: str, messages: list[str]) -> None:
    with pytest.raises(accel.ConfigError) as caught:
        load(text)
    for message in messages:
        assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_bad_secret_is_not_repeated(load: Load) -> None:
    with pytest.raises(accel.ConfigError) as caught:
        load("provider: {source: {h: {auth: aHVudGVyMg==}}}")
    assert "aHVudGVyMg" not in str(caught.value)


@pytest.mark.parametrize(
    "settings",
    [
        {"auth": AUTH, "auth_file": __file__},
        {"client_cert": __file__},
        {"client_key": __file__},
        {"webhook": {"auth_header": "x", "auth_header_file": __file__}},
    ],
)
def test_settings_that_exclude_or_need_each_other(settings: dict[str, object]) -> None:
    with pytest.raises(accel.ConfigError, match=r"not both|go together"):
        accel.Config.from_dict({"provider": {"source": {"h": settings}}})


def test_a_missing_file_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(accel.ConfigError, match=r"absent\.yaml: cannot read the configuration: No such file"):
        accel.Config.load(tmp_path / "absent.yaml")


def test_settings_can_be_laid_over_for_the_registries_of_locations() -> None:
    config = accel.Config.from_dict({"provider": {"source": {"h:1": {"auth": AUTH}, "other": {}}}})
    changed = config.with_registries(["h:1/a:b", "oci:dir:x", "new/a"], insecure=True)
    assert changed.provider.source["h:1"].read_auth() == AUTH
    assert {host: settings.insecure for host, settings in changed.provider.source.items()} == {
        "h:1": True,
        "other": False,
        "docker.io": True,
    }
    assert not config.provider.source["h:1"].insecure
    with pytest.raises(accel.ConfigError, match="ca_file: no such file"):
        config.with_registries(["h:1/a"], ca_file="/absent")
