"""What a reconciliation saw and did. Bounded in size, however large the registries are."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_FOUND = 1000  # images listed; all are counted
MAX_ERRORS = 100  # errors listed; all are counted
MAX_REASONS = 30  # reasons told apart

OTHER_REASONS = "other reasons"

_MAX_TEXT = 500  # characters of a reason or an error


@dataclass
class Report:
    """Counts, and the first of what was found.

    Attributes:
        pattern: What was looked for.
        dry_run: Nothing was queued.
        images: Tags that fit the pattern.
        fresh: Those with a converted twin of what they are now.
        missing: Those without one.
        stale: Those whose twin was made of something else.
        queued: Tasks made.
        joined: Images whose task was there already.
        skipped: Reason → how many images need no work for it.
        errors: How many repositories and images could not be looked at.
        error_list: The first of them.
        found: The first of the missing and stale ones.
    """

    pattern: str
    dry_run: bool
    registries: int = 0
    repositories: int = 0
    images: int = 0
    fresh: int = 0
    missing: int = 0
    stale: int = 0
    queued: int = 0
    joined: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    errors: int = 0
    error_list: list[dict[str, str]] = field(default_factory=list)
    found: list[dict[str, str]] = field(default_factory=list)

    def skip(self, reason: str) -> None:
        """Counts an image that needs no work."""
        reason = reason[:_MAX_TEXT]
        if reason not in self.skipped and len(self.skipped) >= MAX_REASONS:
            reason = OTHER_REASONS
        self.skipped[reason] = self.skipped.get(reason, 0) + 1

    def fail(self, where: str, error: Exception) -> None:
        """Counts what could not be looked at."""
        self.errors += 1
        if len(self.error_list) < MAX_ERRORS:
            text = " ".join(str(error).split())[:_MAX_TEXT]
            self.error_list.append({"where": where[:_MAX_TEXT], "message": text})

    def find(self, source: str, state: str, reason: str) -> None:
        """Counts an image without a twin, or with a stale one."""
        if state == "missing":
            self.missing += 1
        else:
            self.stale += 1
        if len(self.found) < MAX_FOUND:
            self.found.append({"source": source, "state": state, "reason": reason[:_MAX_TEXT]})

    def counts(self) -> dict[str, Any]:
        """What is shown while it runs."""
        return {name: value for name, value in asdict(self).items() if type(value) is int}

    @staticmethod
    def without_lists(report: Mapping[str, Any]) -> dict[str, Any]:
        """A report as `to_dict` made it, for lists of reports."""
        return {name: value for name, value in report.items() if name not in {"found", "error_list"}}

    def to_dict(self) -> dict[str, Any]:
        """The whole report, as the API gives it."""
        return asdict(self)

    def line(self) -> str:
        """One line for people."""
        parts = [f"{self.images} images in {self.repositories} repositories", f"{self.fresh} up to date"]
        parts += [f"{self.missing} missing", f"{self.stale} stale"]
        parts.append(
            "nothing queued: dry run" if self.dry_run else f"{self.queued} queued, {self.joined} queued before"
        )
        parts += [f"{sum(self.skipped.values())} skipped", f"{self.errors} errors"]
        return "; ".join(parts)
