"""
Files of a merged tree.
"""
from __future__ import annotations
import typing
__all__: list[str] = ['Node']
class Node:
    """
    Attributes of one file.
    """
    @property
    def content(self) -> str:
        """
        SHA-256 of the content of a regular file.
        """
    @property
    def device_major(self) -> int:
        ...
    @property
    def device_minor(self) -> int:
        ...
    @property
    def gid(self) -> int:
        ...
    @property
    def implicit(self) -> bool:
        """
        A directory no layer has an entry for.
        """
    @property
    def link_target(self) -> str:
        ...
    @property
    def mode(self) -> int:
        """
        Permissions and set-id bits.
        """
    @property
    def mtime_ns(self) -> typing.Any:
        """
        Nanoseconds since the epoch.
        """
    @property
    def size(self) -> int:
        """
        Bytes of content.
        """
    @property
    def type(self) -> str:
        """
        `regular`, `directory`, `symlink`, `character`, `block` or `fifo`.
        """
    @property
    def uid(self) -> int:
        ...
    @property
    def xattrs(self) -> dict[str, bytes]:
        """
        Name to raw value.
        """
