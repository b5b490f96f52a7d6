"""`accelctl task log`."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import click

from accelctl import shared_options
from accelctl.output import print_json, printable
from accelctl.task_options import with_client

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accelctl.acceld_client import Client

EPILOG = """\b
Examples:
  accelctl task log 0ba1c7d2-52d7-4b3c-9c0e-6f6f2f8f3a11
  accelctl task log --follow 0ba1c7d2-52d7-4b3c-9c0e-6f6f2f8f3a11

\b
With --follow new lines are printed until the task has ended; with --output json then as one
object a line.
"""

FOLLOW_INTERVAL = 1.0  # seconds between two looks


@click.command(epilog=EPILOG)
@click.argument("task_id", metavar="ID")
@click.option("--follow", "-f", is_flag=True, help="Go on until the task has ended.")
@shared_options.output_option
@with_client
def command(*, client: Client, task_id: str, follow: bool, output: str) -> None:
    """Print the log of a task."""
    lines = client.get("conversions", task_id, "log")
    if not follow and output == "json":
        print_json({"id": task_id, "lines": lines})
        return
    _print(lines, output)
    if follow:
        _follow(client, task_id, lines[-1]["number"] if lines else 0, output)


def _follow(client: Client, task_id: str, last: int, output: str) -> None:
    """Prints lines after number `last` as they come."""
    from accelctl.task_progress import ENDED  # noqa: PLC0415 - --help must not wait for it

    ended = False
    while not ended:
        # Looked at before the lines: what was written until the end is then among them.
        ended = client.get("conversions", task_id).get("state") in ENDED
        lines = client.get("conversions", task_id, "log", after=last)
        _print(lines, output)
        last = lines[-1]["number"] if lines else last
        if not ended:
            time.sleep(FOLLOW_INTERVAL)


def _print(lines: Iterable[dict[str, Any]], output: str) -> None:
    for line in lines:
        if output == "json":
            click.echo(json.dumps(line))
        else:
            click.echo(printable(f"{str(line['at'])[:19].replace('T', ' ')} {line['level']:<7} {line['message']}"))
