"""Results: frozen, typed, and shown as tables in a notebook."""

from __future__ import annotations

import dataclasses
from html.parser import HTMLParser

import pytest

import accel
from accel import units


class Tables(HTMLParser):
    """Collects the cells of a table."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.cells.append(data)


def cells(thing: object) -> list[str]:
    """Texts of what a notebook shows for `thing`."""
    tables = Tables(thing._repr_html_())  # type: ignore[attr-defined]
    assert tables.open == []
    return tables.cells


def test_conversion_shows_source_and_targets(image: str) -> None:
    result = accel.convert(image, driver=["estargz", "zstdchunked"])
    shown = cells(result)
    assert {"source", "estargz", "zstdchunked", image} <= set(shown)
    assert units.short_digest(result.targets[0].digest) in shown


def test_check_shows_its_outcome(image: str) -> None:
    assert any(cell.startswith("equal:") for cell in cells(accel.check(image, image)))


def test_images_show_their_layers_and_indexes_their_platforms(image: str, index: str) -> None:
    assert "tar+gzip" in cells(accel.open(image))
    assert "linux/arm64/v8" in cells(accel.inspect(index))


def test_names_from_images_are_escaped() -> None:
    difference = accel.Difference("linux/amd64", "<script>", "mode", "&", "2")
    report = accel.CheckReport("a", "b", "", "", (difference,), 1, 0, 0, ())
    assert "<script>" not in report._repr_html_()
    assert "<script>" in cells(report)


def test_results_cannot_be_changed(image: str) -> None:
    result = accel.convert(image, dry_run=True)
    for thing in (result, result.source, result.targets[0], result.elapsed, result.bytes, accel.open(image)):
        assert dataclasses.is_dataclass(thing)
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(thing, dataclasses.fields(thing)[0].name, "other")


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (349_000_000, "349.0 MB"),
        (1_050_000_000, "1.1 GB"),
        (10**16, "10000.0 TB"),
    ],
)
def test_sizes(count: int, text: str) -> None:
    assert units.size_text(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (59.94, "59.9 s"), (60, "1:00"), (102, "1:42"), (3723, "1:02:03")]
)
def test_durations(seconds: float, text: str) -> None:
    assert units.duration_text(seconds) == text


def test_short_digest_keeps_twelve_digits() -> None:
    assert units.short_digest("sha256:" + "ab" * 32) == "sha256:abababababab"
    assert units.ratio_text(1, 0) == ""
    assert units.ratio_text(1, 3) == "33.3%"
