"""Looking into images."""

from __future__ import annotations

import hashlib

import pytest

import accel
from tests.python.support.images import noise
from tests.python.support.layout import CONFIG, MANIFEST, Layout


def files_of(location: str, platform: str | None = None) -> dict[str, accel.FileEntry]:
    return {file.path: file for file in accel.open(location, platform=platform).files()}


@pytest.fixture(params=["source", "estargz", "zstdchunked"])
def location(request: pytest.FixtureRequest, image: str) -> str:
    """The sample image as it is, and converted to each format."""
    return image if request.param == "source" else accel.convert(image, driver=request.param).targets[0].reference


def test_documents_are_plain_data(layout: Layout, image: str) -> None:
    opened = accel.open(image)
    assert opened.manifest["mediaType"] == MANIFEST
    assert opened.manifest["config"]["mediaType"] == CONFIG
    assert opened.config["x-unknown"] == {"kept": True}
    assert layout.blob_path(opened.digest).read_text(encoding="utf-8") == opened.raw_manifest
    assert [layer.digest for layer in opened.layers] == [layer["digest"] for layer in opened.manifest["layers"]]
    assert opened.size == sum(layer["size"] for layer in opened.manifest["layers"])
    assert opened.platform == "linux/amd64"


def test_merged_tree_is_the_same_in_every_format(location: str) -> None:
    files = files_of(location)
    assert list(files) == sorted(files, key=lambda path: path.split("/"))
    assert {"var/removed", "var/cache/old", "var/.wh.removed"}.isdisjoint(files)

    app = files["bin/app"]
    assert (app.type, app.mode, app.size) == ("regular", 0o4755, 300_000)
    assert app.content == "sha256:" + hashlib.sha256(noise(300_000, 1)).hexdigest()
    assert app.hardlink_group == files["bin/app-link"].hardlink_group is not None
    assert files["etc/passwd"].hardlink_group is None

    assert (files["bin/sh"].type, files["bin/sh"].link_target) == ("symlink", "app")
    assert (files["etc"].mode, files["etc"].uid, files["etc"].gid) == (0o750, 3, 4)
    assert files["etc/passwd"].size == len("root:x:0:0\nuser:x:1:1\n")
    assert files["etc/empty"].type == "symlink"
    assert files["etc/capable"].xattrs == {"security.capability": b"\x01\x00\x00\x02\xff", "user.note": b"hi"}
    assert files["dev/null"].device == (1, 3)
    assert (files["dev/pipe"].type, files["dev/pipe"].device) == ("fifo", None)
    assert files["unicode/ünïcode-☃"].size == 4
    assert files["etc/passwd"].mtime_ns == 1_700_000_000 * 10**9


def test_inspection_names_the_format_of_each_layer(image: str) -> None:
    assert [layer.format for layer in accel.open(image).layers] == ["tar+gzip", "tar", "tar+gzip"]
    (target,) = accel.convert(image, driver="estargz").targets
    layers = accel.open(target.reference).layers
    assert {layer.format for layer in layers} == {"eStargz"}
    assert layers[0].entries > 15
    assert layers[0].chunks >= 3
    assert layers[0].details["toc digest"] == layers[0].annotations["containerd.io/snapshot/stargz/toc.digest"]


def test_inspection_of_an_index_has_an_image_for_each_platform(index: str) -> None:
    found = accel.inspect(index)
    assert [image.platform for image in found.images] == ["linux/amd64", "linux/arm64/v8"]
    assert [image.platform for image in accel.inspect(index, platform="linux/arm64").images] == ["linux/arm64/v8"]


def test_open_takes_the_platform_that_is_asked_for(index: str) -> None:
    assert accel.open(index, platform="linux/arm64").platform == "linux/arm64/v8"
    assert "etc/passwd" in files_of(index, platform="linux/arm64")
    assert "dev/null" not in files_of(index, platform="linux/arm64")


def test_platform_that_is_not_there_is_an_error_that_names_the_others(index: str) -> None:
    with pytest.raises(accel.ConfigError, match="no image for linux/s390x; there are: linux/amd64, linux/arm64/v8"):
        accel.open(index, platform="linux/s390x")


def test_entries_become_json(image: str) -> None:
    document = files_of(image)["etc/capable"].to_dict()
    assert document["xattrs"]["security.capability"] == "01000002ff"
    assert document["path"] == "etc/capable"


def test_image_of_an_unusual_platform_opens_when_it_is_the_only_one(layout: Layout) -> None:
    tag = layout.tag(layout.add_image([layout.add_layer([])], "linux/s390x"), "odd")
    assert [file.path for file in accel.open(tag).files()] == [""]
