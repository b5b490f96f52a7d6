"""Values on their way across the border."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

import accel
from accel._core import convert, oci
from tests.python.support.layout import Entry, directory

if TYPE_CHECKING:
    from tests.python.support.layout import Layout

DIGEST = "sha256:" + "0f" * 32


def test_digest_is_text() -> None:
    assert oci.Reference.parse(f"host/repo@{DIGEST}").digest == DIGEST
    assert oci.Reference.parse("host/repo").digest == ""


@pytest.mark.parametrize(
    ("text", "transport", "path", "tag"),
    [
        ("oci:/a/b:t", "oci", "/a/b", "t"),
        ("oci:/a/b", "oci", "/a/b", ""),
        ("oci-archive:x.tar:t", "oci-archive", "x.tar", "t"),
        ("docker-archive:x.tar:repo:t", "docker-archive", "x.tar", "repo:t"),
        ("docker://nginx", "registry", "", "latest"),
        (f"localhost/nginx@{DIGEST}", "registry", "", DIGEST),
    ],
)
def test_location_has_transport_path_and_tag(text: str, transport: str, path: str, tag: str) -> None:
    location = convert.Location.parse(text)
    assert (location.transport, location.path, location.tag) == (transport, path, tag)
    assert str(convert.Location.parse(str(location))) == str(location)


def test_names_that_are_no_utf8_come_as_from_the_file_system(layout: Layout) -> None:
    name = os.fsdecode(b"bin/\xff\xfe")
    tar = layout.add_layer([directory("bin/"), Entry(name, b"x")])
    paths = [file.path for file in accel.open(layout.tag(layout.add_image([tar]), "odd")).files()]
    assert [os.fsencode(path) for path in paths] == [b"", b"bin", b"bin/\xff\xfe"]


def test_options_of_a_format_are_a_table() -> None:
    estargz = next(known for known in accel.formats() if known.name == "estargz")
    compression = next(option for option in estargz.options if option.name == "compression")
    assert (compression.type, compression.default) == ("choice", "estargz")
    assert "zstdchunked" in compression.range


def test_decode_limits_keep_defaults_that_are_not_given() -> None:
    default = accel.DecodeLimits()
    assert accel.DecodeLimits(max_ratio=7).max_bytes == default.max_bytes
    assert accel.DecodeLimits(max_ratio=7).max_ratio == 7
    assert default.max_ratio > 1000
