"""
References, platforms and descriptors.
"""
from __future__ import annotations
import typing
__all__: list[str] = ['Descriptor', 'MAX_TAG_LENGTH', 'Platform', 'RawManifest', 'Reference', 'host_platform', 'is_tag']
class Reference:
    """
    host[:port]/repository[:tag][@digest], normalised as Docker does.
    """
    @staticmethod
    def parse(text: str) -> Reference:
        """
        Raises InvalidReference naming what is wrong.
        """
    def __str__(self) -> str:
        ...
    @property
    def digest(self) -> str:
        """
        Empty when absent.
        """
    @property
    def host(self) -> str:
        ...
    @property
    def name(self) -> str:
        """
        host/repository.
        """
    @property
    def repository(self) -> str:
        ...
    @property
    def tag(self) -> str:
        """
        Empty when absent.
        """
    @property
    def target(self) -> str:
        """
        What a registry is asked for: the digest, else the tag.
        """
class Platform:
    """
    OS and architecture of an image.
    """
    @staticmethod
    def parse(text: str) -> Platform:
        """
        Reads os/arch[/variant], aliases normalised as containerd does. Raises ConfigError.
        """
    def __str__(self) -> str:
        ...
    def matches(self, wanted: Platform) -> bool:
        """
        True when an image for this platform serves `wanted`.
        """
    @property
    def architecture(self) -> str:
        ...
    @property
    def os(self) -> str:
        ...
    @property
    def variant(self) -> str:
        ...
class Descriptor:
    """
    Names a blob or manifest by type, digest and size.
    """
    @property
    def annotations(self) -> dict[str, str]:
        ...
    @property
    def artifact_type(self) -> str:
        ...
    @property
    def digest(self) -> str:
        ...
    @property
    def media_type(self) -> str:
        ...
    @property
    def platform(self) -> Platform | None:
        ...
    @property
    def size(self) -> int:
        """
        Bytes as stored.
        """
    @property
    def urls(self) -> list[str]:
        ...
class RawManifest:
    """
    A manifest or index exactly as it is stored.
    """
    @property
    def bytes(self) -> bytes:
        ...
    @property
    def descriptor(self) -> Descriptor:
        ...
def host_platform() -> Platform:
    """
    The platform of this machine.
    """
def is_tag(text: str) -> bool:
    """
    True when `text` is a tag a registry takes.
    """
MAX_TAG_LENGTH: int = 128
