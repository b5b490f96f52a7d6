"""A registry of its own for the tests of this folder, with images whose twins are missing, stale or fresh."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

import accel
from tests.python.support.layout import Entry, Layout
from tests.support.registry import plain_registry
from tests.support.registry_api import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.registry import Registry


@dataclass
class Filled:
    """A registry and what was pushed to it."""

    registry: Registry
    folder: Path
    _count: list[None] = field(default_factory=list)

    @property
    def host(self) -> str:
        return self.registry.host

    def config(self, host: str = "", **sections: Any) -> accel.Config:
        """The daemon's configuration; `host` stands in for the registry's own."""
        data: dict[str, Any] = {
            "provider": {"source": {host or self.host: {"plain_http": True}}, "work_dir": str(self.folder)},
            "converter": {"driver": "nydus", "rules": [{"tag_suffix": "-nydus"}, {"cache_tag": "cache"}]},
            "reconciliation": {"rate": 10_000},
        }
        for name, section in sections.items():
            data[name] = {**data.get(name, {}), **section}
        return accel.Config.from_dict(data)

    def push(self, name: str) -> str:
        """Pushes an image that no other is equal to; gives its reference."""
        self._count.append(None)
        number = len(self._count)
        layout = Layout(self.folder / f"layout-{number}")
        image = layout.add_image(
            [layout.add_layer([Entry("file", b"%d" % number)])], created=f"2024-01-01T00:00:{number:02}Z"
        )
        accel.copy(layout.tag(image, "pushed"), self.registry.reference(name))
        return self.registry.reference(name)

    def convert(self, reference: str) -> None:
        """Makes its twin, as a worker does."""
        accel.convert(reference, config=self.config())


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[Filled]:
    """Fresh, stale, missing; a chart and a signature that need no work."""
    with plain_registry(tmp_path / "registry") as registry:
        made = Filled(registry, tmp_path)
        made.convert(made.push("team/app:fresh"))
        made.convert(made.push("team/app:stale"))
        made.push("team/app:stale")
        made.push("team/app:missing")
        made.push("other/app:missing")
        Repository(registry, "team/chart").put_chart("1.0.0")
        made.push(f"team/app:sha256-{'a' * 64}.sig")
        yield made
