"""`accelctl task watch`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from accelctl import shared_options
from accelctl.commands.task_create import finish
from accelctl.task_options import with_client

if TYPE_CHECKING:
    from accelctl.acceld_client import Client

EPILOG = """\b
Examples:
  accelctl task watch 0ba1c7d2-52d7-4b3c-9c0e-6f6f2f8f3a11
  accelctl task watch --progress json 0ba1c7d2-52d7-4b3c-9c0e-6f6f2f8f3a11

\b
Shows a task until its end, on standard error; acceld may be restarted meanwhile. The exit status
is 1 when the task failed or was cancelled. Ctrl-C ends the watching, not the task.
"""


@click.command(epilog=EPILOG)
@click.argument("task_id", metavar="ID")
@shared_options.progress_option
@shared_options.output_option
@with_client
def command(*, client: Client, task_id: str, progress: str, output: str) -> None:
    """Watch a task until its end."""
    from accelctl.task_progress import follow, make_display  # noqa: PLC0415 - --help must not wait for it

    finish(follow(client, task_id, make_display(progress)), output)
