"""Conversion, check and copy from Python, end to end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import accel
from tests.python.support.images import base_entries
from tests.python.support.layout import INDEX, MANIFEST, Layout, read_index
from tests.python.support.layout_server import LayoutServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.registry import Registry


@pytest.mark.parametrize("driver", ["estargz", "zstdchunked"])
def test_converted_image_has_the_files_of_its_source(image: str, driver: str) -> None:
    result = accel.convert(image, driver=driver)
    (target,) = result.targets
    report = accel.check(image, target.reference)
    assert report.differences == ()
    assert report.files == 20  # the root and three directories without entries included
    assert report.source_digest == result.source.digest
    assert report.target_digest == target.digest


def test_result_describes_source_target_and_layers(layout: Layout, image: str) -> None:
    result = accel.convert(image, driver="estargz")
    stored = read_index(layout.path)
    assert result.source == accel.Source(image, stored["app"]["digest"], result.source.size)
    (target,) = result.targets
    assert (target.reference, target.digest) == (f"oci:{layout.path}:app-estargz", stored["app-estargz"]["digest"])
    assert target.media_type == MANIFEST
    manifest = json.loads(layout.blob_path(target.digest).read_bytes())
    assert [layer.target for layer in target.layers] == [layer["digest"] for layer in manifest["layers"]]
    assert [layer.target_size for layer in target.layers] == [layer["size"] for layer in manifest["layers"]]
    assert {layer.platform for layer in target.layers} == {"linux/amd64"}
    sizes = [layer["size"] for layer in manifest["layers"]] + [manifest["config"]["size"]]
    assert target.size >= sum(sizes)
    assert result.elapsed.total > 0
    assert result.bytes.read >= sum(layer.source_size for layer in target.layers)


def test_several_formats_come_from_one_read(image: str) -> None:
    one = accel.convert(image, "{}:a".format(image.rpartition(":")[0]), driver="estargz")
    both = accel.convert(image, "{}:b-{{driver}}".format(image.rpartition(":")[0]), driver=["estargz", "zstdchunked"])
    assert [target.driver for target in both.targets] == ["estargz", "zstdchunked"]
    assert both.targets[0].digest == one.targets[0].digest
    assert both.bytes.read == one.bytes.read


def test_index_keeps_its_platforms_and_attestations(layout: Layout, index: str) -> None:
    (target,) = accel.convert(index, driver="estargz", verify=True).targets
    assert target.media_type == INDEX
    children = json.loads(layout.blob_path(target.digest).read_bytes())["manifests"]
    assert [child["platform"]["architecture"] for child in children] == ["amd64", "arm64", "unknown", "unknown"]
    described = [child["annotations"]["vnd.docker.reference.digest"] for child in children[2:]]
    assert described == [child["digest"] for child in children[:2]]


def test_platform_chooses_children(layout: Layout, index: str) -> None:
    (target,) = accel.convert(index, platform="linux/arm64", driver="estargz").targets
    assert {layer.platform for layer in target.layers} == {"linux/arm64/v8"}
    assert accel.check(index, target.reference, platform="linux/arm64").equal


def test_dry_run_writes_nothing(layout: Layout, image: str) -> None:
    before = sorted(layout.path.rglob("*"))
    result = accel.convert(image, driver=["estargz", "zstdchunked"], dry_run=True)
    assert [target.skipped for target in result.targets] == [True, True]
    assert sorted(layout.path.rglob("*")) == before


def test_target_that_is_there_already_is_a_success(image: str) -> None:
    (first,) = accel.convert(image, driver="estargz").targets
    result = accel.convert(first.reference, driver="estargz")
    (again,) = result.targets
    assert again.skipped
    assert (again.reference, again.digest, result.source.digest) == (first.reference, first.digest, first.digest)
    assert "already ends with -estargz" in again.notes[0]


def test_one_target_that_is_there_does_not_stop_the_other(image: str) -> None:
    (first,) = accel.convert(image, driver="estargz").targets
    result = accel.convert(first.reference, driver=["estargz", "zstdchunked"])
    assert [(target.driver, target.skipped) for target in result.targets] == [("estargz", True), ("zstdchunked", False)]
    assert accel.check(image, result.targets[1].reference).equal


def test_missing_source_that_looks_converted_is_still_missing(tmp_path: Path, image: str) -> None:
    with pytest.raises(accel.Error, match="absent-estargz"):
        accel.convert(f"{image.rpartition(':')[0]}:absent-estargz", driver="estargz")


def test_result_does_not_depend_on_the_number_of_threads(image: str, tmp_path: Path) -> None:
    digests = set()
    for jobs in (1, 2, 7):
        result = accel.convert(image, f"oci:{tmp_path}/{jobs}:{{driver}}", driver=["estargz", "zstdchunked"], jobs=jobs)
        digests.add(tuple(target.digest for target in result.targets))
    assert len(digests) == 1


@pytest.mark.parametrize("jobs", [0, -1])
def test_jobs_must_be_positive(image: str, jobs: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        accel.convert(image, jobs=jobs)


def test_prioritized_files_get_a_landmark(image: str) -> None:
    (target,) = accel.convert(image, driver="estargz", options={"prioritized_files": ["etc/passwd"]}).targets
    assert accel.check(image, target.reference).equal
    (plain,) = accel.convert(image, image.rpartition(":")[0] + ":plain", driver="estargz").targets
    assert plain.digest != target.digest


def test_limits_stop_a_bomb(layout: Layout) -> None:
    image = layout.tag(layout.add_image([layout.add_tar(bytes(8 << 20))]), "bomb")
    with pytest.raises(accel.FormatError, match="1048576"):
        accel.convert(image, limits=accel.DecodeLimits(max_bytes=1 << 20))


def test_check_reports_every_difference(layout: Layout) -> None:
    left = base_entries()
    right = [entry for entry in left if entry.name != "etc/empty"]
    images = [
        layout.tag(layout.add_image([layout.add_layer(entries)]), tag)
        for entries, tag in ((left, "left"), (right, "right"))
    ]
    report = accel.check(*images)
    assert not report.equal
    assert [(one.path, one.field) for one in report] == [("etc/empty", "only in source")]
    assert report.to_dict()["equal"] is False


def test_check_compares_configs(layout: Layout) -> None:
    layer = layout.add_layer(base_entries())
    first = layout.tag(layout.add_image([layer]), "first")
    second = layout.tag(layout.add_image([layer], config={"Env": ["PATH=/bin"], "Cmd": ["/bin/other"]}), "second")
    (difference,) = accel.check(first, second).differences
    assert "Cmd" in difference.path + difference.field


def test_registry_to_registry(registry: Registry, index: str) -> None:
    source = registry.reference("py/app:1")
    copied = accel.copy(index, source, all_platforms=True)
    assert copied.blobs["copied"] > 0
    result = accel.convert(source, driver=["estargz", "zstdchunked"], verify=True)
    for target in result.targets:
        assert target.reference == f"{source}-{target.driver}"
        assert accel.check(index, target.reference).equal
    again = accel.copy(index, registry.reference("py/app:2"), all_platforms=True)
    assert (again.blobs["copied"], again.digest) == (0, copied.digest)


def test_copy_takes_one_platform_unless_told_otherwise(index: str, tmp_path: Path) -> None:
    one = accel.copy(index, f"oci:{tmp_path}/one:x", platform="linux/arm64")
    assert one.media_type == MANIFEST
    everything = accel.copy(index, f"oci:{tmp_path}/all:x", all_platforms=True)
    assert everything.media_type == INDEX


def test_copies_through_archives_are_identical(image: str, tmp_path: Path) -> None:
    there = accel.copy(image, f"oci-archive:{tmp_path}/app.tar:app")
    back = accel.copy(f"oci-archive:{tmp_path}/app.tar:app", f"oci:{tmp_path}/back:app")
    assert there.digest == back.digest == accel.open(image).digest


def test_configuration_s_work_dir_is_where_layers_are_staged(layout: Layout, image: str, tmp_path: Path) -> None:
    config = accel.Config.from_dict({"provider": {"work_dir": str(tmp_path / "absent")}})
    with pytest.raises(accel.StoreError) as caught:
        accel.convert(image, options={"prioritized_files": ["etc/passwd"]}, config=config)
    assert caught.value.path.startswith(str(tmp_path / "absent"))


def test_failed_conversion_leaves_no_tag(layout: Layout, image: str, tmp_path: Path) -> None:
    broken = accel.open(image).layers[0]
    path = layout.blob_path(broken.digest)
    path.write_bytes(path.read_bytes()[:-100])
    with LayoutServer(layout).running() as server, pytest.raises(accel.Error, match=broken.digest[:19]):
        accel.convert(server.reference("app"), f"oci:{tmp_path}/out:x", driver=["estargz"])
    index = tmp_path / "out" / "index.json"
    assert not index.exists() or read_index(tmp_path / "out") == {}
