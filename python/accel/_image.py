"""Looking into images: documents, layers, and the merged tree."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from accel import _notebook
from accel._check import inspect_report, parse_platforms
from accel._core import convert as native
from accel._core import oci
from accel._environment import ProgressCallback, call_hooks, make_environment
from accel._errors import ConfigError
from accel.units import short_digest, size_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from accel._config import Config
    from accel._core.base import CancelToken
    from accel._core.convert import DecodeLimits


@dataclass(frozen=True)
class ImageLayer:
    """One layer as it is stored. Counts are 0 when only a pass over the data could tell."""

    digest: str
    media_type: str
    size: int
    annotations: Mapping[str, str]
    diff_id: str
    format: str
    entries: int
    chunks: int
    uncompressed_size: int
    details: Mapping[str, str]


@dataclass(frozen=True)
class FileEntry:
    """One path of the merged tree.

    `type` is `regular`, `directory`, `symlink`, `character`, `block` or `fifo`. `content` is the SHA-256 of a regular
    file. Paths with an equal `hardlink_group` are one file; None when the file has one name. Names that are no UTF-8
    hold surrogates, as from `os.fsdecode`.
    """

    path: str
    type: str
    mode: int
    uid: int
    gid: int
    size: int
    mtime_ns: int
    link_target: str
    device: tuple[int, int] | None
    xattrs: Mapping[str, bytes]
    content: str
    hardlink_group: int | None

    def to_dict(self) -> dict[str, Any]:
        """As `accelctl inspect --files --output json` prints it: extended attributes in hex."""
        return {**asdict(self), "xattrs": {name: value.hex() for name, value in self.xattrs.items()}}


@dataclass(frozen=True)
class _Access:
    """How an image was reached, to reach it again for its files."""

    config: Config | None
    jobs: int | None
    limits: DecodeLimits | None
    backend_type: str | None
    backend_config: str | Mapping[str, Any] | None

    def environment(self) -> native.Environment:
        """What native jobs need."""
        return make_environment(
            self.config,
            self.jobs,
            self.limits,
            backend_type=self.backend_type,
            backend_config=self.backend_config,
        )


@dataclass(frozen=True)
class Image:
    """The image of one platform."""

    reference: str
    digest: str
    media_type: str
    platform: str
    raw_manifest: str = field(repr=False)
    raw_config: str = field(repr=False)
    layers: tuple[ImageLayer, ...] = field(repr=False)
    _access: _Access = field(repr=False, compare=False)

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest document."""
        document: dict[str, Any] = json.loads(self.raw_manifest)
        return document

    @property
    def config(self) -> dict[str, Any]:
        """The image config document."""
        document: dict[str, Any] = json.loads(self.raw_config)
        return document

    @property
    def size(self) -> int:
        """Bytes of all layers as stored."""
        return sum(layer.size for layer in self.layers)

    def files(
        self, *, progress: ProgressCallback | None = None, cancel: CancelToken | None = None
    ) -> Iterator[FileEntry]:
        """The merged tree in path order, whiteouts applied. Formats with an index are read without their data.

        Raises:
            Error: a layer cannot be read or is damaged.
        """
        environment = self._access.environment()
        platform = oci.Platform.parse(self.platform) if self.platform else oci.host_platform()
        with call_hooks(progress, cancel) as hooks:
            listing = native.list_files(self.reference, platform, environment, hooks)
        names = Counter(entry.file for entry in listing)
        return (_file_entry(entry, linked=names[entry.file] > 1) for entry in listing)

    def to_dict(self) -> dict[str, Any]:
        """As `accelctl inspect --output json` prints it."""
        return {
            "platform": self.platform,
            "digest": self.digest,
            "media_type": self.media_type,
            "size": self.size,
            "manifest": self.manifest,
            "config": self.config,
            "layers": [asdict(layer) for layer in self.layers],
        }

    def _repr_html_(self) -> str:
        rows = [
            (short_digest(layer.digest), layer.format, size_text(layer.size), str(layer.chunks or ""))
            for layer in self.layers
        ]
        return _notebook.table(("layer", "format", "size", "chunks"), rows, f"{self.reference} {self.platform}")


@dataclass(frozen=True)
class Inspection:
    """What a location names: an index or a single manifest, and the image of each platform."""

    reference: str
    digest: str
    media_type: str
    size: int
    raw: str = field(repr=False)
    images: tuple[Image, ...]

    def to_dict(self) -> dict[str, Any]:
        """The document `accelctl inspect --output json` prints."""
        return {
            "reference": self.reference,
            "digest": self.digest,
            "media_type": self.media_type,
            "size": self.size,
            "images": [image.to_dict() for image in self.images],
        }

    def _repr_html_(self) -> str:
        rows = [
            (image.platform, short_digest(image.digest), str(len(image.layers)), size_text(image.size))
            for image in self.images
        ]
        return _notebook.table(("platform", "digest", "layers", "size"), rows, self.reference)


def inspect(
    location: str,
    *,
    backend_type: str | None = None,
    backend_config: str | Mapping[str, Any] | None = None,
    platform: str | Sequence[str] | None = None,
    jobs: int | None = None,
    limits: DecodeLimits | None = None,
    config: Config | None = None,
    cancel: CancelToken | None = None,
) -> Inspection:
    """Reads the documents of an image and the metadata of its layers, for all platforms or those given.

    `backend_type` and `backend_config` as in `check`.

    Raises:
        Error: the image cannot be read or is damaged.
    """
    access = _Access(config, jobs, limits, backend_type, backend_config)
    with call_hooks(None, cancel) as hooks:
        report = inspect_report(location, parse_platforms(platform), access.environment(), hooks)
    return Inspection(
        reference=report.reference,
        digest=report.root.digest,
        media_type=report.root.media_type,
        size=report.root.size,
        raw=report.root_json,
        images=tuple(_image(report.reference, image, access) for image in report.images),
    )


def open_image(
    location: str,
    *,
    backend_type: str | None = None,
    backend_config: str | Mapping[str, Any] | None = None,
    platform: str | None = None,
    jobs: int | None = None,
    limits: DecodeLimits | None = None,
    config: Config | None = None,
    cancel: CancelToken | None = None,
) -> Image:
    """Opens the image of one platform: the one given, else the only one, else this machine's.

    `backend_type` and `backend_config` as in `check`.

    Raises:
        ConfigError: there is no image for that platform; names those there are.
        Error: the image cannot be read or is damaged.
    """
    found = inspect(
        location,
        backend_type=backend_type,
        backend_config=backend_config,
        jobs=jobs,
        limits=limits,
        config=config,
        cancel=cancel,
    )
    if platform is None and len(found.images) == 1:
        return found.images[0]
    wanted = oci.Platform.parse(platform) if platform else oci.host_platform()
    for image in found.images:
        if image.platform and oci.Platform.parse(image.platform).matches(wanted):
            return image
    there = ", ".join(image.platform for image in found.images) or "none"
    raise ConfigError(f"{location}: no image for {wanted}; there are: {there}")


def _image(reference: str, image: native.InspectedImage, access: _Access) -> Image:
    layers = tuple(
        ImageLayer(
            digest=layer.descriptor.digest,
            media_type=layer.descriptor.media_type,
            size=layer.descriptor.size,
            annotations=layer.descriptor.annotations,
            diff_id=layer.diff_id,
            format=layer.format,
            entries=layer.entries,
            chunks=layer.chunks,
            uncompressed_size=layer.uncompressed_size,
            details=dict(layer.details),
        )
        for layer in image.layers
    )
    return Image(
        reference=reference,
        digest=image.descriptor.digest,
        media_type=image.descriptor.media_type,
        platform=image.platform,
        raw_manifest=image.manifest_json,
        raw_config=image.config_json,
        layers=layers,
        _access=access,
    )


def _file_entry(entry: native.TreeEntry, *, linked: bool) -> FileEntry:
    node = entry.node
    return FileEntry(
        path=entry.path,
        type=node.type,
        mode=node.mode,
        uid=node.uid,
        gid=node.gid,
        size=node.size,
        mtime_ns=node.mtime_ns,
        link_target=node.link_target,
        device=(node.device_major, node.device_minor) if node.type in {"character", "block"} else None,
        xattrs=node.xattrs,
        content=node.content,
        hardlink_group=entry.file if linked else None,
    )
