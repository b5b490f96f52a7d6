"""Remote cache images: what they hold, and taking records out of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from accel import _notebook
from accel._core import cache as native
from accel._environment import call_hooks, make_environment
from accel.units import short_digest, size_text

if TYPE_CHECKING:
    from accel._config import Config
    from accel._core.base import CancelToken


@dataclass(frozen=True)
class CacheRecord:
    """One layer that is remembered.

    `format` and `fingerprint` are empty for records of the system this one replaces, which do not say with which
    options a layer was made: no conversion uses them. `last_use` counts in records added to the cache; 0: never noted.
    """

    platform: str
    format: str
    fingerprint: str
    source: str
    target: str
    media_type: str
    target_size: int
    last_use: int


@dataclass(frozen=True)
class CacheContent:
    """What a cache image holds. `warnings`: what could not be read."""

    reference: str
    digest: str
    media_type: str
    versions: tuple[str, ...]
    records: tuple[CacheRecord, ...]
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The document `accelctl cache inspect --output json` prints."""
        return asdict(self)

    def _repr_html_(self) -> str:
        rows = [
            (one.platform, one.format, short_digest(one.source), short_digest(one.target), size_text(one.target_size))
            for one in self.records
        ]
        return _notebook.table(("platform", "format", "source", "target", "size"), rows, self.reference)


@dataclass(frozen=True)
class CachePruned:
    """What was dropped of so many `records`; `dead`: those of them whose blob is gone. `digest`: of the image now."""

    reference: str
    digest: str
    records: int
    dropped: int
    dead: int

    def to_dict(self) -> dict[str, Any]:
        """The document `accelctl cache prune --output json` prints."""
        return asdict(self)


def inspect_cache(reference: str, *, config: Config | None = None, cancel: CancelToken | None = None) -> CacheContent:
    """Reads a remote cache image.

    Args:
        reference: Where it is: a registry's reference or `oci:DIR:TAG`.
        config: Registries.
        cancel: Stops the work when cancelled.

    Raises:
        NotFound: there is none.
        UnsupportedError: what stands there is no cache image.
    """
    with call_hooks(None, cancel) as hooks:
        report = native.inspect(reference, make_environment(config, None, None), hooks)
    records = tuple(
        CacheRecord(
            platform=one.platform,
            format=one.format,
            fingerprint=one.fingerprint,
            source=one.source,
            target=one.target,
            media_type=one.media_type,
            target_size=one.target_size,
            last_use=one.last_use,
        )
        for one in report.records
    )
    return CacheContent(
        reference=report.reference,
        digest=report.digest,
        media_type=report.media_type,
        versions=tuple(report.versions),
        records=records,
        warnings=tuple(report.warnings),
    )


def prune_cache(
    reference: str,
    *,
    keep: int | None = None,
    dead: bool = False,
    dry_run: bool = False,
    config: Config | None = None,
    cancel: CancelToken | None = None,
) -> CachePruned:
    """Takes records out of a remote cache image; the blobs they name stay.

    Args:
        reference: Where it is.
        keep: So many of the most recently used records of each platform; by default all.
        dead: Drop records whose blob is gone.
        dry_run: Only say what would go.
        config: Registries.
        cancel: Stops the work when cancelled.

    Raises:
        NotFound: there is none.
        UnsupportedError: what stands there is no cache image.
    """
    if keep is not None and keep < 0:
        raise ValueError(f"keep must not be negative, got {keep}")
    request = native.CachePruneRequest()
    request.location = reference
    request.keep = keep
    request.dead = dead
    request.dry_run = dry_run
    with call_hooks(None, cancel) as hooks:
        report = native.prune(request, make_environment(config, None, None), hooks)
    return CachePruned(report.reference, report.digest, report.records, report.dropped, report.dead)
