"""Checking a registry step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from accel._core import registry as native
from accel._environment import call_hooks, registry_options

if TYPE_CHECKING:
    from accel._config import Config
    from accel._core.base import CancelToken


@dataclass(frozen=True)
class Step:
    """One step of a diagnosis, such as `connect` or `auth`."""

    name: str
    ok: bool
    detail: str


def diagnose(host: str, *, config: Config | None = None, cancel: CancelToken | None = None) -> tuple[Step, ...]:
    """Goes the way to a registry step by step: name, connection, TLS, API, credentials, referrers.

    What it finds is in the steps, not an exception.
    """
    with call_hooks(None, cancel) as hooks:
        report = native.diagnose(host, registry_options(config), hooks)
    return tuple(Step(step.name, step.ok, step.detail) for step in report.steps)
