"""Turning Nydus images back into ordinary ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accel._check import parse_platforms
from accel._core import convert as native
from accel._environment import ProgressCallback, call_hooks, make_environment
from accel._results import ConvertResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from accel._config import Config
    from accel._core.base import CancelToken
    from accel._core.convert import DecodeLimits


def unpack(
    source: str,
    target: str,
    *,
    compression: str = "gzip",
    backend_type: str | None = None,
    backend_config: str | Mapping[str, Any] | None = None,
    platform: str | Sequence[str] | None = None,
    jobs: int | None = None,
    limits: DecodeLimits | None = None,
    config: Config | None = None,
    progress: ProgressCallback | None = None,
    cancel: CancelToken | None = None,
) -> ConvertResult:
    """Turns a Nydus image back into an ordinary OCI image, verifying everything that it reads.

    Each layer becomes one again. Where they cannot be told apart (they are in a backend, for instance), all files are
    in one layer, and a note says why. Encrypted images are decrypted first, with `copy`.

    Args:
        source: An image location.
        target: Where the ordinary image goes.
        compression: Of its layers: `gzip`, `zstd` or `none`.
        backend_type: `localfs`, `oss` or `s3`, where the image's layers are there; by default those that the drivers
            of `config` name.
        backend_config: The backend's configuration, as the driver takes it.
        platform: `os/arch[/variant]`, one or several; all by default.
        jobs: Worker threads; all cores by default.
        limits: What a decoder lets a hostile layer do.
        config: Registries and storage backends.
        progress: Called with each ProgressEvent, on this thread.
        cancel: Stops the work when cancelled.

    Returns:
        One target, whose driver is `oci`.

    Raises:
        Error: one of its subclasses; the target's tag is then untouched.
    """
    request = native.UnpackRequest()
    request.source = source
    request.target = target
    request.platforms = parse_platforms(platform)
    request.compression = compression
    environment = make_environment(config, jobs, limits, backend_type=backend_type, backend_config=backend_config)
    with call_hooks(progress, cancel) as hooks:
        return ConvertResult.from_report(native.unpack(request, environment, hooks))
