"""Chunk dictionaries: made of several images, and used."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.e2e.test_nydus import BLOB, PREFIX, Images, convert, options
from tests.python.support.images import base_entries, noise, sample_image, sample_index
from tests.python.support.layout import Entry

if TYPE_CHECKING:
    from pathlib import Path

    from tests.python.support.layout import Layout
    from tests.support.command import Accelctl
    from tests.support.registry import Registry


def two_images(layout: Layout) -> list[str]:
    """Images that share their lowest layer, and content in others."""
    base = layout.add_layer(base_entries())
    tops = ([Entry("one", noise(200_000, 11))], [Entry("two", noise(200_000, 12)), Entry("also", noise(300_000, 1))])
    return [
        layout.tag(layout.add_image([base, layout.add_layer(entries)]), f"app{number}")
        for number, entries in enumerate(tops)
    ]


def third_image(layout: Layout) -> str:
    """An image of content of both of them, and a little of its own."""
    entries = [
        Entry("a", noise(200_000, 11)),
        Entry("b", noise(200_000, 12)),
        Entry("c", noise(300_000, 1)),
        Entry("d", noise(9_000, 13)),
    ]
    return layout.tag(layout.add_image([layout.add_layer(entries)]), "third")


def own_bytes(images: Images, dictionary: Images) -> int:
    """What an image stores besides the dictionary's blobs."""
    shared = {layer["digest"] for layer in dictionary.root()[1]["layers"]}
    return sum(layer["size"] for layer in images.root()[1]["layers"] if layer["digest"] not in shared)


@pytest.mark.parametrize("names", [(), ("fs_version=5",), ("compressor=lz4_block", "fs_chunk_size=0x10000")], ids=str)
def test_images_share_what_a_dictionary_of_others_has(
    accelctl: Accelctl, layout: Layout, tmp_path: Path, names: tuple[str, ...]
) -> None:
    first, second = two_images(layout)
    packed = convert(accelctl, first, tmp_path / "first", *names)
    target = f"oci:{tmp_path / 'dictionary'}:made"
    document = accelctl(
        "nydus", "chunkdict", f"oci:{packed.folder}:made", second, "--output", target, *options(names), "--json"
    ).document
    assert [image["converted"] for image in document["images"]] == [False, True]
    dictionary = Images(tmp_path / "dictionary")
    media_type, manifest = dictionary.root()
    assert media_type == "application/vnd.oci.image.manifest.v1+json"
    *blobs, bootstrap = manifest["layers"]
    assert {layer["mediaType"] for layer in blobs} == {BLOB}
    assert len({layer["digest"] for layer in blobs}) == len(blobs) == document["blobs"] == 3
    assert bootstrap["annotations"][PREFIX + "bootstrap"] == "true"

    third = third_image(layout)
    alone = convert(accelctl, third, tmp_path / "alone", *names)
    shared = convert(accelctl, third, tmp_path / "shared", *names, f"chunk_dict_ref={target}")
    accelctl("check", third, f"oci:{shared.folder}:made").succeeded()
    assert own_bytes(shared, dictionary) < 30_000
    assert own_bytes(alone, dictionary) > 700_000


def test_ordinary_images_are_converted_once_for_all_their_layers(
    accelctl: Accelctl, layout: Layout, tmp_path: Path
) -> None:
    sources = two_images(layout)
    targets = [f"oci:{tmp_path / name}:made" for name in ("first", "second")]
    for target, jobs in zip(targets, ("1", "7"), strict=True):
        accelctl("nydus", "chunkdict", *sources, "--output", target, "--jobs", jobs).succeeded()
    first, second = (Images(tmp_path / name).root() for name in ("first", "second"))
    assert first == second
    inspected = accelctl("inspect", targets[0], "--files", "--output", "json").document
    (image,) = inspected["images"]
    tops = {entry["path"].split("/")[0] for entry in image["files"]} - {""}
    assert len(tops) == 2
    assert all(len(top) == 64 for top in tops)


def test_through_a_registry_blobs_are_mounted_or_there(accelctl: Accelctl, layout: Layout, registry: Registry) -> None:
    place = f"{registry.host}/dictionary"
    for number, source in enumerate(two_images(layout)):
        accelctl("convert", source, f"{place}/app{number}:1", "--driver", "nydus", "--plain-http").succeeded()
    arguments = (f"{place}/app0:1", f"{place}/app1:1", "--output", f"{place}/all:1", "--plain-http", "--json")
    document = accelctl("nydus", "chunkdict", *arguments).document
    assert document["bytes"]["mounted"] > 600_000
    assert document["bytes"]["uploaded"] < 100_000
    third = third_image(layout)
    target = f"{place}/third:1"
    option = f"chunk_dict_ref={place}/all:1"
    accelctl("convert", third, target, "--driver", "nydus", "--option", option, "--plain-http", "--verify").succeeded()
    accelctl("check", third, target, "--plain-http").succeeded()


def test_a_dictionary_serves_every_platform(accelctl: Accelctl, layout: Layout, tmp_path: Path) -> None:
    index, target = sample_index(layout), f"oci:{tmp_path / 'dictionary'}:made"
    accelctl("nydus", "chunkdict", index, "--platform", "linux/amd64", "--output", target).succeeded()
    made = f"oci:{tmp_path / 'made'}:made"
    arguments = ("--driver", "nydus", "--option", f"chunk_dict_ref={target}", "--platform", "linux/arm64")
    accelctl("convert", index, made, *arguments).succeeded()
    accelctl("check", index, made, "--platform", "linux/arm64").succeeded()


def test_a_dictionary_may_be_part_of_the_next(accelctl: Accelctl, layout: Layout, tmp_path: Path) -> None:
    first, second = two_images(layout)
    old, new = (f"oci:{tmp_path / name}:made" for name in ("old", "new"))
    accelctl("nydus", "chunkdict", first, "--output", old).succeeded()
    document = accelctl("nydus", "chunkdict", old, second, "--output", new, "--json").document
    assert document["blobs"] == 3


def test_what_does_not_fit_is_one_clear_error(accelctl: Accelctl, layout: Layout, tmp_path: Path) -> None:
    first, second = two_images(layout)
    packed = convert(accelctl, first, tmp_path / "first", "fs_version=5")
    target = tmp_path / "dictionary"
    outcome = accelctl("nydus", "chunkdict", f"oci:{packed.folder}:made", second, "--output", f"oci:{target}:made")
    assert outcome.code == 2
    assert "RAFS version 6, chunk size 1048576, digester blake3" in outcome.error
    assert "RAFS version 5" in outcome.error
    assert not (target / "index.json").exists() or json.loads((target / "index.json").read_bytes())["manifests"] == []
    arguments = ("--option", "oci_ref=true", "--output", f"oci:{target}:made")
    assert "oci_ref" in accelctl("nydus", "chunkdict", first, *arguments).error
    assert accelctl("nydus", "chunkdict", first).code == 2  # no --output
    assert accelctl("nydus", "chunkdict", "--output", f"oci:{target}:made").code == 2  # no image


@pytest.mark.parametrize("names", [("oci_ref=true",), ("backend",), ("encrypted",)], ids=str)
def test_what_cannot_be_shared_is_refused(
    accelctl: Accelctl, layout: Layout, tmp_path: Path, names: tuple[str, ...]
) -> None:
    given = names
    if names == ("backend",):
        given = ("backend_type=localfs", f'backend_config={{"dir": "{tmp_path / "blobs"}"}}')
    elif names == ("encrypted",):
        subprocess.run(["openssl", "genrsa", "-out", tmp_path / "key", "2048"], check=True, capture_output=True)
        pair = ("-in", tmp_path / "key", "-pubout", "-out", tmp_path / "public")
        subprocess.run(["openssl", "rsa", *pair], check=True, capture_output=True)
        given = (f"encrypt_recipients=jwe:{tmp_path / 'public'}",)
    packed = convert(accelctl, sample_image(layout), tmp_path / "packed", *given)
    arguments = (f"oci:{packed.folder}:made", "--output", f"oci:{tmp_path / 'dictionary'}:made")
    error = accelctl("nydus", "chunkdict", *arguments).failed()
    assert {"oci_ref=true": "oci_ref", "backend": "backend", "encrypted": "encrypted"}[names[0]] in error
