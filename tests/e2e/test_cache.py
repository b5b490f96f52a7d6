"""The remote cache image between real processes and a real registry."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.python.support.images import noise, sample_image, sample_index
from tests.python.support.layout import Entry, Layout
from tests.support.command import Accelctl
from tests.support.fault_relay import Fault, FaultRelay, Seen
from tests.support.registry import Registry
from tests.support.registry_api import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DRIVERS = ("nydus", "estargz", "zstdchunked")
SOURCE_KEY = "containerd.io/snapshot/nydus-source-digest"
NOTHING = Fault("NONE", "^$")


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A repository that no other test uses."""
    return "cache/" + re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")


@pytest.fixture
def repository(registry: Registry, name: str) -> Repository:
    return Repository(registry, name)


@pytest.fixture
def relay(registry: Registry) -> Iterator[FaultRelay]:
    """Sees every request and changes none."""
    with FaultRelay(NOTHING, registry.port).running() as running:
        yield running


@pytest.fixture
def source(accelctl: Accelctl, layout: Layout, registry: Registry, name: str) -> str:
    """An image of three layers, the first of 300 KB; its `repo:tag`."""
    reference = f"{name}:app"
    accelctl("copy", "--all", sample_image(layout), registry.reference(reference)).succeeded()
    return reference


def convert(accelctl: Accelctl, place: Registry | FaultRelay, source: str, *more: str, to: str = "") -> dict[str, Any]:
    """Converts with the cache in the source's repository."""
    repository = source.partition(":")[0]
    target = place.reference(to or f"{repository}:fast")
    cache = place.reference(f"{repository}:cache")
    return accelctl("convert", place.reference(source), target, "--cache", cache, *more, "--output", "json").document


def cached(document: dict[str, Any]) -> list[bool]:
    return [layer["cached"] for layer in document["targets"][0]["layers"]]


def layer_downloads(requests: list[Seen], document: dict[str, Any]) -> list[str]:
    """Requests for bytes of source layers."""
    sources = {layer["source"] for layer in document["targets"][0]["layers"]}
    return [seen.path for seen in requests if seen.method == "GET" and seen.path.rpartition("/")[2] in sources]


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_warm_conversion_moves_no_layer(
    accelctl: Accelctl, relay: FaultRelay, registry: Registry, source: str, driver: str
) -> None:
    cold = convert(accelctl, relay, source, "--driver", driver)
    assert cached(cold) == [False] * 3
    assert cold["cache"]["misses"] == cold["cache"]["added"] == 3
    relay.seen.clear()
    warm = convert(accelctl, relay, source, "--driver", driver)
    assert warm["targets"][0]["digest"] == cold["targets"][0]["digest"]
    assert cached(warm) == [True] * 3
    assert (warm["cache"]["hits"], warm["cache"]["misses"], warm["cache"]["added"]) == (3, 0, 0)
    assert (warm["bytes"]["uploaded"], warm["bytes"]["mounted"]) == (0, 0)
    assert {seen.method for seen in relay.seen} == {"GET", "HEAD"}  # nothing is sent or mounted
    assert layer_downloads(relay.seen, warm) == []
    # Of the nydus blobs their ends are read, of other layers nothing.
    blobs = {layer["target"] for layer in warm["targets"][0]["layers"]}
    reads = [seen for seen in relay.seen if seen.method == "GET" and seen.path.rpartition("/")[2] in blobs]
    assert len(reads) == (3 if driver == "nydus" else 0)
    assert warm["bytes"]["read"] < 50_000
    accelctl("check", registry.reference(source), registry.reference(f"{source.partition(':')[0]}:fast")).succeeded()


def test_the_cache_image_is_what_the_reference_writes(
    accelctl: Accelctl, registry: Registry, repository: Repository, source: str
) -> None:
    made = convert(accelctl, registry, source, "--driver", "nydus")
    _, manifest = repository.manifest("cache")
    assert manifest["mediaType"] == "application/vnd.oci.image.manifest.v1+json"
    assert manifest["annotations"]["containerd.io/snapshot/nydus-cache-version"] == "v1"
    assert manifest["config"]["size"] == 2
    layers = made["targets"][0]["layers"]
    assert [layer["digest"] for layer in manifest["layers"]] == [layer["target"] for layer in layers]
    assert [layer["annotations"][SOURCE_KEY] for layer in manifest["layers"]] == [layer["source"] for layer in layers]


def test_two_platforms_have_an_index_that_runs_for_one_keep(
    accelctl: Accelctl, registry: Registry, repository: Repository, layout: Layout, name: str
) -> None:
    source = f"{name}:multi"
    accelctl("copy", "--all", sample_index(layout), registry.reference(source)).succeeded()
    made = convert(accelctl, registry, source, "--driver", "nydus")
    assert made["cache"]["misses"] == 4
    _, index = repository.manifest("cache")
    assert index["mediaType"] == "application/vnd.oci.image.index.v1+json"
    assert [child["platform"]["architecture"] for child in index["manifests"]] == ["amd64", "arm64"]
    assert all(cached(convert(accelctl, registry, source, "--driver", "nydus")))
    one = ("--driver", "estargz", "--platform", "linux/amd64")
    convert(accelctl, registry, source, *one, to=f"{name}:one")
    _, after = repository.manifest("cache")
    assert after["manifests"][1] == index["manifests"][1]
    assert after["manifests"][0]["digest"] != index["manifests"][0]["digest"]
    assert all(cached(convert(accelctl, registry, source, *one, to=f"{name}:one")))


def test_another_repository_mounts_the_layers(accelctl: Accelctl, relay: FaultRelay, source: str, name: str) -> None:
    cold = convert(accelctl, relay, source, "--driver", "nydus")
    relay.seen.clear()
    other = convert(accelctl, relay, source, "--driver", "nydus", to=f"{name}-other:fast")
    assert other["targets"][0]["digest"] == cold["targets"][0]["digest"]
    assert cached(other) == [True] * 3
    assert other["bytes"]["mounted"] == sum(layer["target_size"] for layer in other["targets"][0]["layers"])
    assert layer_downloads(relay.seen, other) == []
    assert sum(seen.method == "POST" and "mount=" in seen.path for seen in relay.seen) == 3
    accelctl("check", relay.reference(source), relay.reference(f"{name}-other:fast")).succeeded()


def test_a_changed_option_is_a_miss(accelctl: Accelctl, registry: Registry, source: str) -> None:
    first = convert(accelctl, registry, source, "--driver", "nydus")
    other = convert(accelctl, registry, source, "--driver", "nydus", "--option", "compressor=none")
    assert cached(other) == [False] * 3
    assert other["targets"][0]["digest"] != first["targets"][0]["digest"]
    assert cached(convert(accelctl, registry, source, "--driver", "nydus")) == [True] * 3


@pytest.mark.parametrize("driver", ["nydus", "estargz"])
def test_a_deleted_layer_is_converted_again(
    accelctl: Accelctl, registry: Registry, repository: Repository, source: str, driver: str
) -> None:
    first = convert(accelctl, registry, source, "--driver", driver)
    repository.delete_blob(first["targets"][0]["layers"][0]["target"])
    again = convert(accelctl, registry, source, "--driver", driver, "--verify")
    assert cached(again) == [False, True, True]
    assert again["targets"][0]["digest"] == first["targets"][0]["digest"]
    assert cached(convert(accelctl, registry, source, "--driver", driver)) == [True] * 3


def test_a_deleted_layer_that_nobody_needs_does_not_spoil_the_cache(
    accelctl: Accelctl, registry: Registry, repository: Repository, layout: Layout, source: str
) -> None:
    first = convert(accelctl, registry, source, "--driver", "estargz")
    repository.delete_blob(first["targets"][0]["layers"][0]["target"])
    name = source.partition(":")[0]
    other = layout.tag(layout.add_image([layout.add_layer([Entry("other", noise(1000, 9))])]), "other")
    accelctl("copy", "--all", other, registry.reference(f"{name}:other")).succeeded()
    made = convert(accelctl, registry, f"{name}:other", "--driver", "estargz")
    assert (made["cache"]["added"], made["cache"]["dropped"]) == (1, 1)
    assert cached(convert(accelctl, registry, f"{name}:other", "--driver", "estargz")) == [True]


def test_eight_processes_lose_no_record(
    accelctl: Accelctl, registry: Registry, repository: Repository, layout: Layout, name: str
) -> None:
    sources = []
    for number in range(8):
        image = layout.add_image([layout.add_layer([Entry(f"file{number}", noise(20_000, number))])])
        source = registry.reference(f"{name}:app{number}")
        accelctl("copy", "--all", layout.tag(image, f"app{number}"), source).succeeded()
        sources.append(source)
    cache = registry.reference(f"{name}:cache")
    running = [accelctl.start("convert", source, "--driver", "estargz", "--cache", cache) for source in sources]
    outcomes = [one.finish() for one in running]
    for outcome in outcomes:
        outcome.succeeded()
    _, manifest = repository.manifest("cache")
    kept = {layer["annotations"][SOURCE_KEY] for layer in manifest["layers"]}
    wanted = {repository.manifest(f"app{number}")[1]["layers"][0]["digest"] for number in range(8)}
    # docker-registry rewrites the file of a tag in place: a reader may find it empty and warn, and loses nothing by it.
    assert kept == wanted, [outcome.stderr for outcome in outcomes]


def test_a_refused_cache_is_a_warning(accelctl: Accelctl, registry: Registry, source: str) -> None:
    with FaultRelay(Fault("PUT", "/manifests/cache$", status=403), registry.port).running() as relay:
        repository = source.partition(":")[0]
        cache = relay.reference(f"{repository}:cache")
        outcome = accelctl("convert", relay.reference(source), "--driver", "estargz", "--cache", cache)
    outcome.succeeded()
    assert f"warning: cache {cache}: this conversion's layers are not added: " in outcome.stderr
    accelctl("check", registry.reference(source), registry.reference(f"{source}-estargz")).succeeded()


def test_a_damaged_record_costs_its_layer_only(
    accelctl: Accelctl, registry: Registry, repository: Repository, source: str
) -> None:
    first = convert(accelctl, registry, source, "--driver", "nydus")
    _, manifest = repository.manifest("cache")
    # A record that cannot be read, and one that names another blob.
    manifest["layers"][0]["annotations"]["io.acceleration-service.cache.layer"] = "{"
    manifest["layers"][1].update(repository.put_blob(noise(50_000, 3)))
    repository.put_manifest("cache", manifest)
    again = convert(accelctl, registry, source, "--driver", "nydus", "--verify")
    assert cached(again) == [False, False, True]
    assert again["targets"][0]["digest"] == first["targets"][0]["digest"]
    assert cached(convert(accelctl, registry, source, "--driver", "nydus")) == [True] * 3


def test_a_conversion_that_fails_with_cached_layers_succeeds_without(
    accelctl: Accelctl, registry: Registry, repository: Repository, source: str
) -> None:
    first = convert(accelctl, registry, source, "--driver", "estargz")
    _, manifest = repository.manifest("cache")
    manifest["layers"][0]["annotations"]["containerd.io/snapshot/stargz/toc.digest"] = "sha256:" + "0" * 64
    repository.put_manifest("cache", manifest)
    again = convert(accelctl, registry, source, "--driver", "estargz", "--verify")
    assert cached(again) == [False] * 3
    assert again["targets"][0]["digest"] == first["targets"][0]["digest"]


def test_an_image_under_the_cache_s_tag_is_left_alone(
    accelctl: Accelctl, registry: Registry, repository: Repository, source: str
) -> None:
    accelctl("copy", registry.reference(source), registry.reference(source.replace(":app", ":cache"))).succeeded()
    before = repository.manifest("cache")[0]
    convert(accelctl, registry, source, "--driver", "estargz")
    assert repository.manifest("cache")[0] == before


def test_cache_inspect_and_prune(accelctl: Accelctl, registry: Registry, repository: Repository, source: str) -> None:
    made = convert(accelctl, registry, source, "--driver", "nydus")
    cache = registry.reference(f"{source.partition(':')[0]}:cache")
    content = accelctl("cache", "inspect", cache, "--output", "json").document
    layers = made["targets"][0]["layers"]
    assert [one["source"] for one in content["records"]] == [layer["source"] for layer in layers]
    assert {(one["format"], one["platform"]) for one in content["records"]} == {("nydus", "linux/amd64")}
    table = accelctl("cache", "inspect", cache).stdout
    assert "single manifest, version v1, 3 records" in table

    repository.delete_blob(layers[1]["target"])
    dry = accelctl("cache", "prune", cache, "--dead", "--dry-run", "--output", "json").document
    assert (dry["records"], dry["dropped"], dry["dead"]) == (3, 1, 1)
    assert dry["digest"] == content["digest"]
    outcome = accelctl("cache", "prune", cache, "--dead")
    assert "1 of 3 records dropped, 1 of them dead" in outcome.stdout
    accelctl("cache", "prune", cache, "--keep", "1").succeeded()
    left = accelctl("cache", "inspect", cache, "--output", "json").document["records"]
    assert [one["source"] for one in left] == [layers[0]["source"]]
    error = accelctl("cache", "inspect", registry.reference(source)).failed()
    assert "is no cache image" in error
    assert "no cache image" in accelctl("cache", "inspect", registry.reference(f"{source}-none")).failed()


def test_a_configuration_s_rule_names_the_cache(
    accelctl: Accelctl, registry: Registry, repository: Repository, source: str, tmp_path: Path
) -> None:
    config = tmp_path / "c.yaml"
    settings = {
        "provider": {"cache_version": "v7", "cache_size": 2},
        "converter": {"driver": {"type": "estargz"}, "rules": [{"tag_suffix": "-fast"}, {"cache_tag": "remembered"}]},
    }
    config.write_text(json.dumps(settings), encoding="utf-8")
    accelctl("convert", "--config", str(config), registry.reference(source)).succeeded()
    _, manifest = repository.manifest("remembered")
    assert manifest["annotations"]["containerd.io/snapshot/nydus-cache-version"] == "v7"
    assert len(manifest["layers"]) == 2  # the lower ones


def test_documents_of_the_cache_are_kept_on_this_machine_as_far_as_there_is_room(
    accelctl: Accelctl, registry: Registry, repository: Repository, source: str, tmp_path: Path
) -> None:
    config = tmp_path / "c.yaml"
    blobs = tmp_path / "work/blobs/sha256"

    def convert_with(threshold: str) -> None:
        settings = {"provider": {"work_dir": str(tmp_path / "work"), "gcpolicy": {"threshold": threshold}}}
        config.write_text(json.dumps(settings), encoding="utf-8")
        convert(accelctl, registry, source, "--driver", "estargz", "--config", str(config))

    (tmp_path / "work").mkdir()
    convert_with("0")
    assert not blobs.exists()  # there was no cache to read
    convert_with("0")
    digest, _ = repository.manifest("cache")
    assert [path.name for path in blobs.iterdir()] == [digest.removeprefix("sha256:")]
    convert_with("1MB")
    assert len(list(blobs.iterdir())) == 1
    convert_with("1kB")
    assert not list(blobs.iterdir())
