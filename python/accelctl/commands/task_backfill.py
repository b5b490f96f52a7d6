"""`accelctl task backfill`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from accelctl import shared_options
from accelctl.commands.task_create import finish
from accelctl.output import print_json, print_table, printable
from accelctl.task_options import with_client

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accelctl.acceld_client import Client

EPILOG = """\b
Examples:
  accelctl task backfill --dry-run 'registry.example/team/**'
  accelctl task backfill 'registry.example/team/**:v*'
  accelctl task backfill --no-wait '**'

\b
acceld looks at its registries, finds images without their converted twin or with a stale one,
and queues them with low priority. PATTERN is HOST/REPOSITORY[:TAG], HOST or ** for everything;
* and ? stop at /, ** does not.
"""


@click.command(epilog=EPILOG)
@click.argument("pattern")
@click.option("--dry-run", is_flag=True, help="Find them, queue nothing.")
@click.option("--no-wait", is_flag=True, help="Only ask for it; look at it later with accelctl task watch ID.")
@shared_options.progress_option
@shared_options.output_option
@with_client
def command(*, client: Client, pattern: str, dry_run: bool, no_wait: bool, progress: str, output: str) -> None:
    """Queue the images that no event told of."""
    from accelctl.task_progress import follow, make_display  # noqa: PLC0415 - --help must not wait for it

    task, _ = client.post("reconciliations", body={"pattern": pattern, "dry_run": dry_run})
    if no_wait:
        shared_options.note(f"task {task['id']} is accepted; look at it with: accelctl task watch {task['id']}")
        if output == "json":
            print_json(task)
        return
    ended = follow(client, task["id"], make_display(progress))
    finish(ended, output)
    if output == "text":
        _print_report(ended["result"])


def _print_report(report: Mapping[str, Any]) -> None:
    for error in report["error_list"]:
        click.echo(printable(f"warning: {error['where']}: {error['message']}"), err=True)
    if report["errors"] > len(report["error_list"]):
        shared_options.note(f"{report['errors']} could not be looked at; the first of them are above")
    if report["dry_run"] and report["found"]:
        print_table(("IMAGE", "TWIN", "WHY"), [(one["source"], one["state"], one["reason"]) for one in report["found"]])
        click.echo("")
    counts = ("repositories", "images", "fresh", "missing", "stale", "queued", "joined", "errors")
    rows = [(name, str(report[name])) for name in counts]
    rows += [(f"skipped: {reason}", str(count)) for reason, count in report["skipped"].items()]
    print_table(("", "COUNT"), rows, right=(1,))
