"""Python settings as the native side takes them: registries, threads, limits, callbacks."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from accel._core.base import CallHooks, CancelToken, ProgressEvent
from accel._core.convert import DecodeLimits, Environment
from accel._core.registry import HostOptions, Options
from accel._options import backends

if TYPE_CHECKING:
    from accel._config import Config
    from accel._settings import Host

ProgressCallback = Callable[[ProgressEvent], object]

_LOGGER = logging.getLogger("accel")


def registry_options(config: Config | None) -> Options:
    """How registries are reached."""
    options = Options()
    if config is not None:
        options.hosts = {host: _host_options(settings) for host, settings in config.provider.source.items()}
    return options


def _host_options(settings: Host) -> HostOptions:
    options = HostOptions()
    options.auth = settings.read_auth()
    options.insecure = settings.insecure
    options.plain_http = settings.plain_http
    options.ca_file = str(settings.ca_file or "")
    options.client_cert = str(settings.client_cert or "")
    options.client_key = str(settings.client_key or "")
    options.mirrors = list(settings.mirrors)
    return options


def make_environment(
    config: Config | None,
    jobs: int | None,
    limits: DecodeLimits | None,
    *,
    backend_type: str | None = None,
    backend_config: str | Mapping[str, Any] | None = None,
) -> Environment:
    """What every native job needs besides its request."""
    environment = Environment()
    environment.backends = backends(backend_type, backend_config, config)
    environment.registry = registry_options(config)
    if jobs is not None:
        if jobs < 1:
            raise ValueError(f"jobs must be at least 1, got {jobs}")
        environment.jobs = jobs
    if limits is not None:
        environment.decode_limits = limits
    if config is not None and "work_dir" in config.provider.model_fields_set:
        environment.temp_dir = environment.store_dir = str(config.provider.work_dir)
    return environment


@contextlib.contextmanager
def call_hooks(
    progress: ProgressCallback | None, cancel: CancelToken | None, before_publish: Callable[[], object] | None = None
) -> Iterator[CallHooks]:
    """The hooks of one native call. A progress object that is a context manager is entered meanwhile."""
    with contextlib.ExitStack() as stack:
        if isinstance(progress, contextlib.AbstractContextManager):
            stack.enter_context(progress)
        yield CallHooks(
            progress=progress,
            log=_log,
            log_level=_LOGGER.getEffectiveLevel(),
            cancel=cancel,
            before_publish=before_publish,
        )


def _log(level: int, message: str, fields: Mapping[str, str]) -> None:
    text = " ".join([message, *(f"{name}={value}" for name, value in fields.items())])
    _LOGGER.log(level, "%s", text, extra={"fields": dict(fields)})
