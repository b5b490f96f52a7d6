"""Comparing and copying images, and the native inspection others build on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accel._core import convert as native
from accel._core import oci
from accel._environment import ProgressCallback, call_hooks, make_environment
from accel._results import CheckReport

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from accel._config import Config
    from accel._core.base import CallHooks, CancelToken
    from accel._core.convert import DecodeLimits


def parse_platforms(platform: str | Sequence[str] | None) -> list[oci.Platform]:
    """One or several platforms as users write them; none means all."""
    names: Iterable[str] = () if platform is None else (platform,) if isinstance(platform, str) else platform
    return [oci.Platform.parse(name) for name in names]


def inspect_report(
    location: str, platforms: Iterable[oci.Platform], environment: native.Environment, hooks: CallHooks
) -> native.InspectReport:
    """Documents and layer metadata of an image."""
    return native.inspect(location, list(platforms), environment, hooks)


def check(
    source: str,
    target: str,
    *,
    backend_type: str | None = None,
    backend_config: str | Mapping[str, Any] | None = None,
    platform: str | Sequence[str] | None = None,
    jobs: int | None = None,
    limits: DecodeLimits | None = None,
    config: Config | None = None,
    progress: ProgressCallback | None = None,
    cancel: CancelToken | None = None,
) -> CheckReport:
    """Compares two images, whatever their formats, as file trees and configs, and verifies all digests on the way.

    Args:
        source: An image location.
        target: Another one.
        backend_type: `localfs`, `oss` or `s3`, where layers are that are not in the images' repositories; by default
            those that the drivers of `config` name.
        backend_config: The backend's configuration, as the driver takes it.
        platform: `os/arch[/variant]`, one or several; all by default.
        jobs: Worker threads; all cores by default.
        limits: What a decoder lets a hostile layer do.
        config: Registries and storage backends.
        progress: Called with each ProgressEvent, on this thread.
        cancel: Stops the work when cancelled.

    Returns:
        Every difference; differences are no error.

    Raises:
        Error: an image cannot be read or is damaged.
    """
    environment = make_environment(config, jobs, limits, backend_type=backend_type, backend_config=backend_config)
    with call_hooks(progress, cancel) as hooks:
        report = native.check(source, target, parse_platforms(platform), environment, hooks)
    return CheckReport.from_report(source, target, report)
