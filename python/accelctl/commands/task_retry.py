"""`accelctl task retry`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from accelctl import shared_options
from accelctl.commands.task_create import finish
from accelctl.commands.task_get import print_task
from accelctl.task_options import with_client

if TYPE_CHECKING:
    from accelctl.acceld_client import Client

EPILOG = """\b
Examples:
  accelctl task retry 0ba1c7d2-52d7-4b3c-9c0e-6f6f2f8f3a11
  accelctl task retry --watch 0ba1c7d2-52d7-4b3c-9c0e-6f6f2f8f3a11

\b
Queues an ended task again with all its attempts. When the same work was asked for meanwhile,
that task is shown instead.
"""


@click.command(epilog=EPILOG)
@click.argument("task_id", metavar="ID")
@click.option("--watch", is_flag=True, help="Wait for the end and show progress.")
@shared_options.progress_option
@shared_options.output_option
@with_client
def command(*, client: Client, task_id: str, watch: bool, progress: str, output: str) -> None:
    """Run a task again."""
    task, _ = client.post("conversions", task_id, "retry")
    if task["id"] != task_id:
        shared_options.note(f"task {task['id']} does the same work already")
    if not watch:
        print_task(task, output)
        return
    from accelctl.task_progress import follow, make_display  # noqa: PLC0415 - --help must not wait for it

    finish(follow(client, task["id"], make_display(progress)), output)
