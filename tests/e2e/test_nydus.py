"""Nydus images as users make them: the documents around the layers, and what can be done with them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.python.support.images import sample_image, sample_index
from tests.python.support.layout import Layout

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.command import Accelctl

BLOB = "application/vnd.oci.image.layer.nydus.blob.v1"
EMPTY_LAYER = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
PREFIX = "containerd.io/snapshot/nydus-"

OPTION_SETS = [
    (),
    ("fs_version=5",),
    ("fs_version=5", "fs_align_chunk=true", "compressor=lz4_block"),
    ("compressor=none", "fs_chunk_size=0x1000"),
    ("compressor=gzip",),
    ("batch_size=0x10000",),
    ("oci_ref=true",),
    ("prefetch_patterns=/etc",),
]


class Images:
    """A layout's documents."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def blob(self, digest: str) -> Any:
        return json.loads((self.folder / "blobs" / "sha256" / digest.removeprefix("sha256:")).read_bytes())

    def root(self) -> tuple[str, Any]:
        """Media type and document of the layout's only image."""
        (entry,) = json.loads((self.folder / "index.json").read_bytes())["manifests"]
        return entry["mediaType"], self.blob(entry["digest"])


def options(names: tuple[str, ...]) -> list[str]:
    return [text for name in names for text in ("--option", name)]


def convert(accelctl: Accelctl, source: str, folder: Path, *names: str) -> Images:
    accelctl("convert", source, f"oci:{folder}:made", "--driver", "nydus", *options(names)).succeeded()
    return Images(folder)


@pytest.mark.parametrize("names", OPTION_SETS, ids=lambda names: ",".join(names) or "defaults")
def test_the_image_holds_what_its_source_holds(
    accelctl: Accelctl, layout: Layout, tmp_path: Path, names: tuple[str, ...]
) -> None:
    source = sample_image(layout)
    images = convert(accelctl, source, tmp_path / "made", *names)
    accelctl("check", source, f"oci:{images.folder}:made").succeeded()

    media_type, manifest = images.root()
    assert media_type == "application/vnd.oci.image.manifest.v1+json"
    *blobs, bootstrap = manifest["layers"]
    assert {layer["mediaType"] for layer in blobs} == {BLOB}
    assert bootstrap["annotations"][PREFIX + "bootstrap"] == "true"
    config = images.blob(manifest["config"]["digest"])
    assert config["rootfs"]["diff_ids"][:-1] == [layer["digest"] for layer in blobs]
    assert manifest["annotations"][PREFIX + "source-reference"] == source
    if "oci_ref=true" in names:
        assert all(layer["annotations"][PREFIX + "ref"].startswith("sha256:") for layer in blobs)


def test_the_bytes_do_not_depend_on_the_number_of_threads(accelctl: Accelctl, layout: Layout, tmp_path: Path) -> None:
    source = sample_image(layout)
    digests = set()
    for jobs in ("1", "2", "7"):
        target = f"oci:{tmp_path / jobs}:made"
        made = accelctl("convert", source, target, "--driver", "nydus", "--jobs", jobs, "--output", "json").document
        digests.add(made["targets"][0]["digest"])
    assert len(digests) == 1


def test_several_formats_are_made_in_one_pass(accelctl: Accelctl, layout: Layout, tmp_path: Path) -> None:
    source = sample_index(layout)
    drivers = ("nydus", "estargz", "zstdchunked")
    arguments = [text for driver in drivers for text in ("--driver", driver)]
    accelctl("convert", source, f"oci:{tmp_path / 'made'}:{{driver}}", *arguments, "--verify").succeeded()
    for driver in drivers:
        accelctl("check", source, f"oci:{tmp_path / 'made'}:{driver}").succeeded()


def test_the_result_refers_to_its_source(accelctl: Accelctl, layout: Layout, tmp_path: Path) -> None:
    source = sample_index(layout)
    (entry,) = json.loads((layout.path / "index.json").read_bytes())["manifests"]
    _, index = convert(accelctl, source, tmp_path / "made", "with_referrer=true").root()
    assert index["subject"] == {key: entry[key] for key in ("mediaType", "digest", "size")}
    originals = Images(layout.path).blob(entry["digest"])["manifests"]
    for original, child in zip(originals, index["manifests"], strict=True):
        if "platform" not in child or child["platform"]["os"] == "unknown":
            continue
        subject = Images(tmp_path / "made").blob(child["digest"])["subject"]
        assert subject == {key: original[key] for key in ("mediaType", "digest", "size")}


def test_a_merged_index_holds_both_images(accelctl: Accelctl, layout: Layout, tmp_path: Path) -> None:
    source = sample_image(layout)
    images = convert(accelctl, source, tmp_path / "made", "merge_manifest=true")
    media_type, index = images.root()
    assert media_type == "application/vnd.oci.image.index.v1+json"
    plain, fast = index["manifests"]
    assert fast["artifactType"] == "application/vnd.nydus.image.manifest.v1+json"
    assert images.blob(fast["digest"])["config"]["mediaType"] == "application/vnd.nydus.image.config.v1+json"
    manifest = images.blob(plain["digest"])
    assert manifest["layers"][0]["annotations"] == {PREFIX + "empty-layer": "true"}
    assert images.blob(manifest["config"]["digest"])["rootfs"]["diff_ids"][0] == EMPTY_LAYER
    assert manifest["annotations"][PREFIX + "source-digest"].startswith("sha256:")


def test_an_image_that_is_nydus_already_is_taken_over(accelctl: Accelctl, layout: Layout, tmp_path: Path) -> None:
    first = convert(accelctl, sample_image(layout), tmp_path / "first")
    again = convert(accelctl, f"oci:{first.folder}:made", tmp_path / "again")
    assert again.root() == first.root()


def test_chunks_of_a_dictionary_are_not_stored_again(accelctl: Accelctl, layout: Layout, tmp_path: Path) -> None:
    source = sample_image(layout)
    first = convert(accelctl, source, tmp_path / "first")
    dictionary = f"oci:{first.folder}:made"
    second = convert(accelctl, source, tmp_path / "second", f"chunk_dict_ref={dictionary}")
    accelctl("check", source, f"oci:{second.folder}:made").succeeded()
    own = {layer["digest"] for layer in first.root()[1]["layers"][:-1]}
    kept = {layer["digest"] for layer in second.root()[1]["layers"]}
    assert own & kept, "the dictionary's blobs are layers of the image that uses them"


def test_inspect_shows_the_whole_image(accelctl: Accelctl, layout: Layout, tmp_path: Path) -> None:
    made = convert(accelctl, sample_image(layout), tmp_path / "made")
    document = accelctl("inspect", f"oci:{made.folder}:made", "--files", "--output", "json").document
    (image,) = document["images"]
    assert image["files"]
    assert "Nydus" in image["layers"][-1]["format"]
