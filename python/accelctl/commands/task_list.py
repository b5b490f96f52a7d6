"""`accelctl task list`, `accelctl task ls`."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import click

from accelctl import shared_options
from accelctl.output import print_json
from accelctl.task_options import with_client

if TYPE_CHECKING:
    from accelctl.acceld_client import Client

EPILOG = """\b
Examples:
  accelctl task list
  accelctl task ls --state failed --registry registry.example --limit 500
  accelctl task list --all --output json
  accelctl task list --watch

\b
Newest first. Skipped events are shown with --all. With --watch what waits and runs is shown
until Ctrl-C: on a terminal with progress, elsewhere a line at each change.
"""

STATES = ("queued", "running", "done", "failed", "cancelled", "skipped")

WATCH_INTERVAL = 1.0  # seconds between two looks
MAX_WATCHED = 20  # tasks shown with their progress


@click.command(epilog=EPILOG)
@click.option("--all", "all_states", is_flag=True, help="Skipped events too.")
@click.option("--state", "states", type=click.Choice(STATES), multiple=True, help="Only these; repeatable.")
@click.option("--registry", metavar="HOST", help="Only images of this registry.")
@click.option("--profile", metavar="NAME", help="Only tasks of this profile.")
@click.option("--source", metavar="TEXT", help="Only sources that contain this.")
@click.option(
    "--limit", metavar="N", type=click.IntRange(1, 100_000), default=100, show_default=True, help="At most so many."
)
@click.option("--watch", is_flag=True, help="Show what waits and runs, again and again.")
@shared_options.output_option
@with_client
def command(
    *,
    client: Client,
    all_states: bool,
    states: tuple[str, ...],
    registry: str | None,
    profile: str | None,
    source: str | None,
    limit: int,
    watch: bool,
    output: str,
) -> None:
    """List tasks."""
    from accelctl import task_table  # noqa: PLC0415 - --help must not wait for it

    query = {"all": all_states, "state": states, "registry": registry, "profile": profile, "source": source}
    if watch:
        _watch(client, query, limit, output)
    tasks, more = client.pages("conversions", limit=limit, **query)
    if output == "json":
        print_json({"tasks": tasks, "more": more})
        return
    click.echo("\n".join(task_table.lines(tasks)))
    if more:
        shared_options.note(f"there are more; --limit shows more than {limit}")


def _watch(client: Client, query: dict[str, Any], limit: int, output: str) -> None:
    """Shows tasks until it is interrupted, also over restarts of acceld."""
    from accelctl.acceld_client import AcceldError  # noqa: PLC0415 - as above
    from accelctl.task_progress import RETRIES, BarListDisplay, LineListDisplay  # noqa: PLC0415 - as above

    if not query["state"] and not query["all"]:
        query = {**query, "state": ("queued", "running")}
    on_terminal = output == "text" and sys.stdout.isatty()
    display = BarListDisplay() if on_terminal else LineListDisplay(output)
    failures = 0
    with display:
        while True:
            try:
                tasks, more = client.pages("conversions", limit=limit, **query)
                running = [task["id"] for task in tasks if task["state"] == "running"][:MAX_WATCHED]
                details = {task_id: client.get("conversions", task_id) for task_id in running}
                display.show([details.get(task["id"], task) for task in tasks], more=more)
                failures = 0
            except AcceldError as error:
                failures += 1
                if not error.passes or failures > RETRIES:
                    raise
            time.sleep(WATCH_INTERVAL)
