"""Small text languages of the configuration: `{name}` templates for references, and globs for repositories and tags."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_FIELD = re.compile(r"\{([^{}]*)\}")
_GLOB_PART = re.compile(r"\*\*|\*|\?|[^*?]+")


def fields(template: str) -> list[str]:
    """Names of the fields of `template`, in order."""
    return _FIELD.findall(template)


def fill(template: str, values: Mapping[str, str]) -> str:
    """`template` with each `{name}` replaced.

    Raises:
        ValueError: for a field that is not in `values`, naming those that are.
    """

    def replace(match: re.Match[str]) -> str:
        if match[1] not in values:
            accepted = ", ".join(f"{{{name}}}" for name in values)
            raise ValueError(f"unknown field {{{match[1]}}} in {template!r}; accepted: {accepted}")
        return values[match[1]]

    return _FIELD.sub(replace, template)


def glob_matches(pattern: str, text: str) -> bool:
    """True when `text` fits `pattern`: `*` and `?` stop at `/`, `**` does not."""
    return _compiled(pattern).fullmatch(text) is not None


@functools.lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    """The configuration's globs are tried on every event."""
    special = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(special.get(part) or re.escape(part) for part in _GLOB_PART.findall(pattern)))
