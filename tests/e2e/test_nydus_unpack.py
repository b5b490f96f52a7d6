"""Nydus images turned back into ordinary ones."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.test_nydus import OPTION_SETS, PREFIX, Images, convert, options
from tests.python.support.images import base_entries, sample_image, sample_index, upper_entries

if TYPE_CHECKING:
    from pathlib import Path

    from tests.python.support.layout import Layout
    from tests.support.command import Accelctl
    from tests.support.registry import Registry

GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"


def unpack(accelctl: Accelctl, source: str, folder: Path, *arguments: str) -> Images:
    accelctl("nydus", "unpack", source, f"oci:{folder}:plain", *arguments).succeeded()
    return Images(folder)


def files_of(layer: bytes) -> dict[str, tuple[Any, ...]]:
    """What a layer says of each path."""
    found: dict[str, tuple[Any, ...]] = {}
    with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
        for member in archive:
            if member.islnk():  # its attributes are those of the file
                found[member.name] = (member.type, member.linkname)
                continue
            content = archive.extractfile(member) if member.isreg() else None
            found[member.name] = (
                member.type,
                member.mode,
                member.uid,
                member.gid,
                int(member.mtime),
                member.linkname,
                (member.devmajor, member.devminor) if member.isdev() else (0, 0),
                {key: value for key, value in member.pax_headers.items() if key.startswith("SCHILY.xattr.")},
                content.read() if content else b"",
            )
    return found


def layers_of(images: Images) -> list[dict[str, tuple[Any, ...]]]:
    _, manifest = images.root()
    blobs = [images.folder / "blobs/sha256" / layer["digest"].removeprefix("sha256:") for layer in manifest["layers"]]
    return [files_of(gzip.decompress(blob.read_bytes())) for blob in blobs]


@pytest.mark.parametrize("names", OPTION_SETS, ids=lambda names: ",".join(names) or "defaults")
def test_every_layer_is_what_it_was(accelctl: Accelctl, layout: Layout, tmp_path: Path, names: tuple[str, ...]) -> None:
    source = sample_image(layout)
    packed = convert(accelctl, source, tmp_path / "packed", *names)
    plain = unpack(accelctl, f"oci:{packed.folder}:made", tmp_path / "plain")
    accelctl("check", source, f"oci:{plain.folder}:plain").succeeded()

    before, after = Images(layout.path), plain
    (_, old), (_, new) = before.root(), after.root()
    assert [layer["mediaType"] for layer in new["layers"]] == [GZIP] * len(old["layers"])
    assert not [key for document in (new, *new["layers"]) for key in document.get("annotations", {}) if PREFIX in key]
    assert [len(files) for files in layers_of(after)] == [len(base_entries()), len(upper_entries()), 0]
    for files in layers_of(after):
        for name, (kind, *_, content) in files.items():
            assert not name.rpartition("/")[2].startswith(".wh.") or (kind, content) == (tarfile.REGTYPE, b"")
    old_config, new_config = before.blob(old["config"]["digest"]), after.blob(new["config"]["digest"])
    assert new_config["history"] == old_config["history"]
    assert new_config["rootfs"]["diff_ids"] != old_config["rootfs"]["diff_ids"]


def test_a_layer_s_files_are_those_of_the_source(accelctl: Accelctl, layout: Layout, tmp_path: Path) -> None:
    layers = [layout.add_layer(entries, compression="none") for entries in (base_entries(), upper_entries())]
    source = layout.tag(layout.add_image(layers), "two")
    packed = convert(accelctl, source, tmp_path / "packed")
    plain = unpack(accelctl, f"oci:{packed.folder}:made", tmp_path / "plain")
    assert layers_of(plain) == [files_of(layout.blob_path(layer.descriptor["digest"]).read_bytes()) for layer in layers]


@pytest.mark.parametrize("compression", ["gzip", "zstd", "none"])
def test_the_bytes_do_not_depend_on_the_number_of_threads(
    accelctl: Accelctl, layout: Layout, tmp_path: Path, compression: str
) -> None:
    packed = convert(accelctl, sample_image(layout), tmp_path / "packed")
    source = f"oci:{packed.folder}:made"
    plain = [
        unpack(accelctl, source, tmp_path / jobs, "--jobs", jobs, "--compression", compression).root()[1]
        for jobs in ("1", "2", "7")
    ]
    assert plain[0] == plain[1] == plain[2]
    suffix = {"gzip": "+gzip", "zstd": "+zstd", "none": ".tar"}[compression]
    assert all(layer["mediaType"].endswith(suffix) for layer in plain[0]["layers"])
    accelctl("check", source, f"oci:{tmp_path / '7'}:plain").succeeded()


def test_platforms_and_attestations_are_kept(accelctl: Accelctl, layout: Layout, tmp_path: Path) -> None:
    source = sample_index(layout)
    packed = convert(accelctl, source, tmp_path / "packed", "with_referrer=true")
    plain = unpack(accelctl, f"oci:{packed.folder}:made", tmp_path / "plain")
    accelctl("check", source, f"oci:{plain.folder}:plain").succeeded()
    _, index = plain.root()
    assert "subject" not in index
    assert [child.get("platform") for child in index["manifests"]] == [
        child.get("platform") for child in Images(layout.path).root()[1]["manifests"]
    ]
    digests = {child["digest"] for child in index["manifests"]}
    described = [child.get("annotations", {}).get("vnd.docker.reference.digest") for child in index["manifests"]]
    assert {digest for digest in described if digest} <= digests
    assert all("subject" not in plain.blob(child["digest"]) for child in index["manifests"][:2])


def test_through_a_registry(accelctl: Accelctl, layout: Layout, registry: Registry, tmp_path: Path) -> None:
    source = sample_image(layout)
    place = f"{registry.host}/unpack/app"
    accelctl("convert", source, f"{place}:nydus", "--driver", "nydus", "--plain-http").succeeded()
    document = accelctl(
        "nydus", "unpack", f"{place}:nydus", f"{place}:plain", "--plain-http", "--output", "json"
    ).document
    (made,) = document["targets"]
    assert (made["driver"], made["notes"], len(made["layers"])) == ("oci", [], 3)
    accelctl("check", source, f"{place}:plain", "--plain-http").succeeded()
    here = unpack(accelctl, f"{place}:nydus", tmp_path / "plain", "--plain-http")
    assert [entry["digest"] for entry in json.loads((here.folder / "index.json").read_bytes())["manifests"]] == [
        made["digest"]
    ]


def test_layers_in_a_backend_become_one(accelctl: Accelctl, layout: Layout, tmp_path: Path) -> None:
    source, backend = sample_image(layout), tmp_path / "blobs"
    where = ("backend_type=localfs", f'backend_config={{"dir": "{backend}"}}')
    packed = f"oci:{tmp_path / 'packed'}:made"
    accelctl("convert", source, packed, "--driver", "nydus", *options(where)).succeeded()

    error = accelctl("nydus", "unpack", packed, f"oci:{tmp_path / 'no'}:plain").failed()
    assert "--backend-type" in error
    arguments = ("--backend-type", "localfs", "--backend-config", f'{{"dir": "{backend}"}}')
    outcome = accelctl("nydus", "unpack", packed, f"oci:{tmp_path / 'plain'}:plain", *arguments)
    assert "note: linux/amd64: its layers are not in the image; all files are in one layer" in outcome.stderr
    accelctl("check", source, f"oci:{tmp_path / 'plain'}:plain").succeeded()
    images = Images(tmp_path / "plain")
    _, manifest = images.root()
    assert len(manifest["layers"]) == 1
    history = images.blob(manifest["config"]["digest"])["history"]
    assert [entry["comment"] for entry in history if not entry.get("empty_layer")] == ["all layers in one"]

    settings = tmp_path / "acceld.yaml"
    settings.write_text(
        "converter:\n  driver:\n    type: nydus\n    config:\n      backend_type: localfs\n"
        f'      backend_config: \'{{"dir": "{backend}"}}\'\n',
        encoding="utf-8",
    )
    configured = unpack(accelctl, packed, tmp_path / "configured", "--config", str(settings))
    assert configured.root() == images.root()


def test_blobs_of_a_dictionary_are_no_layers(accelctl: Accelctl, layout: Layout, tmp_path: Path) -> None:
    source = sample_image(layout)
    first = convert(accelctl, source, tmp_path / "first")
    other = layout.tag(layout.add_image([layout.add_layer([*base_entries()[:5], *upper_entries()])]), "other")
    second = convert(accelctl, other, tmp_path / "second", f"chunk_dict_ref=oci:{first.folder}:made")
    assert len(second.root()[1]["layers"]) == 4  # its own, two of the dictionary, the bootstrap
    plain = unpack(accelctl, f"oci:{second.folder}:made", tmp_path / "plain")
    assert len(plain.root()[1]["layers"]) == 1
    accelctl("check", other, f"oci:{plain.folder}:plain").succeeded()


def test_an_encrypted_image_is_decrypted_first(accelctl: Accelctl, layout: Layout, tmp_path: Path) -> None:
    key, public = tmp_path / "key.pem", tmp_path / "key.pub"
    subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
    subprocess.run(["openssl", "rsa", "-in", key, "-pubout", "-out", public], check=True, capture_output=True)
    source = sample_image(layout)
    locked = convert(accelctl, source, tmp_path / "locked", f"encrypt_recipients=jwe:{public}")
    target = f"oci:{tmp_path / 'plain'}:plain"
    assert "--decrypt-key" in accelctl("nydus", "unpack", f"oci:{locked.folder}:made", target).failed()
    opened = f"oci:{tmp_path / 'opened'}:made"
    accelctl("copy", "--all", "--decrypt-key", str(key), f"oci:{locked.folder}:made", opened).succeeded()
    unpack(accelctl, opened, tmp_path / "plain")
    accelctl("check", source, target).succeeded()


def test_damage_is_found_and_nothing_tagged(accelctl: Accelctl, layout: Layout, tmp_path: Path) -> None:
    packed = convert(accelctl, sample_image(layout), tmp_path / "packed")
    largest = max(packed.root()[1]["layers"], key=lambda layer: layer["size"])
    blob = packed.folder / "blobs/sha256" / largest["digest"].removeprefix("sha256:")
    content = bytearray(blob.read_bytes())
    content[1000] ^= 1
    blob.chmod(0o644)
    blob.write_bytes(content)
    target = tmp_path / "plain"
    assert (
        largest["digest"][7:19]
        in accelctl("nydus", "unpack", f"oci:{packed.folder}:made", f"oci:{target}:plain").failed()
    )
    index = target / "index.json"
    assert not index.exists() or json.loads(index.read_bytes())["manifests"] == []


@pytest.mark.parametrize("names", [(), ("merge_manifest=true",)])
def test_an_ordinary_image_is_refused(
    accelctl: Accelctl, layout: Layout, tmp_path: Path, names: tuple[str, ...]
) -> None:
    source = sample_image(layout)
    if names:
        source = f"oci:{convert(accelctl, source, tmp_path / 'packed', *names).folder}:made"
    outcome = accelctl("nydus", "unpack", source, f"oci:{tmp_path / 'plain'}:plain")
    assert outcome.code == 2
    assert "needs no unpacking" in outcome.error
    assert ("plain image" in outcome.error) == bool(names)
