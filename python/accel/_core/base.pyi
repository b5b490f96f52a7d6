"""
Cancelling, progress and the hooks of long calls.
"""
from __future__ import annotations
import typing
__all__: list[str] = ['CallHooks', 'CancelToken', 'ProgressEvent', 'available_cores']
class CancelToken:
    """
    Stops the calls it was given to. Thread-safe; cancelling twice is the same as once.
    """
    def __init__(self, parent: CancelToken | None = None) -> None:
        """
        A token that is also cancelled when `parent` is.
        """
    def cancel(self) -> None:
        """
        Asks every call that has this token to stop. Each then raises Cancelled.
        """
    @property
    def cancelled(self) -> bool:
        """
        True once cancel() was called.
        """
class ProgressEvent:
    """
    One report of one step on a layer's way.
    """
    @property
    def detail(self) -> str:
        """
        A short text for people: platform, driver, `exists`, `mounted from …`.
        """
    @property
    def done(self) -> int:
        """
        Bytes so far.
        """
    @property
    def id(self) -> str:
        """
        Digest of the source blob or manifest; for a push the driver follows after `@`.
        """
    @property
    def image(self) -> str:
        """
        Reference of the image it belongs to.
        """
    @property
    def kind(self) -> str:
        """
        `pull` (source bytes read), `convert` (tar bytes encoded), `push` (bytes sent), `check`; and once, first, `image`: `total` bytes in `detail` blobs will be read.
        """
    @property
    def state(self) -> str:
        """
        `started`, `running`, `done`, `skipped` or `failed`.
        """
    @property
    def total(self) -> int:
        """
        Bytes in all; 0 when unknown.
        """
class CallHooks:
    """
    What every long-running function takes besides its request.
    """
    def __init__(self, *, progress: typing.Any = None, log: typing.Any = None, log_level: typing.SupportsInt | typing.SupportsIndex = 30, cancel: CancelToken | None = None, before_publish: typing.Any = None) -> None:
        """
        `progress` is called with a ProgressEvent, `log` with (level, message, fields), `before_publish` once before a conversion writes its tags; all on the calling thread.
        """
def available_cores() -> int:
    """
    Cores this process may run on, at least 1.
    """
