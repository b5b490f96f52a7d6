"""What the jobs answer: plain, frozen, typed values. Sizes are bytes, times seconds."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from accel import _notebook
from accel.units import ratio_text, short_digest, size_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accel._core import convert as native
    from accel._store import CollectReport


@dataclass(frozen=True)
class Source:
    """The image that was converted."""

    reference: str
    digest: str
    size: int


@dataclass(frozen=True)
class Layer:
    """One layer and what it became. `cached`: taken over without conversion, from the cache or from the source."""

    platform: str
    source: str
    target: str
    source_size: int
    target_size: int
    cached: bool


@dataclass(frozen=True)
class Target:
    """One image that was made. `skipped`: nothing was converted, `notes` say why.

    A skipped target with `layers` was taken over from the source as it is, and its tag written; one without was there
    already; one without a `digest` belongs to a dry run.
    """

    driver: str
    reference: str
    digest: str
    media_type: str
    size: int
    layers: tuple[Layer, ...] = ()
    notes: tuple[str, ...] = ()
    skipped: bool = False


@dataclass(frozen=True)
class Elapsed:
    """Seconds in all, and those spent in each kind of work; these overlap."""

    total: float = 0.0
    pull: float = 0.0
    convert: float = 0.0
    push: float = 0.0


@dataclass(frozen=True)
class Transferred:
    """Bytes read from the source, encoded, sent to the targets, and mounted there without being sent."""

    read: int = 0
    written: int = 0
    uploaded: int = 0
    mounted: int = 0


@dataclass(frozen=True)
class CacheUse:
    """What a conversion had of its cache image. Layers are counted once for each target that could use it.

    `hits` were there already, `misses` were converted; `added` and `dropped` are records of the cache image.
    """

    reference: str
    hits: int
    misses: int
    added: int
    dropped: int


@dataclass(frozen=True)
class ConvertResult:
    """The outcome of `convert`. `collected`: what had to leave the local store afterwards, where something had to."""

    source: Source
    targets: tuple[Target, ...]
    elapsed: Elapsed = field(default_factory=Elapsed)
    bytes: Transferred = field(default_factory=Transferred)
    cache: CacheUse | None = None
    collected: CollectReport | None = None

    @classmethod
    def from_report(cls, report: native.ConvertReport) -> ConvertResult:
        """Reads the native report."""
        targets = tuple(
            Target(
                driver=target.driver,
                reference=target.reference,
                digest=target.digest,
                media_type=target.media_type,
                size=target.size,
                layers=tuple(
                    Layer(
                        layer.platform,
                        layer.source_digest,
                        layer.target_digest,
                        layer.source_size,
                        layer.target_size,
                        layer.cached,
                    )
                    for layer in target.layers
                ),
                notes=tuple(target.notes),
                skipped=target.skipped,
            )
            for target in report.targets
        )
        cache = report.cache
        return cls(
            source=Source(report.source_reference, report.source_digest, report.source_size),
            targets=targets,
            elapsed=Elapsed(report.total, report.pull, report.convert, report.push),
            bytes=Transferred(report.bytes_read, report.bytes_written, report.bytes_uploaded, report.bytes_mounted),
            cache=CacheUse(cache.reference, cache.hits, cache.misses, cache.added, cache.dropped)
            if cache.reference
            else None,
        )

    def to_dict(self) -> dict[str, Any]:
        """The document `accelctl convert --output json` prints."""
        return asdict(self)

    def _repr_html_(self) -> str:
        size = self.source.size
        rows = [("source", self.source.reference, short_digest(self.source.digest), size_text(size), "")]
        rows += [
            (
                target.driver,
                target.reference,
                short_digest(target.digest),
                size_text(target.size),
                "skipped" if target.skipped else ratio_text(target.size, size),
            )
            for target in self.targets
        ]
        caption = f"converted in {self.elapsed.total:.1f} s"
        return _notebook.table(("driver", "reference", "digest", "size", "of source"), rows, caption)


@dataclass(frozen=True)
class CopyResult:
    """The outcome of `copy`."""

    source: str
    target: str
    digest: str
    media_type: str
    blobs: dict[str, int]
    bytes: Transferred
    elapsed: Elapsed

    @classmethod
    def from_report(cls, source: str, target: str, report: native.CopyReport) -> CopyResult:
        """Reads the native report."""
        return cls(
            source=source,
            target=target,
            digest=report.digest,
            media_type=report.media_type,
            blobs={
                "copied": report.blobs_copied,
                "existing": report.blobs_existing,
                "mounted": report.blobs_mounted,
            },
            bytes=Transferred(read=report.bytes_read, uploaded=report.bytes_uploaded, mounted=report.bytes_mounted),
            elapsed=Elapsed(total=report.total),
        )

    def to_dict(self) -> dict[str, Any]:
        """The document `accelctl copy --output json` prints."""
        return asdict(self)

    def _repr_html_(self) -> str:
        row = (self.target, short_digest(self.digest), size_text(self.bytes.uploaded))
        return _notebook.table(("target", "digest", "uploaded"), [row], f"copied in {self.elapsed.total:.1f} s")


@dataclass(frozen=True)
class DictionaryImage:
    """One image whose chunks are in a dictionary. `converted`: on the way, because it was none of the driver's."""

    reference: str
    digest: str
    platform: str
    converted: bool


@dataclass(frozen=True)
class DictionaryResult:
    """The outcome of `make_dictionary`. `size` is that of manifest, config and layers; `blobs` those with chunks."""

    target: str
    digest: str
    media_type: str
    size: int
    blobs: int
    images: tuple[DictionaryImage, ...]
    notes: tuple[str, ...]
    bytes: Transferred
    elapsed: Elapsed

    @classmethod
    def from_report(cls, report: native.DictionaryReport) -> DictionaryResult:
        """Reads the native report."""
        return cls(
            target=report.reference,
            digest=report.digest,
            media_type=report.media_type,
            size=report.size,
            blobs=report.blobs,
            images=tuple(
                DictionaryImage(image.reference, image.digest, image.platform, image.converted)
                for image in report.images
            ),
            notes=tuple(report.notes),
            bytes=Transferred(read=report.bytes_read, uploaded=report.bytes_uploaded, mounted=report.bytes_mounted),
            elapsed=Elapsed(total=report.total),
        )

    def to_dict(self) -> dict[str, Any]:
        """The document `accelctl nydus chunkdict --json` prints."""
        return asdict(self)

    def _repr_html_(self) -> str:
        rows = [(one.reference, one.platform, short_digest(one.digest)) for one in self.images]
        caption = f"dictionary {self.target}: {self.blobs} blobs, {size_text(self.size)}"
        return _notebook.table(("image", "platform", "digest"), rows, caption)


@dataclass(frozen=True)
class Difference:
    """One path, or config member, that is not the same in both images."""

    platform: str
    path: str
    field: str
    source: str
    target: str


@dataclass(frozen=True)
class CheckReport:
    """The outcome of `check`."""

    source: str
    target: str
    source_digest: str
    target_digest: str
    differences: tuple[Difference, ...]
    files: int
    content_bytes: int
    blobs_verified: int
    notes: tuple[str, ...]

    @classmethod
    def from_report(cls, source: str, target: str, report: native.CheckReport) -> CheckReport:
        """Reads the native report."""
        return cls(
            source=source,
            target=target,
            source_digest=report.source_digest,
            target_digest=report.target_digest,
            differences=tuple(
                Difference(one.platform, one.path, one.field, one.source, one.target) for one in report.differences
            ),
            files=report.files,
            content_bytes=report.content_bytes,
            blobs_verified=report.blobs_verified,
            notes=tuple(report.notes),
        )

    @property
    def equal(self) -> bool:
        """True when both images hold the same files and configs."""
        return not self.differences

    def __iter__(self) -> Iterator[Difference]:
        """The differences."""
        return iter(self.differences)

    def to_dict(self) -> dict[str, Any]:
        """The document `accelctl check --output json` prints."""
        return {"equal": self.equal, **asdict(self)}

    def _repr_html_(self) -> str:
        caption = f"{'equal' if self.equal else 'different'}: {self.files} files compared"
        rows = [(one.platform, one.path, one.field, one.source, one.target) for one in self.differences[:100]]
        return _notebook.table(("platform", "path", "field", "source", "target"), rows, caption)
