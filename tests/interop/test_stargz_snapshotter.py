"""Our eStargz and zstd:chunked layers read by stargz-snapshotter's library, and its layers read by us."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import accel
from tests.interop.layers import expected, gunzip_digest, image_of_blob, source_image, stored_layer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TOC_DIGEST = "containerd.io/snapshot/stargz/toc.digest"
GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"


def seen(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What layertool saw, in the form of `expected`, without the landmarks a format adds."""
    return {
        name: {key: value for key, value in file.items() if key in ("type", "size", "sha256")}
        for name, file in result["files"].items()
        if not name.endswith(".landmark")
    }


def wanted(tar: bytes) -> dict[str, dict[str, Any]]:
    """`expected`, with the parents that the layer has no entry for, and hardlinks as the library shows them."""
    files = expected(tar)
    for name in list(files):
        for parent in [name[:i] for i, c in enumerate(name) if c == "/"]:
            files.setdefault(parent, {"type": "dir", "size": 0})
        if files[name]["type"] == "hardlink":
            files[name] = files["bin/text"]
    return files


@pytest.mark.parametrize("compression", ["gzip", "none"])
@pytest.mark.parametrize(
    ("driver", "kind", "options"),
    [
        ("estargz", "estargz", {}),
        ("estargz", "estargz", {"chunk_size": 4096}),
        ("estargz", "estargz", {"compression_level": 1}),
        ("estargz", "estargz", {"compression_level": 0}),
        ("estargz", "estargz", {"prioritized_files": "etc/one\nbin/text-link\nnot/there"}),
        ("estargz", "zstd-stargz", {"compression": "zstdchunked"}),
        ("zstdchunked", "zstd-stargz", {}),
        ("zstdchunked", "zstd-stargz", {"chunk_size": 4096, "compression_level": 19}),
        ("zstdchunked", "zstd-stargz", {"prioritized_files": "etc/one"}),
        ("zstdchunked", "zstd-stargz", {"dialect": "joint", "publish": "stargz"}),
    ],
)
def test_the_library_verifies_and_reads_what_we_write(  # noqa: PLR0917
    tmp_path: Path,
    layertool: Callable[..., dict[str, Any]],
    driver: str,
    kind: str,
    options: dict[str, Any],
    compression: str,
) -> None:
    source, tar = source_image(tmp_path / "source", compression)
    accel.convert(source, f"oci:{tmp_path}/target:app", driver=driver, options=options)
    layer, blob, _ = stored_layer(tmp_path / "target", "app")
    result = layertool("read", kind, "--blob", blob, "--toc-digest", layer["annotations"][TOC_DIGEST])
    assert seen(result) == wanted(tar)


@pytest.mark.parametrize("keep_diff_id", [False, True])
def test_the_library_reads_layers_with_an_external_toc(
    tmp_path: Path, layertool: Callable[..., dict[str, Any]], keep_diff_id: bool
) -> None:
    source, tar = source_image(tmp_path / "source")
    options = {"external_toc": True, "keep_diff_id": keep_diff_id}
    accel.convert(source, f"oci:{tmp_path}/target:app", driver="estargz", options=options)
    layer, blob, diff_id = stored_layer(tmp_path / "target", "app")
    toc, toc_blob, _ = stored_toc(tmp_path / "target", "app-esgztoc")
    assert toc["annotations"]["containerd.io/snapshot/stargz/layer.digest"] == layer["digest"]
    arguments = ["--blob", blob, "--toc-blob", toc_blob, "--toc-digest", layer["annotations"][TOC_DIGEST]]
    assert seen(layertool("read", "estargz-external", *arguments)) == wanted(tar)
    if keep_diff_id:
        assert diff_id == stored_layer(tmp_path / "source", "app")[2]


def stored_toc(folder: Path, tag: str) -> tuple[dict[str, Any], Path, dict[str, Any]]:
    """The first TOC layer of a TOC image: descriptor, file, manifest."""
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    named = {m["annotations"]["org.opencontainers.image.ref.name"]: m for m in index["manifests"]}
    manifest = json.loads((folder / "blobs" / named[tag]["digest"].replace(":", "/")).read_text(encoding="utf-8"))
    layer = manifest["layers"][0]
    return layer, folder / "blobs" / layer["digest"].replace(":", "/"), manifest


@pytest.mark.parametrize(
    ("kind", "media_type", "flags", "format_name"),
    [
        ("estargz", GZIP, [], "eStargz"),
        ("estargz", GZIP, ["--chunk-size", "65536"], "eStargz"),
        ("estargz", GZIP, ["--min-chunk-size", "50000"], "eStargz"),
        ("estargz", GZIP, ["--prioritize", "etc/one,bin/text"], "eStargz"),
        ("zstd-stargz", ZSTD, ["--level", "3"], "zstd:chunked"),
        ("zstd-stargz", ZSTD, ["--level", "3", "--chunk-size", "65536"], "zstd:chunked"),
    ],
)
def test_we_verify_and_read_what_the_library_writes(  # noqa: PLR0917
    tmp_path: Path,
    layertool: Callable[..., dict[str, Any]],
    kind: str,
    media_type: str,
    flags: list[str],
    format_name: str,
) -> None:
    source, tar = source_image(tmp_path / "source")
    (tmp_path / "layer.tar").write_bytes(tar)
    made = layertool("write", kind, "--tar", tmp_path / "layer.tar", "--out", tmp_path / "blob", *flags)
    blob = (tmp_path / "blob").read_bytes()
    theirs = image_of_blob(tmp_path / "theirs", blob, media_type, made["annotations"], made["diff_id"])
    report = accel.check(source, theirs)
    assert report.equal, report.differences[:5]
    assert accel.open(theirs).layers[0].format.startswith(format_name)
    if media_type == GZIP:
        assert gunzip_digest(blob) == made["diff_id"]


def test_a_layer_the_library_made_is_kept_and_not_converted_again(
    tmp_path: Path, layertool: Callable[..., dict[str, Any]]
) -> None:
    _, tar = source_image(tmp_path / "source")
    (tmp_path / "layer.tar").write_bytes(tar)
    made = layertool("write", "estargz", "--tar", tmp_path / "layer.tar", "--out", tmp_path / "blob")
    blob = (tmp_path / "blob").read_bytes()
    theirs = image_of_blob(tmp_path / "theirs", blob, GZIP, made["annotations"], made["diff_id"])
    result = accel.convert(theirs, f"oci:{tmp_path}/target:app", driver="estargz")
    assert [layer.cached for target in result.targets for layer in target.layers] == [True]
