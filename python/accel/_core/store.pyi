"""
The local content store and its collector.
"""
from __future__ import annotations
import accel._core.base
import typing
__all__: list[str] = ['AFTER_TASK_PERCENT', 'CollectReport', 'HOURLY_PERCENT', 'LocalStore', 'Pin', 'StoreUsage', 'StoredBlob']
class StoredBlob:
    """
    A blob as it lies in the store.
    """
    @property
    def digest(self) -> str:
        ...
    @property
    def disk_bytes(self) -> int:
        """
        Bytes of disk, as du counts them.
        """
    @property
    def pinned(self) -> bool:
        """
        Somebody uses it now.
        """
    @property
    def size(self) -> int:
        """
        Bytes of content.
        """
    @property
    def used_at(self) -> int:
        """
        Seconds since 1970; 0 when not known.
        """
    @property
    def uses(self) -> int:
        """
        Times it was written or opened.
        """
class StoreUsage:
    """
    What a store holds, in bytes of disk but for content_bytes.
    """
    @property
    def blob_bytes(self) -> int:
        ...
    @property
    def blobs(self) -> int:
        ...
    @property
    def content_bytes(self) -> int:
        ...
    @property
    def pinned_blobs(self) -> int:
        ...
    @property
    def pinned_bytes(self) -> int:
        ...
    @property
    def records(self) -> int:
        ...
    @property
    def total_bytes(self) -> int:
        """
        What thresholds are compared with.
        """
    @property
    def unfinished(self) -> int:
        """
        Blobs being written, and downloads to be gone on with.
        """
    @property
    def unfinished_bytes(self) -> int:
        ...
class CollectReport:
    """
    What a collection did, in bytes of disk.
    """
    @property
    def after_bytes(self) -> int:
        ...
    @property
    def before_bytes(self) -> int:
        ...
    @property
    def evicted_blobs(self) -> int:
        ...
    @property
    def evicted_bytes(self) -> int:
        ...
    @property
    def pinned_blobs(self) -> int:
        """
        Met on the way and left.
        """
    @property
    def pinned_bytes(self) -> int:
        ...
    @property
    def removed_partial_bytes(self) -> int:
        ...
    @property
    def removed_partials(self) -> int:
        """
        Unfinished downloads.
        """
    @property
    def target_bytes(self) -> int:
        ...
class Pin:
    """
    Keeps a blob in the store.
    """
    def release(self) -> None:
        """
        Lets it go; twice is the same as once.
        """
class LocalStore:
    """
    Blobs on this machine's disk under their digest.
    """
    def __init__(self, directory: str, *, create: bool) -> None:
        """
        Opens a store; with `create` it is made, or repaired. Raises StoreError.
        """
    def add(self, document: bytes) -> str:
        """
        Stores bytes. Returns their digest. Raises StoreError.
        """
    def blobs(self) -> list[StoredBlob]:
        """
        All blobs, those first that would be evicted first.
        """
    def collect(self, threshold: typing.SupportsInt | typing.SupportsIndex, percent: typing.SupportsInt | typing.SupportsIndex, dry_run: bool, hooks: accel._core.base.CallHooks) -> CollectReport:
        """
        Evicts least frequently used blobs when the store takes more than `percent` of `threshold`.
        """
    def pin(self, digest: str) -> Pin | None:
        """
        Keeps a blob from being evicted; None when it is absent.
        """
    def read(self, digest: str) -> bytes | None:
        """
        A blob's bytes, verified; None when it is absent.
        """
    def usage(self) -> StoreUsage:
        """
        Counts and sizes of all that is there.
        """
AFTER_TASK_PERCENT: int = 80
HOURLY_PERCENT: int = 40
