"""zstd:chunked as podman reads and writes it: containers/storage in its default, secure mode."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import accel
from tests.interop.layers import expected, image_of_blob, source_image, stored_layer

if TYPE_CHECKING:
    from collections.abc import Callable

ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"


def has_overlay() -> bool:
    """True where a partial pull can be staged: root and the overlay driver."""
    return os.geteuid() == 0 and "overlay" in Path("/proc/filesystems").read_text(encoding="utf-8")


@pytest.mark.skipif(not has_overlay(), reason="partial pulls need root and overlay")
@pytest.mark.parametrize(
    ("tag", "options"),
    [
        ("app", {"dialect": "containers"}),
        ("app", {"dialect": "containers", "compression_level": 1}),
        ("app", {"dialect": "joint", "publish": "containers"}),
        ("app-containers", {"dialect": "joint"}),
    ],
)
def test_podman_pulls_what_we_write_partially_and_rebuilds_its_diff_id(
    tmp_path: Path, layertool: Callable[..., dict[str, Any]], tag: str, options: dict[str, Any]
) -> None:
    source, tar = source_image(tmp_path / "source")
    accel.convert(source, f"oci:{tmp_path}/target:app", driver="zstdchunked", options=options)
    layer, blob, diff_id = stored_layer(tmp_path / "target", tag)
    assert diff_id == stored_layer(tmp_path / "source", "app")[2]
    result = layertool(
        *("read", "zstd-containers", "--blob", blob, "--diff-id", diff_id),
        *("--annotations", json.dumps(layer["annotations"])),
    )
    digests = {name: file["sha256"] for name, file in result["files"].items() if file["type"] == "reg"}
    files = expected(tar)
    files["bin/text-link"] = files["bin/text"]
    assert digests == {name: file["sha256"] for name, file in files.items() if file["type"] == "reg"}


@pytest.mark.parametrize("level", [1, 3, 10])
def test_we_verify_and_read_what_podman_writes(
    tmp_path: Path, layertool: Callable[..., dict[str, Any]], level: int
) -> None:
    source, tar = source_image(tmp_path / "source")
    (tmp_path / "layer.tar").write_bytes(tar)
    paths = ["--tar", tmp_path / "layer.tar", "--out", tmp_path / "blob"]
    made = layertool("write", "zstd-containers", *paths, "--level", level)
    blob = (tmp_path / "blob").read_bytes()
    theirs = image_of_blob(tmp_path / "theirs", blob, ZSTD, made["annotations"], made["diff_id"])
    report = accel.check(source, theirs)
    assert report.equal, report.differences[:5]
    assert accel.open(theirs).layers[0].format.startswith("zstd:chunked")


def test_chunk_boundaries_are_those_podman_cuts(tmp_path: Path, layertool: Callable[..., dict[str, Any]]) -> None:
    source, tar = source_image(tmp_path / "source")
    (tmp_path / "layer.tar").write_bytes(tar)
    made = layertool("write", "zstd-containers", "--tar", tmp_path / "layer.tar", "--out", tmp_path / "blob")
    theirs = image_of_blob(
        tmp_path / "theirs", (tmp_path / "blob").read_bytes(), ZSTD, made["annotations"], made["diff_id"]
    )
    accel.convert(source, f"oci:{tmp_path}/ours:app", driver="zstdchunked", options={"dialect": "containers"})
    chunks = [accel.open(image).layers[0].chunks for image in (theirs, f"oci:{tmp_path}/ours:app")]
    assert chunks[0] == chunks[1]
