"""
Remote cache images.
"""
from __future__ import annotations
import accel._core.base
import accel._core.convert
import typing
__all__: list[str] = ['CacheInspectReport', 'CachePruneReport', 'CachePruneRequest', 'CacheRecordReport', 'inspect', 'prune']
class CacheRecordReport:
    """
    One remembered layer.
    """
    @property
    def fingerprint(self) -> str:
        """
        Of format, options and encoder version.
        """
    @property
    def format(self) -> str:
        """
        Empty: not known; then no conversion uses it.
        """
    @property
    def last_use(self) -> int:
        """
        Counted in records added; 0: never noted.
        """
    @property
    def media_type(self) -> str:
        ...
    @property
    def platform(self) -> str:
        ...
    @property
    def source(self) -> str:
        ...
    @property
    def target(self) -> str:
        ...
    @property
    def target_size(self) -> int:
        ...
class CacheInspectReport:
    """
    What a cache image holds.
    """
    @property
    def digest(self) -> str:
        ...
    @property
    def media_type(self) -> str:
        ...
    @property
    def records(self) -> list[CacheRecordReport]:
        ...
    @property
    def reference(self) -> str:
        ...
    @property
    def versions(self) -> list[str]:
        ...
    @property
    def warnings(self) -> list[str]:
        ...
class CachePruneRequest:
    """
    Which records to drop.
    """
    dry_run: bool
    location: str
    def __init__(self) -> None:
        ...
    @property
    def dead(self) -> bool:
        """
        Those whose target blob is gone.
        """
    @dead.setter
    def dead(self, arg0: bool) -> None:
        ...
    @property
    def keep(self) -> int | None:
        """
        Most recently used records of each platform; None: all.
        """
    @keep.setter
    def keep(self, arg0: typing.SupportsInt | typing.SupportsIndex | None) -> None:
        ...
class CachePruneReport:
    """
    What was dropped.
    """
    @property
    def dead(self) -> int:
        ...
    @property
    def digest(self) -> str:
        ...
    @property
    def dropped(self) -> int:
        ...
    @property
    def records(self) -> int:
        """
        Before.
        """
    @property
    def reference(self) -> str:
        ...
def inspect(location: str, environment: accel._core.convert.Environment, hooks: accel._core.base.CallHooks) -> CacheInspectReport:
    """
    Reads the documents of a cache image.
    """
def prune(request: CachePruneRequest, environment: accel._core.convert.Environment, hooks: accel._core.base.CallHooks) -> CachePruneReport:
    """
    Drops records of a cache image.
    """
