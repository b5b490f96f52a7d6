"""The jobs for asyncio. Cancelling the task stops the native work and waits until it has cleaned up.

Each function takes what its namesake in `accel` takes. Progress callbacks run in the event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from accel import _cache, _check, _convert, _copy, _dictionary, _image, _unpack
from accel._core.base import CancelToken, ProgressEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = [
    "check",
    "convert",
    "copy",
    "execute",
    "inspect",
    "inspect_cache",
    "make_dictionary",
    "open",
    "prune_cache",
    "unpack",
]

P = ParamSpec("P")
R = TypeVar("R")


class _Reports:
    """Hands progress events from the working thread to a callback in the event loop."""

    def __init__(self, callback: Callable[[ProgressEvent], object], token: CancelToken) -> None:
        self._callback = callback
        self._token = token
        self._loop = asyncio.get_running_loop()
        self.failure: Exception | None = None

    def receive(self, event: ProgressEvent) -> None:
        """Called on the working thread."""
        self._loop.call_soon_threadsafe(self._deliver, event)

    def _deliver(self, event: ProgressEvent) -> None:
        if self.failure is not None:
            return
        try:
            self._callback(event)
        except Exception as error:
            self.failure = error
            self._token.cancel()


def _asynchronous(function: Callable[P, R]) -> Callable[P, Coroutine[Any, Any, R]]:
    """An awaitable version of a blocking job."""

    @functools.wraps(function)
    async def run(*args: P.args, **kwargs: P.kwargs) -> R:
        options: dict[str, Any] = dict(kwargs)
        token = CancelToken(parent=options.pop("cancel", None))
        progress = options.pop("progress", None)
        reports = None
        if progress is not None:
            reports = _Reports(progress, token)
            options["progress"] = reports.receive
        with contextlib.ExitStack() as stack:
            if isinstance(progress, contextlib.AbstractContextManager):
                stack.enter_context(progress)
            # A thread of its own: the loop's shared executor has too few for long jobs.
            executor = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="accel"))
            options["cancel"] = token
            work = functools.partial(cast("Callable[..., R]", function), *args, **options)
            job = asyncio.get_running_loop().run_in_executor(executor, work)
            try:
                result = await _settle(job, token)
            except Exception as error:
                if reports is not None and reports.failure is not None:
                    raise reports.failure from error
                raise
        if reports is not None and reports.failure is not None:
            raise reports.failure
        return result

    return run


async def _settle(job: asyncio.Future[R], token: CancelToken) -> R:
    """The result of `job`; when the task is cancelled, cancels `token` and waits for the job to end first."""
    try:
        return await asyncio.shield(job)
    except asyncio.CancelledError:
        token.cancel()
        while not job.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([job])
        job.exception()
        raise


check = _asynchronous(_check.check)
convert = _asynchronous(_convert.convert)
copy = _asynchronous(_copy.copy)
execute = _asynchronous(_convert.execute)
inspect = _asynchronous(_image.inspect)
inspect_cache = _asynchronous(_cache.inspect_cache)
make_dictionary = _asynchronous(_dictionary.make_dictionary)
open = _asynchronous(_image.open_image)  # noqa: A001 - the namesake of accel.open
prune_cache = _asynchronous(_cache.prune_cache)
unpack = _asynchronous(_unpack.unpack)
