"""What a manifest is: an image, or something that only looks like one to a webhook. Decided by what it says.

Spec: service.md section 2 (b).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import accel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

IMAGE_CONFIGS = {
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
}

# Media types of artifacts, configs or layers, and what they show a manifest to be.
NOT_IMAGES = {
    "application/vnd.dev.cosign.simplesigning.v1+json": "a signature",
    "application/vnd.dev.cosign.artifact.sig.v1+json": "a signature",
    "application/vnd.dev.sigstore.bundle.v0.3+json": "a signature",
    "application/vnd.cncf.notary.signature": "a signature",
    "application/vnd.dev.cosign.artifact.sbom.v1+json": "an SBOM",
    "application/vnd.goharbor.harbor.sbom.v1": "an SBOM",
    "application/spdx+json": "an SBOM",
    "text/spdx+json": "an SBOM",
    "text/spdx": "an SBOM",
    "application/vnd.cyclonedx": "an SBOM",
    "application/vnd.cyclonedx+json": "an SBOM",
    "application/vnd.cyclonedx+xml": "an SBOM",
    "application/vnd.syft+json": "an SBOM",
    "application/vnd.in-toto+json": "an attestation",
    "application/vnd.dsse.envelope.v1+json": "an attestation",
    "application/vnd.cncf.helm.config.v1+json": "a Helm chart",
    "application/vnd.wasm.config.v0+json": "a WebAssembly module",
}

_NYDUS_CONFIG = "application/vnd.nydus.image.config.v1+json"
_NYDUS_MANIFEST = "application/vnd.nydus.image.manifest.v1+json"
_NYDUS_BOOTSTRAP = "containerd.io/snapshot/nydus-bootstrap"
_HARBOR_DRIVER = "io.goharbor.artifact.v1alpha1.acceleration.driver.name"
_CACHE_VERSION = "containerd.io/snapshot/nydus-cache-version"
_REFERENCE_TYPE = "vnd.docker.reference.type"


@dataclass(frozen=True)
class Artifact:
    """What a manifest or index is.

    Attributes:
        what: For people: "an image", "a signature", …
        driver: The format of an image that was converted before, where the manifest says so.
        skip: Why it needs no work; "" when it is to be converted.
    """

    what: str = "an image"
    driver: str = ""
    skip: str = ""


def recognise_bytes(raw: bytes) -> Artifact:
    """`recognise` for a manifest as it is stored.

    Raises:
        FormatError: it is no JSON object.
    """
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise accel.FormatError("the manifest is no JSON object; push the image again")
    return recognise(document)


def recognise(document: Mapping[str, Any]) -> Artifact:
    """Looks at a parsed manifest or index. Fields that are missing or of the wrong type say nothing."""
    annotations = _mapping(document, "annotations")
    if _CACHE_VERSION in annotations:
        return _not_for_us("a cache image")
    if driver := _text(annotations, _HARBOR_DRIVER):
        return _converted(driver)
    artifact_type = _text(document, "artifactType")
    if artifact_type == _NYDUS_MANIFEST:
        return _converted("nydus")
    if "manifests" in document:
        return _recognise_index(document, artifact_type)
    return _recognise_manifest(document, artifact_type)


def _recognise_manifest(document: Mapping[str, Any], artifact_type: str) -> Artifact:
    config_type = _text(_mapping(document, "config"), "mediaType")
    layers = list(_mappings(document, "layers"))
    annotated = [_mapping(layer, "annotations") for layer in layers]
    if config_type == _NYDUS_CONFIG or any(_NYDUS_BOOTSTRAP in each for each in annotated):
        return _converted("nydus")
    for media_type in (artifact_type, config_type, *(_text(layer, "mediaType") for layer in layers)):
        if media_type in NOT_IMAGES:
            return _not_for_us(NOT_IMAGES[media_type])
    if artifact_type and artifact_type not in IMAGE_CONFIGS:
        return _not_for_us(f"an artifact of type {artifact_type}")
    if config_type and config_type not in IMAGE_CONFIGS:
        return _not_for_us(f"an artifact with a config of type {config_type}")
    if _mapping(document, "subject"):
        return _not_for_us("an accessory of another manifest")
    return Artifact()


def _recognise_index(document: Mapping[str, Any], artifact_type: str) -> Artifact:
    if artifact_type and artifact_type not in IMAGE_CONFIGS:
        return _not_for_us(NOT_IMAGES.get(artifact_type, f"an index of type {artifact_type}"))
    children = list(_mappings(document, "manifests"))
    if any(_text(child, "artifactType") == _NYDUS_MANIFEST for child in children):
        return _converted("nydus")
    if any(_text(_mapping(child, "annotations"), _HARBOR_DRIVER) for child in children):
        return _converted("another format")
    types = [_text(child, "artifactType") for child in children]
    if children and all(kind and kind not in IMAGE_CONFIGS for kind in types):
        return _not_for_us("a list of referrers")
    if children and all(_REFERENCE_TYPE in _mapping(child, "annotations") for child in children):
        return _not_for_us("attestations without an image")
    return Artifact()


def _converted(driver: str) -> Artifact:
    return Artifact("an image", driver, f"already converted: it is {driver}")


def _not_for_us(what: str) -> Artifact:
    return Artifact(what, "", f"{what}, not an image to convert")


def _text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""


def _mapping(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _mappings(value: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    found = value.get(key)
    for item in found if isinstance(found, list) else ():
        if isinstance(item, dict):
            yield item
