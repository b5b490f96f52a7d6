"""skopeo reads what we write, and we read what skopeo writes, in every transport both know."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

import accel
from tests.python.support.images import sample_image, sample_index
from tests.python.support.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize("driver", ["estargz", "zstdchunked"])
@pytest.mark.parametrize("transport", ["oci", "oci-archive"])
def test_skopeo_copies_a_converted_image_with_its_digest(
    tmp_path: Path, skopeo: Callable[..., str], driver: str, transport: str
) -> None:
    source = sample_image(Layout(tmp_path / "source"))
    target = f"{transport}:{tmp_path}/target:app"
    result = accel.convert(source, target, driver=driver)
    skopeo("copy", "--preserve-digests", target, f"oci:{tmp_path}/copied:app")
    raw = skopeo("inspect", "--raw", f"oci:{tmp_path}/copied:app")
    assert "sha256:" + hashlib.sha256(raw.encode()).hexdigest() == result.targets[0].digest
    assert accel.check(source, f"oci:{tmp_path}/copied:app").equal


def test_skopeo_copies_a_converted_index_whole(tmp_path: Path, skopeo: Callable[..., str]) -> None:
    source = sample_index(Layout(tmp_path / "source"))
    target = f"oci:{tmp_path}/target:app"
    result = accel.convert(source, target, driver="estargz")
    skopeo("copy", "--all", "--preserve-digests", target, f"oci:{tmp_path}/copied:app")
    raw = skopeo("inspect", "--raw", f"oci:{tmp_path}/copied:app")
    assert "sha256:" + hashlib.sha256(raw.encode()).hexdigest() == result.targets[0].digest


@pytest.mark.parametrize("transport", ["oci", "oci-archive", "docker-archive"])
def test_we_read_what_skopeo_writes(tmp_path: Path, skopeo: Callable[..., str], transport: str) -> None:
    source = sample_image(Layout(tmp_path / "source"))
    written = f"{transport}:{tmp_path}/written:" + ("test/app:1" if transport == "docker-archive" else "app")
    skopeo("copy", source, written)
    assert accel.check(source, written).equal
    accel.convert(written, f"oci:{tmp_path}/target:app", driver="estargz")
    assert accel.check(source, f"oci:{tmp_path}/target:app").equal


@pytest.mark.parametrize("transport", ["oci", "oci-archive"])
def test_skopeo_reads_a_copied_output_of_docker_save(
    tmp_path: Path, skopeo: Callable[..., str], transport: str
) -> None:
    source = sample_image(Layout(tmp_path / "source"))
    saved, copied = f"docker-archive:{tmp_path}/saved:test/app:1", f"{transport}:{tmp_path}/copied:app"
    skopeo("copy", source, saved)
    accel.copy(saved, copied)
    skopeo("copy", "--preserve-digests", copied, f"dir:{tmp_path}/read")
    assert accel.check(source, copied).equal


def test_skopeo_sees_the_config_of_the_source(tmp_path: Path, skopeo: Callable[..., str]) -> None:
    source = sample_image(Layout(tmp_path / "source"))
    accel.convert(source, f"oci:{tmp_path}/target:app", driver="zstdchunked")
    configs = [json.loads(skopeo("inspect", "--config", image)) for image in (source, f"oci:{tmp_path}/target:app")]
    assert configs[0]["config"] == configs[1]["config"]
    assert len(configs[1]["rootfs"]["diff_ids"]) == len(configs[0]["rootfs"]["diff_ids"])


@pytest.mark.parametrize("compression", ["gzip", "zstd", "none"])
def test_skopeo_reads_an_unpacked_image(tmp_path: Path, skopeo: Callable[..., str], compression: str) -> None:
    source = sample_image(Layout(tmp_path / "source"))
    accel.convert(source, f"oci:{tmp_path}/nydus:app", driver="nydus")
    result = accel.unpack(f"oci:{tmp_path}/nydus:app", f"oci:{tmp_path}/plain:app", compression=compression)
    skopeo("copy", "--preserve-digests", f"oci:{tmp_path}/plain:app", f"oci:{tmp_path}/read:app")
    if compression != "zstd":  # which skopeo does not put into Docker images
        saved = f"docker-archive:{tmp_path}/saved:test/app:1"
        skopeo("copy", f"oci:{tmp_path}/plain:app", saved)  # decompresses all layers
        assert accel.check(source, saved).equal
    raw = skopeo("inspect", "--raw", f"oci:{tmp_path}/plain:app")
    assert "sha256:" + hashlib.sha256(raw.encode()).hexdigest() == result.targets[0].digest
