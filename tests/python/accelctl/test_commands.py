"""What each command prints, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

import accel
from tests.python.conftest import Outcome
from tests.python.support.images import base_entries
from tests.python.support.layout import Entry, Layout, read_index

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.registry import Registry

Accelctl = Callable[..., Outcome]

QUIET = ("--progress", "none")


def document(outcome: Outcome) -> dict[str, Any]:
    assert outcome.stderr == ""
    result: dict[str, Any] = json.loads(outcome.stdout)
    return result


def test_convert_prints_a_table_and_ends_with_0(accelctl: Accelctl, layout: Layout, image: str) -> None:
    outcome = accelctl("convert", image, *QUIET)
    assert (outcome.code, outcome.stderr) == (0, "")
    lines = outcome.stdout.splitlines()
    assert lines[0].split() == ["DRIVER", "IMAGE", "DIGEST", "SIZE", "OF", "SOURCE"]
    assert lines[2].startswith(f"estargz  {image}-estargz  sha256:")
    assert "app-estargz" in read_index(layout.path)


def test_convert_json_is_the_promised_document(accelctl: Accelctl, layout: Layout, image: str) -> None:
    target = f"oci:{layout.path}:app-{{driver}}"
    drivers = ("--driver", "estargz", "--driver", "zstdchunked")
    result = document(accelctl("convert", image, target, *drivers, "--verify", "--output", "json", *QUIET))
    assert result["source"].keys() == {"reference", "digest", "size"}
    assert [made["driver"] for made in result["targets"]] == ["estargz", "zstdchunked"]
    stored = read_index(layout.path)
    for made in result["targets"]:
        assert made.keys() >= {"driver", "reference", "digest", "media_type", "size", "layers"}
        assert made["reference"] == f"oci:{layout.path}:app-{made['driver']}"
        assert made["digest"] == stored[f"app-{made['driver']}"]["digest"]
        keys = {"platform", "source", "target", "source_size", "target_size", "cached"}
        assert all(layer.keys() >= keys for layer in made["layers"])
        assert [layer["cached"] for layer in made["layers"]] == [False] * 3
    assert result["elapsed"].keys() == {"total", "pull", "convert", "push"}
    assert result["bytes"].keys() == {"read", "written", "uploaded", "mounted"}


def test_convert_takes_options_of_one_driver_and_of_all(accelctl: Accelctl, layout: Layout, image: str) -> None:
    options = ("--option", "estargz.compression_level=1", "--option", "zstdchunked.compression_level=1")
    drivers = ("--driver", "estargz", "--driver", "zstdchunked")
    fast = document(accelctl("convert", image, *drivers, *options, "--output", "json", *QUIET))
    usual = accel.convert(image, f"oci:{layout.path}:usual-{{driver}}", driver=["estargz", "zstdchunked"])
    for made, other in zip(fast["targets"], usual.targets, strict=True):
        assert made["digest"] != other.digest


def test_convert_by_configuration(accelctl: Accelctl, registry: Registry, image: str, tmp_path: Path) -> None:
    accel.copy(image, registry.reference("cli/app:1"))
    (tmp_path / "c.yaml").write_text(
        "converter:\n  harbor_annotation: true\n  driver: {type: estargz, config: {compression: zstdchunked}}\n"
        "  rules:\n    - tag_suffix: -fast\n    - cache_tag: cache\n",
        encoding="utf-8",
    )
    outcome = accelctl("convert", "--config", "c.yaml", registry.reference("cli/app:1"), "--output", "json", *QUIET)
    assert outcome.code == 0
    assert outcome.stderr == ""
    cache = {"reference": registry.reference("cli/app:cache"), "hits": 0, "misses": 3, "added": 3, "dropped": 0}
    assert json.loads(outcome.stdout)["cache"] == cache
    (made,) = json.loads(outcome.stdout)["targets"]
    assert made["reference"] == registry.reference("cli/app:1-fast")
    opened = accel.open(made["reference"])
    assert opened.layers[0].media_type.endswith("+zstd")
    annotations = opened.manifest["annotations"]
    assert annotations["io.goharbor.artifact.v1alpha1.acceleration.driver.name"] == "estargz"


def test_convert_dry_run_says_what_would_be_done(accelctl: Accelctl, layout: Layout, image: str) -> None:
    outcome = accelctl("convert", image, "--dry-run", *QUIET)
    assert outcome.code == 0
    assert f"{image}-estargz" in outcome.stdout
    assert outcome.stdout.splitlines()[2].endswith("nothing written")
    assert "app-estargz" not in read_index(layout.path)


def test_convert_of_what_is_converted_is_a_success_with_a_note(accelctl: Accelctl, image: str) -> None:
    accel.convert(image, driver="estargz")
    outcome = accelctl("convert", f"{image}-estargz", *QUIET)
    assert outcome.code == 0
    assert "note: estargz: the tag already ends with -estargz" in outcome.stderr
    assert outcome.stdout.splitlines()[2].endswith("nothing written")


def test_convert_says_that_it_has_taken_an_image_over(accelctl: Accelctl, layout: Layout, image: str) -> None:
    accel.convert(image, driver="estargz")
    outcome = accelctl("convert", f"{image}-estargz", f"oci:{layout.path}:again", *QUIET)
    assert outcome.code == 0
    stored = read_index(layout.path)
    row = outcome.stdout.splitlines()[2]
    assert row.split()[:3] == ["estargz", f"oci:{layout.path}:again", stored["again"]["digest"][:19]]
    assert row.endswith("3 layers, taken over")
    assert stored["again"]["digest"] == stored["app-estargz"]["digest"]


def test_progress_is_lines_in_a_log_and_documents_on_request(accelctl: Accelctl, image: str) -> None:
    lines = accelctl("convert", image).stderr.splitlines()
    assert lines[0].startswith(f"note: reading {image}: 3 blobs")
    assert sum(line.startswith("note: convert sha256:") and " done in " in line for line in lines) == 3
    events = [json.loads(line) for line in accelctl("check", image, image, "--progress", "json").stderr.splitlines()]
    assert {event["kind"] for event in events} == {"check"}


def test_check_of_equal_images_ends_with_0(accelctl: Accelctl, image: str) -> None:
    outcome = accelctl("check", image, image, *QUIET)
    assert (outcome.code, outcome.stderr) == (0, "")
    assert outcome.stdout.startswith("equal: 20 files, ")


@pytest.fixture
def different(layout: Layout) -> tuple[str, str]:
    """Two images with 30 differences."""
    left = [Entry(f"file{number:02}", b"a") for number in range(30)]
    right = [Entry(f"file{number:02}", b"b") for number in range(30)]
    images = [layout.add_image([layout.add_layer(entries)]) for entries in (left, right)]
    return layout.tag(images[0], "left"), layout.tag(images[1], "right")


def test_check_of_different_images_ends_with_3_and_shows_twenty(accelctl: Accelctl, different: tuple[str, str]) -> None:
    outcome = accelctl("check", *different, *QUIET)
    assert (outcome.code, outcome.stderr) == (3, "")
    lines = outcome.stdout.splitlines()
    assert len(lines) == 22
    assert lines[0].startswith("linux/amd64 file00: content: sha256:")
    assert lines[20] == "… and 10 more"
    assert lines[21].startswith("30 differences: ")


def test_check_json_has_all_differences(accelctl: Accelctl, different: tuple[str, str]) -> None:
    outcome = accelctl("check", *different, "--output", "json", *QUIET)
    assert outcome.code == 3
    report = json.loads(outcome.stdout)
    assert report["equal"] is False
    assert len(report["differences"]) == 30
    assert report["differences"][0].keys() == {"platform", "path", "field", "source", "target"}


def test_inspect_shows_layers_and_formats(accelctl: Accelctl, index: str) -> None:
    outcome = accelctl("inspect", index)
    assert (outcome.code, outcome.stderr) == (0, "")
    assert "linux/amd64" in outcome.stdout
    assert "linux/arm64/v8" in outcome.stdout
    assert outcome.stdout.count("tar+gzip") == 3


def test_inspect_lists_files_as_ls_does(accelctl: Accelctl, image: str) -> None:
    lines = accelctl("inspect", image, "--files").stdout.splitlines()
    assert "-rwsr-xr-x 0:0       300000 2023-11-14 22:13:20 /bin/app" in lines
    assert "lrwxrwxrwx 0:0            0 2023-11-14 22:13:20 /bin/sh -> app" in lines
    assert "crw-rw-rw- 0:0         1, 3 2023-11-14 22:13:20 /dev/null" in lines


def test_inspect_json_has_documents_layers_and_files(accelctl: Accelctl, image: str) -> None:
    accel.convert(image, driver="estargz")
    found = document(accelctl("inspect", f"{image}-estargz", "--files", "--output", "json"))
    (one,) = found["images"]
    assert [layer["format"] for layer in one["layers"]] == ["eStargz"] * 3
    assert one["manifest"]["layers"][0]["digest"] == one["layers"][0]["digest"]
    paths = [file["path"] for file in one["files"]]
    assert "bin/app" in paths
    assert "stargz.index.json" not in paths


def test_hostile_names_cannot_move_the_cursor_or_break_the_output(accelctl: Accelctl, layout: Layout) -> None:
    entries = [Entry("a\x1b[2Jb\nc"), Entry("\udcff")]
    image = layout.tag(layout.add_image([layout.add_layer(entries)]), "hostile")
    outcome = accelctl("inspect", image, "--files", LC_ALL="C")
    assert outcome.code == 0
    assert "/a?[2Jb?c" in outcome.stdout
    assert "\x1b" not in outcome.stdout
    assert document(accelctl("inspect", image, "--files", "--output", "json"))["images"]


def test_output_fits_any_encoding(accelctl: Accelctl, image: str) -> None:
    outcome = accelctl("inspect", image, "--files", PYTHONIOENCODING="ascii")
    assert (outcome.code, outcome.stderr) == (0, "")
    assert "/unicode/?n?code-?\n" in outcome.stdout


def test_copy_says_what_was_copied(accelctl: Accelctl, index: str, tmp_path: Path) -> None:
    outcome = accelctl("copy", "--all", index, f"oci:{tmp_path}/copy:x", *QUIET)
    assert (outcome.code, outcome.stderr) == (0, "")
    assert outcome.stdout.startswith(f"oci:{tmp_path}/copy:x sha256:")
    again = document(accelctl("copy", "--all", index, f"oci:{tmp_path}/copy:y", "--output", "json", *QUIET))
    assert again["blobs"]["copied"] == 0
    assert again["digest"] == accel.inspect(index).digest


def test_doctor_checks_installation_and_registry(accelctl: Accelctl, registry: Registry) -> None:
    outcome = accelctl("doctor", registry.host)
    assert (outcome.code, outcome.stderr) == (0, "")
    for step in ("version", "drivers", "work dir", "connect", "ping"):
        assert f"ok  {step}" in outcome.stdout
    report = document(accelctl("doctor", registry.host, "--output", "json"))
    assert report["ok"] is True


def test_doctor_ends_with_1_when_a_step_fails(accelctl: Accelctl, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(f"provider: {{work_dir: {tmp_path}/absent}}", encoding="utf-8")
    outcome = accelctl("doctor", "--config", "c.yaml")
    assert (outcome.code, outcome.stderr) == (1, "")
    assert "FAIL  work dir" in outcome.stdout


def test_limits_can_be_raised(accelctl: Accelctl, layout: Layout) -> None:
    zeros = layout.add_tar(bytes(96 << 20))
    image = layout.tag(layout.add_image([zeros, layout.add_layer(base_entries())]), "zeros")
    outcome = accelctl("check", image, image, "--max-ratio", "900", *QUIET)
    assert outcome.code == 1
    assert zeros.descriptor["digest"][:19] in outcome.error
    assert accelctl("check", image, image, "--max-ratio", "1100", *QUIET).code == 0
