"""The main job between real registries."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.python.support.images import noise, sample_image, sample_index
from tests.python.support.layout import INDEX, MANIFEST, Entry, Layout
from tests.support.registry import Registry
from tests.support.registry_api import Repository

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.command import Accelctl

BOTH = ("--driver", "estargz", "--driver", "zstdchunked")


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A repository that no other test uses."""
    return "e2e/" + re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")


@pytest.fixture
def repository(registry: Registry, name: str) -> Repository:
    return Repository(registry, name)


@pytest.fixture
def source(accelctl: Accelctl, layout: Layout, registry: Registry, name: str) -> str:
    """An index of two platforms with attestations, in the registry."""
    reference = registry.reference(f"{name}:app")
    accelctl("copy", "--all", sample_index(layout), reference).succeeded()
    return reference


def test_an_index_becomes_every_format_in_one_pass(
    accelctl: Accelctl, source: str, repository: Repository, layout: Layout
) -> None:
    template = source.replace(":app", ":fast-{driver}")
    document = accelctl("convert", source, template, *BOTH, "--verify", "--output", "json").document
    assert repository.tags() == {"app", "fast-estargz", "fast-zstdchunked"}
    before = repository.manifest("app")[1]
    for made in document["targets"]:
        digest, index = repository.manifest(made["reference"].rpartition(":")[2])
        assert digest == made["digest"]
        # Two platforms; the attestations follow the images they speak of.
        platforms = [entry["platform"] for entry in index["manifests"]]
        assert platforms == [entry["platform"] for entry in before["manifests"]]
        images = {entry["digest"] for entry in index["manifests"][:2]}
        spoken_of = {entry["annotations"]["vnd.docker.reference.digest"] for entry in index["manifests"][2:]}
        assert spoken_of == images
        accelctl("check", source, made["reference"]).succeeded()


def test_the_json_document_holds_what_the_interface_promises(accelctl: Accelctl, source: str) -> None:
    document = accelctl("convert", source, "--output", "json").document
    assert document["source"].keys() >= {"reference", "digest", "size"}
    assert document["elapsed"].keys() >= {"total", "pull", "convert", "push"}
    assert document["bytes"].keys() >= {"read", "written", "uploaded", "mounted"}
    (target,) = document["targets"]
    assert target["driver"] == "estargz"
    assert target["reference"] == f"{source}-estargz"
    assert target["media_type"] == INDEX
    assert target["size"] > sum(layer["target_size"] for layer in target["layers"])
    for layer in target["layers"]:
        assert layer["platform"] in {"linux/amd64", "linux/arm64/v8"}
        assert layer["source"].startswith("sha256:")
        assert layer["target"].startswith("sha256:")
        assert layer["source_size"] > 0
        assert layer["target_size"] > 0
        assert layer["cached"] is False


def test_platform_takes_one_of_two(accelctl: Accelctl, source: str, repository: Repository) -> None:
    accelctl("convert", source, "--platform", "linux/arm64").succeeded()
    _, manifest = repository.manifest("app-estargz")
    images = manifest.get("manifests", [{"platform": {"architecture": "arm64"}}])
    kept = [entry["platform"]["architecture"] for entry in images if entry["platform"]["architecture"] != "unknown"]
    assert kept == ["arm64"]
    refused = accelctl("convert", source, f"{source}-none", "--platform", "linux/s390x", "--progress", "none")
    assert refused.code == 2
    assert "linux/s390x" in refused.error
    assert "linux/amd64" in refused.error  # what there is instead
    assert repository.tags() == {"app", "app-estargz"}


def test_an_image_that_was_converted_is_taken_over(accelctl: Accelctl, source: str, repository: Repository) -> None:
    accelctl("convert", source).succeeded()
    document = accelctl("convert", f"{source}-estargz", f"{source}-again", "--output", "json").document
    assert document["targets"][0]["skipped"] is True
    assert document["bytes"]["uploaded"] < 10_000  # documents, no layers
    assert repository.manifest("app-again") == repository.manifest("app-estargz")


def test_a_dry_run_writes_nothing(accelctl: Accelctl, source: str, repository: Repository) -> None:
    accelctl("convert", source, *BOTH, source.replace(":app", ":{driver}"), "--dry-run").succeeded()
    assert repository.tags() == {"app"}


def test_a_failure_leaves_the_tag_as_it_was(
    accelctl: Accelctl, tmp_path: Path, source: str, repository: Repository
) -> None:
    accelctl("convert", source).succeeded()
    before = repository.manifest("app-estargz")
    other = Layout(tmp_path / "other")
    layer = other.add_layer([Entry("file", noise(2_000_000, 3))])
    other.blob_path(layer.descriptor["digest"]).write_bytes(b"not what it was")
    other.tag(other.add_image([layer]), "app")
    accelctl("convert", other.location("app"), f"{source}-estargz", "--progress", "none").failed()
    assert repository.manifest("app-estargz") == before


def test_an_image_of_120_layers(accelctl: Accelctl, layout: Layout, registry: Registry, name: str) -> None:
    layers = [layout.add_layer([Entry(f"etc/file-{number}", noise(500, number))]) for number in range(120)]
    location = layout.tag(layout.add_image(layers), "app")
    target = registry.reference(f"{name}:app")
    document = accelctl("convert", location, target, "--verify", "--output", "json").document
    assert len(document["targets"][0]["layers"]) == 120


def test_referrers_go_with_their_image(
    accelctl: Accelctl, registry: Registry, source: str, repository: Repository, name: str
) -> None:
    subject, _ = repository.manifest("app")
    config = {"mediaType": "application/vnd.oci.empty.v1+json", **repository.put_blob(b"{}")}
    signature = {"mediaType": "application/vnd.example.signature", **repository.put_blob(b"signed")}
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": "application/vnd.example.signature",
        "config": config,
        "layers": [signature],
        "subject": {"mediaType": INDEX, "digest": subject, "size": 1},
    }
    digest = repository.put_manifest("signature", manifest)
    # docker-registry has no referrers API: the list lives under the fallback tag.
    entry = {
        "mediaType": MANIFEST,
        "digest": digest,
        "size": len(json.dumps(manifest)),
        "artifactType": manifest["artifactType"],
    }
    fallback = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}
    repository.put_manifest(subject.replace(":", "-"), fallback)
    mirror = Repository(registry, f"{name}/mirror")
    accelctl("copy", "--all", "--referrers", source, registry.reference(f"{name}/mirror:app")).succeeded()
    assert mirror.manifest("app")[0] == subject
    assert mirror.manifest(digest)[1] == manifest
    listed = mirror.manifest(subject.replace(":", "-"))[1]["manifests"]
    assert [found["digest"] for found in listed] == [digest]


def test_an_archive_is_made_from_a_registry_and_goes_back(accelctl: Accelctl, source: str, tmp_path: Path) -> None:
    archive = f"oci-archive:{tmp_path / 'app.tar'}:app"
    accelctl("convert", source, archive, "--verify").succeeded()
    accelctl("copy", "--all", archive, f"{source}-back").succeeded()
    accelctl("check", source, f"{source}-back").succeeded()


def test_progress_lines_come_before_the_result_and_not_among_it(
    accelctl: Accelctl, layout: Layout, tmp_path: Path
) -> None:
    outcome = accelctl("convert", sample_image(layout), f"oci:{tmp_path / 'target'}:app", "--output", "json")
    assert outcome.document["targets"]
    assert any(line.startswith("note: convert ") for line in outcome.stderr.splitlines())
