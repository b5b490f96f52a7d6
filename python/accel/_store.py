"""The local content store: what is in it, and making room."""

from __future__ import annotations

import contextlib
import logging
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from accel._core import store as native
from accel._environment import call_hooks
from accel._errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accel._config import Config
    from accel._core.base import CancelToken

_LOGGER = logging.getLogger("accel")


@dataclass(frozen=True)
class StoredBlob:
    """A blob as it lies in the store. `disk_bytes` is what `du` counts, `used_at` seconds since 1970, or 0."""

    digest: str
    size: int
    disk_bytes: int
    uses: int
    used_at: int
    pinned: bool


@dataclass(frozen=True)
class StoreUsage:
    """What a store holds, in bytes of disk as `du` counts them, but for `content_bytes`.

    `pinned`: in use by a running process. `unfinished`: being written, and interrupted downloads.
    """

    blobs: int
    content_bytes: int
    blob_bytes: int
    pinned_blobs: int
    pinned_bytes: int
    unfinished: int
    unfinished_bytes: int
    records: int
    total_bytes: int

    def to_dict(self) -> dict[str, Any]:
        """The document that `accelctl store df --output json` prints, without directory and threshold."""
        return asdict(self)


@dataclass(frozen=True)
class CollectReport:
    """What a collection did, or with `dry_run` would do, in bytes of disk.

    `pinned` blobs were met on the way and left, since somebody uses them; `partials` are interrupted downloads.
    """

    target_bytes: int
    before_bytes: int
    after_bytes: int
    evicted_blobs: int
    evicted_bytes: int
    pinned_blobs: int
    pinned_bytes: int
    removed_partials: int
    removed_partial_bytes: int

    def to_dict(self) -> dict[str, Any]:
        """The document that `accelctl store gc --output json` prints, without directory and threshold."""
        return asdict(self)


class Store:
    """Blobs on this machine's disk under their digest, for any number of threads and processes at a time.

    The directory is an OCI image layout without images. What is in use is never evicted.
    """

    AFTER_TASK_PERCENT = native.AFTER_TASK_PERCENT
    HOURLY_PERCENT = native.HOURLY_PERCENT

    def __init__(self, directory: str | os.PathLike[str], *, create: bool = True) -> None:
        """Opens the store in `directory` (the `provider.work_dir` of a configuration).

        Args:
            directory: Made when absent. One that may not be written to can be read.
            create: False changes nothing; an absent directory is then an empty store.

        Raises:
            StoreError: It cannot be used, for example because it is on a network file system.
        """
        self._native = native.LocalStore(os.fspath(directory), create=create)

    def add(self, document: bytes) -> str:
        """Stores bytes and returns their digest. For documents: all of them are in memory.

        Raises:
            StoreError: The disk is full, or the directory may not be written to.
        """
        return self._native.add(document)

    def read(self, digest: str) -> bytes | None:
        """A blob's bytes, verified; None when it is absent. For documents: all of them are in memory.

        Raises:
            DigestMismatch: It was damaged, and is removed now.
        """
        return self._native.read(digest)

    @contextlib.contextmanager
    def pin(self, digest: str) -> Iterator[bool]:
        """Keeps a blob from being evicted inside the `with`; gives False when it is absent."""
        pinned = self._native.pin(digest)
        try:
            yield pinned is not None
        finally:
            if pinned is not None:
                pinned.release()

    def blobs(self) -> tuple[StoredBlob, ...]:
        """All blobs, those first that would be evicted first."""
        return tuple(
            StoredBlob(blob.digest, blob.size, blob.disk_bytes, blob.uses, blob.used_at, blob.pinned)
            for blob in self._native.blobs()
        )

    def usage(self) -> StoreUsage:
        """Counts and sizes of all that is there, from the files themselves."""
        found = self._native.usage()
        return StoreUsage(**{name: getattr(found, name) for name in StoreUsage.__dataclass_fields__})

    def collect(
        self,
        threshold: int,
        *,
        percent: int = AFTER_TASK_PERCENT,
        dry_run: bool = False,
        cancel: CancelToken | None = None,
    ) -> CollectReport:
        """Makes room when the store takes more than `percent` per cent of `threshold` bytes.

        Evicts the least frequently used blobs, among equals the least recently used, until the store is down to that
        part. Conversions may run meanwhile.

        Args:
            threshold: Bytes; 0 means no limit, nothing is evicted.
            percent: `AFTER_TASK_PERCENT` after a task, `HOURLY_PERCENT` each hour.
            dry_run: Only say what would be done.
            cancel: Stops between two blobs.

        Raises:
            StoreError: The directory may not be written to.
        """
        with call_hooks(None, cancel) as hooks:
            done = self._native.collect(threshold, percent, dry_run, hooks)
        return CollectReport(**{name: getattr(done, name) for name in CollectReport.__dataclass_fields__})


def make_room(config: Config | None) -> CollectReport | None:
    """After each task: a store above its mark is brought down to it. A failure is a warning, as the task is done.

    Returns:
        What was done; None when nothing was.
    """
    if config is None or "work_dir" not in config.provider.model_fields_set:
        return None
    directory, threshold = config.provider.work_dir, config.provider.gcpolicy.threshold
    try:
        if Store(directory, create=False).collect(threshold, dry_run=True).evicted_blobs:
            return Store(directory).collect(threshold)
    except StoreError as error:
        _LOGGER.warning("local store: %s", error)
    return None
