"""`accelctl task cancel`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from accelctl import shared_options
from accelctl.commands.task_get import print_task
from accelctl.task_options import with_client

if TYPE_CHECKING:
    from accelctl.acceld_client import Client

EPILOG = """\b
Examples:
  accelctl task cancel 0ba1c7d2-52d7-4b3c-9c0e-6f6f2f8f3a11

\b
What waits ends at once; what runs stops within a second. What has ended stays as it is.
"""


@click.command(epilog=EPILOG)
@click.argument("task_id", metavar="ID")
@shared_options.output_option
@with_client
def command(*, client: Client, task_id: str, output: str) -> None:
    """Cancel a task."""
    task = client.delete("conversions", task_id)
    if task.get("state") == "running":
        shared_options.note(f"task {task_id} is told to stop")
    elif task.get("state") != "cancelled":
        shared_options.note(f"task {task_id} had ended before: {task.get('state')}")
    print_task(task, output)
