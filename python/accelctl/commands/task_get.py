"""`accelctl task get`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from accelctl import shared_options
from accelctl.output import print_json, print_table
from accelctl.task_options import with_client

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accelctl.acceld_client import Client

EPILOG = """\b
Examples:
  accelctl task get 0ba1c7d2-52d7-4b3c-9c0e-6f6f2f8f3a11
  accelctl task get --output json 0ba1c7d2-52d7-4b3c-9c0e-6f6f2f8f3a11
"""

_FIELDS = ("id", "source", "digest", "state", "reason", "registry", "profile", "priority", "worker")
_TIMES = ("created", "started", "finished")
_NEVER = "0001-01-01"  # what the API says for no time at all


@click.command(epilog=EPILOG)
@click.argument("task_id", metavar="ID")
@shared_options.output_option
@with_client
def command(*, client: Client, task_id: str, output: str) -> None:
    """Show one task."""
    print_task(client.get("conversions", task_id), output)


def print_task(task: dict[str, Any], output: str) -> None:
    """All about a task."""
    if output == "json":
        print_json(task)
        return
    rows = [(name, str(task[name])) for name in _FIELDS if task.get(name) not in (None, "")]
    rows.append(("attempt", f"{task.get('attempt')} of {task.get('max_attempts')}"))
    rows += [(name, str(task[name])) for name in _TIMES if not str(task.get(name, _NEVER)).startswith(_NEVER)]
    rows += [("asked for by", asker) for asker in task.get("askers", ())]
    rows += _result(task.get("result") or {})
    print_table(("FIELD", "VALUE"), rows)


def _result(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    from accel.units import size_text  # noqa: PLC0415 - --help must not wait for it

    rows = [("nothing done", str(result["skipped"]))] if isinstance(result.get("skipped"), str) else []
    for target in result.get("targets", ()):
        size = size_text(int(target.get("size", 0)))
        rows.append((str(target.get("driver", "")), f"{target.get('reference')}@{target.get('digest')} {size}"))
    return rows
