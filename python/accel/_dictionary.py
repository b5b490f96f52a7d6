"""Making chunk dictionaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accel import _options
from accel._check import parse_platforms
from accel._core import convert as native
from accel._environment import ProgressCallback, call_hooks, make_environment
from accel._results import DictionaryResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from accel._config import Config
    from accel._core.base import CancelToken
    from accel._core.convert import DecodeLimits

_DRIVER = "nydus"


def make_dictionary(
    images: str | Sequence[str],
    target: str,
    *,
    options: Mapping[str, Any] | None = None,
    platform: str | Sequence[str] | None = None,
    jobs: int | None = None,
    limits: DecodeLimits | None = None,
    config: Config | None = None,
    progress: ProgressCallback | None = None,
    cancel: CancelToken | None = None,
) -> DictionaryResult:
    """Makes an image whose chunks other Nydus images need not store again: a chunk dictionary.

    Conversions use it with option `chunk_dict_ref`. They must agree with it in version, chunk size and digester.

    Args:
        images: Image locations. Nydus images go in as they are; others are converted with `options` on the way.
        target: Where the dictionary goes. Blobs are mounted there or copied, each once.
        options: Options of driver `nydus` for the images that are converted.
        platform: `os/arch[/variant]`, one or several; all by default.
        jobs: Worker threads; all cores by default.
        limits: What a decoder lets a hostile layer do.
        config: Registries.
        progress: Called with each ProgressEvent, on this thread.
        cancel: Stops the work when cancelled.

    Raises:
        Error: one of its subclasses, ConfigError for images that do not fit together; the tag is then untouched.
    """
    request = native.DictionaryRequest()
    request.sources = [images] if isinstance(images, str) else list(images)
    request.target = target
    request.driver = _DRIVER
    given = _options.distribute([_DRIVER], options or {})[_DRIVER]
    request.options, _ = _options.resolve(_DRIVER, given)
    request.platforms = parse_platforms(platform)
    environment = make_environment(config, jobs, limits)
    with call_hooks(progress, cancel) as hooks:
        return DictionaryResult.from_report(native.make_dictionary(request, environment, hooks))
