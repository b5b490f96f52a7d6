"""Whatever is wrong with an image: one line that names the place, exit status 1, nothing left, memory in bounds."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.e2e.bad_images import CASES, Case, gzip_bomb, wrong_diff_id
from tests.python.support.images import noise
from tests.python.support.layout import Entry, Layout
from tests.support.raw_tar import archive, file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.command import Accelctl

BOTH = ("--driver", "estargz", "--driver", "zstdchunked", "--progress", "none")


def tags(folder: Path) -> set[str]:
    index = folder / "index.json"
    if not index.exists():
        return set()
    entries = json.loads(index.read_text(encoding="utf-8"))["manifests"]
    return {entry["annotations"]["org.opencontainers.image.ref.name"] for entry in entries}


def stray_files(folder: Path) -> list[Path]:
    """Files of a layout that are neither its own nor blobs under their digest."""
    known = {folder / "index.json", folder / "oci-layout"}
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and path not in known and not (path.parent.name == "sha256" and len(path.name) == 64)
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "_"))
def test_a_bad_image_fails_with_one_line_and_leaves_nothing(
    case: Case, accelctl: Accelctl, layout: Layout, tmp_path: Path
) -> None:
    bad = case.make(layout)
    target = tmp_path / "target"
    outcome = accelctl("convert", layout.location("app"), f"oci:{target}:new-{{driver}}", *BOTH)
    error = outcome.failed()
    assert layout.location("app") in error
    assert bad.digest[:19] in error
    assert f"{case.path}: " in error or not case.path
    for word in case.says:
        assert word in error
    assert case.remedy in error
    assert tags(target) == set()
    assert stray_files(target) == []
    assert outcome.peak_bytes < 1 << 30


def test_a_failure_keeps_what_the_tag_named_before(accelctl: Accelctl, layout: Layout, tmp_path: Path) -> None:
    target = f"oci:{tmp_path / 'target'}:app"
    good = layout.tag(layout.add_image([layout.add_layer([Entry("file", b"one")])]), "good")
    accelctl("convert", good, target).succeeded()
    before = (tmp_path / "target" / "index.json").read_bytes()
    wrong_diff_id(layout)
    accelctl("convert", layout.location("app"), target, "--progress", "none").failed()
    assert (tmp_path / "target" / "index.json").read_bytes() == before


def test_an_archive_that_failed_does_not_exist(accelctl: Accelctl, layout: Layout, tmp_path: Path) -> None:
    wrong_diff_id(layout)
    target = tmp_path / "out" / "app.tar"
    target.parent.mkdir()
    accelctl("convert", layout.location("app"), f"oci-archive:{target}:app", "--progress", "none").failed()
    assert list(target.parent.iterdir()) == []


def test_a_layer_that_swells_as_far_as_gzip_can_is_converted_in_bounded_memory(
    accelctl: Accelctl, layout: Layout, tmp_path: Path
) -> None:
    gzip_bomb(layout, 300_000_000)
    outcome = accelctl("convert", layout.location("app"), f"oci:{tmp_path / 'target'}:app", "--progress", "none")
    outcome.succeeded()
    assert outcome.peak_bytes < 128 << 20


@pytest.mark.parametrize(
    ("option", "limits"), [("--max-ratio", ("500", "2000")), ("--max-layer-size", ("90000000", "110000000"))]
)
def test_the_limits_on_bombs_are_options_that_the_message_names(
    option: str, limits: tuple[str, str], accelctl: Accelctl, layout: Layout, tmp_path: Path
) -> None:
    gzip_bomb(layout, 100_000_000)
    command = ("convert", layout.location("app"), f"oci:{tmp_path / 'target'}:app", "--progress", "none")
    assert option in accelctl(*command, option, limits[0]).failed()
    assert tags(tmp_path / "target") == set()
    accelctl(*command, option, limits[1]).succeeded()


@pytest.mark.parametrize("command", ["check", "inspect", "copy"])
def test_other_commands_refuse_a_damaged_blob(command: str, accelctl: Accelctl, layout: Layout, tmp_path: Path) -> None:
    case = next(case for case in CASES if case.name == "wrong blob digest")
    bad = case.make(layout)
    location = layout.location("app")
    arguments = {
        "check": (location, location, "--progress", "none"),
        "inspect": (location, "--files"),
        "copy": (location, f"oci:{tmp_path / 'target'}:app", "--progress", "none"),
    }[command]
    error = accelctl(command, *arguments).failed()
    assert bad.digest[:19] in error
    assert tags(tmp_path / "target") == set()


def test_absolute_names_stay_inside_the_image(accelctl: Accelctl, layout: Layout, tmp_path: Path) -> None:
    layer = layout.add_tar(archive(file(b"/etc/absolute"), file(b"./etc/dotted")))
    location = layout.tag(layout.add_image([layer]), "app")
    target = f"oci:{tmp_path / 'target'}:app"
    accelctl("convert", location, target, "--verify").succeeded()
    files = accelctl("inspect", target, "--files", "--output", "json").document["images"][0]["files"]
    assert {entry["path"] for entry in files} >= {"etc/absolute", "etc/dotted"}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.fixture(params=["disk", "limit"])
def little_room(request: pytest.FixtureRequest, accelctl: Accelctl, tmp_path: Path) -> tuple[Path, str, str]:
    """A folder that takes 1 MB in one file, the reason in an error for more, and the remedy."""
    if request.param == "disk":
        folder: Path = request.getfixturevalue("small_disk")
        return folder, "No space left on device", "free space there, or choose"
    accelctl.prefix = ("prlimit", "--fsize=1000000")
    folder = tmp_path / "limited"
    folder.mkdir()
    return folder, "File too large", "raise the limit on the size of files"


@pytest.mark.parametrize("kind", ["oci", "oci-archive"])
def test_a_full_target_disk_is_one_line(
    kind: str, accelctl: Accelctl, layout: Layout, little_room: tuple[Path, str, str]
) -> None:
    location = layout.tag(layout.add_image([layout.add_layer([Entry("big", noise(3_000_000, 1))])]), "app")
    folder, reason, remedy = little_room
    target = folder / "target"
    error = accelctl("convert", location, f"{kind}:{target}:app", "--progress", "none").failed()
    assert f"{reason}; {remedy}" in error
    assert location in error
    if kind == "oci":
        assert tags(target) == set()
        assert stray_files(target) == []
    else:
        assert list(folder.iterdir()) == []


def test_a_full_temporary_disk_is_one_line(
    accelctl: Accelctl, layout: Layout, little_room: tuple[Path, str, str], tmp_path: Path
) -> None:
    entries = [Entry("first", noise(3_000_000, 1)), Entry("last", noise(3_000_000, 2))]
    location = layout.tag(layout.add_image([layout.add_layer(entries)]), "app")
    folder, reason, remedy = little_room
    # Prioritised files reorder the layer: it must be staged.
    command = ("convert", location, f"oci:{tmp_path / 'target'}:app", "--progress", "none")
    outcome = accelctl(*command, "--option", "prioritized_files=last", TMPDIR=str(folder))
    error = outcome.failed()
    assert f"{reason}; {remedy}" in error
    assert str(folder) in error
    assert location in error
    assert list(folder.iterdir()) == []
