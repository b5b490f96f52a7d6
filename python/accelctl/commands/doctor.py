"""`accelctl doctor`."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from accelctl import exit_codes, shared_options
from accelctl.errors import settling
from accelctl.output import print_json, print_table

if TYPE_CHECKING:
    import accel

EPILOG = """\b
Examples:
  accelctl doctor
  accelctl doctor registry.example:5000
  accelctl doctor localhost:5000 --config acceld.yaml --output json

\b
With HOST the way to that registry is gone step by step: name, connection, TLS,
API, credentials, referrers. Exit status 1 when a step fails.
"""

_LEAST_FREE_BYTES = 1 << 30  # below this, layers that must be staged may not fit


@click.command(epilog=EPILOG)
@click.argument("host", required=False)
@shared_options.config_option
@shared_options.output_option
@shared_options.registry_options
@shared_options.debug_option
def command(host: str | None, config_file: str | None, output: str, debug: bool, **registry: Any) -> int:
    """Check this installation, and how a registry can be reached."""
    import accel  # noqa: PLC0415 - --help must not wait for it

    shared_options.show_log(debug=debug)
    with settling():
        locations = [f"{host}/doctor"] if host else []
        config = shared_options.load_config(config_file, locations, **registry)
    steps = [*_installation(config), *(accel.diagnose(host, config=config) if host else ())]
    healthy = all(step.ok for step in steps)
    if output == "json":
        print_json({"ok": healthy, "steps": [{"name": s.name, "ok": s.ok, "detail": s.detail} for s in steps]})
    else:
        print_table(("", "STEP", "FOUND"), [("ok" if step.ok else "FAIL", step.name, step.detail) for step in steps])
    return exit_codes.DONE if healthy else exit_codes.FAILED


def _installation(config: accel.Config | None) -> list[accel.Step]:
    import accel  # noqa: PLC0415 - as above

    drivers = ", ".join(known.name for known in accel.formats())
    work_dir = config.provider.work_dir if config else Path(tempfile.gettempdir())
    docker = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "config.json"
    return [
        accel.Step("version", True, f"{accel.__version__}, Python {platform.python_version()}, {platform.machine()}"),
        accel.Step("drivers", bool(drivers), drivers),
        _work_dir_step(work_dir),
        accel.Step("docker config", True, str(docker) if docker.is_file() else f"{docker} is absent: anonymous access"),
    ]


def _work_dir_step(work_dir: Path) -> accel.Step:
    import accel  # noqa: PLC0415 - as above

    try:
        with tempfile.TemporaryFile(dir=work_dir):
            free = shutil.disk_usage(work_dir).free
    except OSError as error:
        return accel.Step("work dir", False, f"{work_dir}: {error.strerror}")
    return accel.Step("work dir", free >= _LEAST_FREE_BYTES, f"{work_dir}, {accel.units.size_text(free)} free")
