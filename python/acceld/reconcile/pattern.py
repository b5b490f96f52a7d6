"""Which images a reconciliation is about: `[HOST/]REPOSITORY[:TAG]` with globs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import accel
from acceld.errors import PayloadError

if TYPE_CHECKING:
    from collections.abc import Iterable

EVERYTHING = "**"

_GLOB = frozenset("*?")
_MAX_LENGTH = 800  # characters, as of a reference


@dataclass(frozen=True)
class Pattern:
    """Globs for `host/repository` and for the tag: `*` and `?` stop at `/`, `**` does not."""

    text: str
    name: str
    tag: str

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """A pattern without `/` is one of hosts; `**` is everything.

        Raises:
            PayloadError: `text` can fit nothing.
        """
        if not text or len(text) > _MAX_LENGTH or not text.isprintable() or " " in text or "@" in text:
            raise PayloadError(f"{text[:100]!r} is no pattern of images; want such as registry.example/team/**:v*")
        if "/" not in text:
            return cls(text, text if text == EVERYTHING else f"{text}/**", "*")
        path, slash, last = text.rpartition("/")
        name, colon, tag = last.partition(":")
        if not name or (colon and not tag):
            raise PayloadError(f"{text!r}: want HOST/REPOSITORY:TAG, each perhaps with * and **")
        return cls(text, path + slash + name, tag or "*")

    def hosts(self, configured: Iterable[str]) -> list[str]:
        """Those of the configured hosts that have images the pattern fits."""
        first = self.name.partition("/")[0]
        return [host for host in configured if "**" in first or accel.glob_matches(first, host)]

    @property
    def repository(self) -> str:
        """`host/repository` when the pattern names just one: then no list of repositories is needed."""
        return "" if _GLOB & set(self.name) else self.name

    def fits_repository(self, name: str) -> bool:
        """True for `host/repository`."""
        return accel.glob_matches(self.name, name)

    def fits_tag(self, tag: str) -> bool:
        """True for a tag of a repository that fits."""
        return accel.glob_matches(self.tag, tag)
