"""Turning Nydus images back into ordinary ones."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from accel._check import parse_platforms
from accel._core import convert as native
from accel._environment import ProgressCallback, call_hooks, make_environment
from accel._errors import ConfigError
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
        backend_type: `localfs`, `oss` or `s3`, where the image's layers are there; by default what `config` says of
            driver `nydus`.
        backend_config: The backend's configuration, as the driver takes it.
        platform: `os/arch[/variant]`, one or several; all by default.
        jobs: Worker threads; all cores by default.
        limits: What a decoder lets a hostile layer do.
        config: Registries and the backend.
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
    if backend_config is not None and backend_type is None:
        raise ConfigError("backend_config says how to reach a backend; say which kind with backend_type")
    options: Mapping[str, str] = {}
    if backend_type is not None:
        text = backend_config if isinstance(backend_config, str) else json.dumps(backend_config or {})
        options = {"backend_type": backend_type, "backend_config": text}
    elif config is not None:
        options = _configured_backend(config)
    request.backend_type = options.get("backend_type", "")
    request.backend_config = options.get("backend_config", "")
    environment = make_environment(config, jobs, limits)
    with call_hooks(progress, cancel) as hooks:
        return ConvertResult.from_report(native.unpack(request, environment, hooks))


def _configured_backend(config: Config) -> Mapping[str, str]:
    """Options of the backend that the drivers of `config` name, if it is but one."""
    found = {
        (driver.config["backend_type"], driver.config.get("backend_config", ""))
        for driver in config.all_drivers()
        if driver.config.get("backend_type")
    }
    if not found:
        return {}
    if len(found) > 1:
        raise ConfigError("the configuration names several backends; say which with backend_type and backend_config")
    kind, text = found.pop()
    return {"backend_type": kind, "backend_config": text}
