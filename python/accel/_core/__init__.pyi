"""
Native part of accel. Private: import accel instead.
"""
from __future__ import annotations
import typing
from . import base
from . import oci
from . import fs
from . import formats
from . import registry
from . import store
from . import convert
from . import cache
__all__: list[str] = ['Cancelled', 'ConfigError', 'DigestMismatch', 'Error', 'FormatError', 'InvalidReference', 'NotFound', 'RateLimited', 'RegistryError', 'StoreError', 'TlsError', 'Unauthorized', 'Unreachable', 'UnsupportedError', 'base', 'cache', 'convert', 'formats', 'fs', 'oci', 'registry', 'store']
class Error(Exception):
    """
    Base of everything accel raises.
    """
    @property
    def hint(self) -> str:
        """
        What can be done about it; may be empty.
        """
    @property
    def message(self) -> str:
        """
        The sentence of the thrower alone, without context and hint.
        """
class ConfigError(Error, ValueError):
    """
    Wrong configuration, option or argument.
    """
class InvalidReference(Error, ValueError):
    """
    Text that is no image reference or location.
    """
class UnsupportedError(Error):
    """
    Well-formed input that asks for something this version does not do.
    """
class Cancelled(Error):
    """
    The operation was cancelled by its CancelToken.
    """
class FormatError(Error):
    """
    Bad bytes: which blob, which file in it, where.
    """
    @property
    def digest(self) -> str:
        """
        Digest of the damaged blob; empty when it is not known.
        """
    @property
    def offset(self) -> int | None:
        """
        Bytes from the start of the stream, or None.
        """
    @property
    def path(self) -> str:
        """
        Path of the entry inside the blob; may be empty.
        """
class DigestMismatch(Error):
    """
    Content that is not what its digest or size says.
    """
    @property
    def actual(self) -> str:
        """
        The digest of what was there.
        """
    @property
    def expected(self) -> str:
        """
        The digest that was asked for.
        """
    @property
    def length(self) -> int:
        """
        Bytes that were hashed.
        """
class StoreError(Error, OSError):
    """
    A local file or directory could not be read or written.
    """
    @property
    def path(self) -> str:
        """
        The file or directory.
        """
class RegistryError(Error):
    """
    A registry refused, failed, or could not be reached.
    """
    @property
    def code(self) -> str:
        """
        The registry's own error code, for example MANIFEST_UNKNOWN.
        """
    @property
    def method(self) -> str:
        """
        HTTP method.
        """
    @property
    def retryable(self) -> bool:
        """
        True when the same request may succeed later.
        """
    @property
    def status(self) -> int:
        """
        HTTP status; 0 when there was no answer.
        """
    @property
    def url(self) -> str:
        """
        The address, without secrets.
        """
class Unauthorized(RegistryError):
    """
    The registry answered 401 or 403.
    """
class NotFound(RegistryError, LookupError):
    """
    The registry has no such image, tag or blob.
    """
class RateLimited(RegistryError):
    """
    The registry answered 429: too many requests.
    """
    @property
    def retry_after(self) -> float:
        """
        Seconds the registry asks to wait; 0 when it did not say.
        """
class TlsError(RegistryError):
    """
    Certificate or handshake failed.
    """
class Unreachable(RegistryError):
    """
    Name resolution, connection or time-out.
    """
__version__: str = '0.1.0'
