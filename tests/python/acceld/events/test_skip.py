"""Which pushes are left alone, and why."""

from __future__ import annotations

import base64
from typing import Any

import pytest

import accel
from acceld.events.artifact import recognise
from acceld.events.event import Event
from acceld.events.skip import SkipRules

HEX = "0123456789abcdef" * 4
AUTH = base64.b64encode(b"robot$lib+accel:secret").decode()

CONFIG: dict[str, Any] = {
    "provider": {
        "source": {
            "h.io": {"auth": AUTH, "webhook": {"ignore_operators": ["accel-user"]}},
            "person.io": {"auth": base64.b64encode(b"admin:secret").decode()},
        }
    },
    "converter": {
        "driver": "nydus",
        "rules": [{"tag_suffix": "-nydus"}, {"cache_tag": "nydus-cache"}],
        "profiles": [
            {
                "name": "fast",
                "match": {"repository": "shop/**"},
                "drivers": ["estargz", "zstdchunked"],
                "target": "{host}/fast/{repository}:{tag}-{driver}",
                "cache": "{host}/cache/{name}:layers",
            }
        ],
    },
}


def reason(reference: str, *, converter: dict[str, Any] | None = None, **values: Any) -> str:
    config = accel.Config.from_dict({**CONFIG, "converter": {**CONFIG["converter"], **(converter or {})}})
    event = Event(sender="harbor", delivery="1", reference=accel.Reference.parse(reference), **values)
    return SkipRules.of(config).reason(event)


@pytest.mark.parametrize(
    ("reference", "values", "expected"),
    [
        ("h.io/a:1", {"operator": "robot$lib+accel"}, "own account"),
        ("h.io/a:1", {"operator": "accel-user"}, "own account"),
        (f"h.io/a:sha256-{HEX}.sig", {}, "a signature"),
        (f"h.io/a:sha256-{HEX}.att", {}, "an attestation"),
        (f"h.io/a:sha256-{HEX}.sbom", {}, "an SBOM"),
        (f"h.io/a:sha256-{HEX}", {}, "a list of referrers"),
        ("h.io/a:1", {"media_type": "application/vnd.cncf.notary.signature"}, "a signature, not an image"),
        (f"h.io/a@sha256:{HEX}", {}, "pushed without a tag"),
        ("h.io/a:1-nydus", {}, "already ends with -nydus"),
        (f"h.io/a:sha256-{HEX}-nydus", {}, "already ends with -nydus"),
        ("h.io/a:nydus-cache", {}, "cache tag"),
        ("h.io/fast/shop/app:v1-estargz", {}, "it is what the template"),
        ("h.io/fast/shop/app:v1-zstdchunked", {}, "it is what the template"),
        ("h.io/cache/app:layers", {}, "cache tag"),
    ],
)
def test_pushes_that_need_nothing_have_a_reason(reference: str, values: dict[str, Any], expected: str) -> None:
    assert expected in reason(reference, **values)
    assert reason(reference, asked=True, **values) == ""


@pytest.mark.parametrize(
    ("reference", "values"),
    [
        ("h.io/a:1", {}),
        ("h.io/a:1", {"operator": "admin"}),
        ("other.io/a:1", {"operator": "robot$lib+accel"}),  # another registry's robot of the same name
        ("person.io/a:1", {"operator": "admin"}),  # a person may push images as well
        ("h.io/a:1", {"media_type": "application/vnd.oci.image.manifest.v1+json"}),
        ("h.io/a:1-nydus-debug", {}),
        ("h.io/a:sha256-abc.sig", {}),
        ("h.io/fast/app:v1", {}),
    ],
)
def test_pushes_of_images_have_none(reference: str, values: dict[str, Any]) -> None:
    assert reason(reference, **values) == ""


def test_pushes_without_tag_can_be_asked_for() -> None:
    assert reason(f"h.io/a@sha256:{HEX}", converter={"untagged": True}) == ""


OCI_CONFIG = {"mediaType": "application/vnd.oci.image.config.v1+json"}
EMPTY_CONFIG = {"mediaType": "application/vnd.oci.empty.v1+json"}
LAYER = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip"}
SUBJECT = {"digest": f"sha256:{HEX}"}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"config": {"mediaType": "application/vnd.docker.container.image.v1+json"}, "layers": [LAYER]}, ""),
        ({"config": OCI_CONFIG, "layers": [LAYER]}, ""),
        ({"config": OCI_CONFIG, "layers": [LAYER], "artifactType": OCI_CONFIG["mediaType"]}, ""),
        ({"schemaVersion": 2}, ""),
        ({"manifests": [{"platform": {}}, {"annotations": {"vnd.docker.reference.type": "attestation-manifest"}}]}, ""),
        ({"manifests": []}, ""),
        (
            {"config": OCI_CONFIG, "layers": [{"mediaType": "application/vnd.dev.cosign.simplesigning.v1+json"}]},
            "a signature",
        ),
        ({"artifactType": "application/vnd.cncf.notary.signature", "config": EMPTY_CONFIG}, "a signature"),
        ({"artifactType": "application/vnd.dev.sigstore.bundle.v0.3+json", "subject": SUBJECT}, "a signature"),
        ({"config": {"mediaType": "application/vnd.cncf.notary.signature"}}, "a signature"),
        ({"config": EMPTY_CONFIG, "layers": [{"mediaType": "application/spdx+json"}]}, "an SBOM"),
        ({"artifactType": "application/vnd.goharbor.harbor.sbom.v1", "config": EMPTY_CONFIG}, "an SBOM"),
        ({"config": OCI_CONFIG, "layers": [{"mediaType": "application/vnd.in-toto+json"}]}, "an attestation"),
        ({"config": {"mediaType": "application/vnd.cncf.helm.config.v1+json"}}, "a Helm chart"),
        ({"artifactType": "application/x.own", "config": EMPTY_CONFIG}, "an artifact of type application/x.own"),
        ({"config": {"mediaType": "application/x.own"}}, "an artifact with a config of type application/x.own"),
        ({"config": OCI_CONFIG, "layers": [LAYER], "subject": SUBJECT}, "an accessory"),
        (
            {"config": OCI_CONFIG, "annotations": {"containerd.io/snapshot/nydus-cache-version": "v1"}},
            "a cache image",
        ),
        ({"manifests": [{"artifactType": "application/vnd.cncf.notary.signature"}]}, "a list of referrers"),
        ({"manifests": [{"annotations": {"vnd.docker.reference.type": "attestation-manifest"}}]}, "attestations"),
        ({"manifests": [], "artifactType": "application/x.own"}, "an index of type application/x.own"),
    ],
)
def test_manifests_are_what_they_say(document: dict[str, Any], expected: str) -> None:
    found = recognise(document)
    assert found.driver == ""
    if not expected:
        assert (found.what, found.skip) == ("an image", "")
    assert found.what.startswith(expected)
    assert bool(found.skip) == bool(expected)


BOOTSTRAP = {**LAYER, "annotations": {"containerd.io/snapshot/nydus-bootstrap": "true"}}
NYDUS_CHILD = {"artifactType": "application/vnd.nydus.image.manifest.v1+json"}
HARBOR = {"io.goharbor.artifact.v1alpha1.acceleration.driver.name": "estargz"}


@pytest.mark.parametrize(
    ("document", "driver"),
    [
        ({"config": OCI_CONFIG, "layers": [LAYER, BOOTSTRAP]}, "nydus"),
        ({"config": OCI_CONFIG, "layers": [LAYER, BOOTSTRAP], "subject": SUBJECT}, "nydus"),
        ({"config": {"mediaType": "application/vnd.nydus.image.config.v1+json"}}, "nydus"),
        ({"config": OCI_CONFIG, "annotations": HARBOR}, "estargz"),
        ({"manifests": [{}, NYDUS_CHILD]}, "nydus"),
        ({"manifests": [{"annotations": HARBOR}]}, "another format"),
    ],
)
def test_converted_images_are_recognised_by_their_manifest(document: dict[str, Any], driver: str) -> None:
    found = recognise(document)
    assert (found.driver, found.skip) == (driver, f"already converted: it is {driver}")


@pytest.mark.parametrize(
    "document",
    [
        {"config": [], "layers": {}, "annotations": 1, "artifactType": None, "subject": "x"},
        {"layers": [1, None, {"annotations": []}]},
        {"manifests": "x"},
        {"manifests": [1, {"annotations": 5, "artifactType": {}}]},
    ],
)
def test_nonsense_says_nothing(document: dict[str, Any]) -> None:
    assert recognise(document).skip == ""
