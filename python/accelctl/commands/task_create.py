"""`accelctl task create`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from accelctl import shared_options
from accelctl.output import print_json
from accelctl.task_options import with_client

if TYPE_CHECKING:
    from accelctl.acceld_client import Client

EPILOG = """\b
Examples:
  accelctl task create registry.example/app:1
  accelctl task create --sync registry.example/app:1
  accelctl task create --watch --driver nydus --option fs_version=5 registry.example/app:1
  accelctl task create --target registry.example/fast/app:1 registry.example/app:1

\b
Formats, options and target are by default what acceld's configuration says for the image.
With --sync or --watch the exit status is that of the task: 1 when it failed.
"""


@click.command(epilog=EPILOG)
@click.argument("source")
@click.option("--sync", is_flag=True, help="Wait for the end.")
@click.option("--watch", is_flag=True, help="Wait for the end and show progress.")
@click.option("--driver", "drivers", metavar="NAME", multiple=True, help="Format to make, repeatable.")
@shared_options.driver_options
@click.option("--target", metavar="REF", help="Where the result goes; with several drivers a template with {driver}.")
@shared_options.platform_option
@click.option("--priority", metavar="N", type=click.IntRange(-1000, 1000), help="Higher ones go first.")
@shared_options.progress_option
@shared_options.output_option
@with_client
def command(
    *,
    client: Client,
    source: str,
    sync: bool,
    watch: bool,
    drivers: tuple[str, ...],
    options: dict[str, str],
    target: str | None,
    platforms: tuple[str, ...],
    priority: int | None,
    progress: str,
    output: str,
) -> None:
    """Ask acceld to convert SOURCE."""
    from accelctl.task_progress import follow, make_display  # noqa: PLC0415 - --help must not wait for it

    wishes: dict[str, Any] = {
        "driver": list(drivers),
        "options": options,
        "target": target,
        "platform": list(platforms),
        "priority": priority,
    }
    wanted = {name: value for name, value in wishes.items() if value not in (None, [], {})}
    _, headers = client.post("conversions", body={"source": source, **wanted})
    task_id = headers.get("Acceld-Task", "")
    if not task_id:
        shared_options.note(f"{source} needs no work; the reason is in: accelctl task list --all")
    elif sync or watch:
        shared_options.note(f"task {task_id}: waiting for its end")
        task = follow(client, task_id, make_display(progress if watch else "none"))
        finish(task, output)
        return
    else:
        shared_options.note(f"task {task_id} is accepted; look at it with: accelctl task watch {task_id}")
    if output == "json":
        print_json({"id": task_id or None, "source": source})


def finish(task: dict[str, Any], output: str) -> None:
    """Prints a task that has ended; one that did not end well is an error."""
    if output == "json":
        print_json(task)
    state = task.get("state")
    if state not in {"done", "skipped"}:
        reason = str(task.get("reason") or "no reason is known")
        text = f"{task.get('source')}: {reason}" if state == "failed" else f"{task.get('source')}: {state}"
        raise click.ClickException(f"task {task.get('id')}: {text}")
    if output == "text":
        result = task.get("result") or {}
        skipped = result.get("skipped")  # a reconciliation's are counts, which its report has
        why = str(task.get("reason") or (skipped if isinstance(skipped, str) else ""))
        shared_options.note(f"task {task.get('id')} is {state}" + (f": {why}" if why else ""))
