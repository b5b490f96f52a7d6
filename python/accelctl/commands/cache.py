"""`accelctl cache`."""

from __future__ import annotations

from typing import Any

import click

from accelctl import shared_options
from accelctl.errors import settling
from accelctl.output import print_json, print_table

EPILOG = """\b
Examples:
  accelctl cache inspect registry.example/app:nydus-cache
  accelctl cache prune registry.example/app:nydus-cache --dead
"""

INSPECT_EPILOG = """\b
Examples:
  accelctl cache inspect registry.example/app:nydus-cache
  accelctl cache inspect registry.example/app:nydus-cache --output json
"""

PRUNE_EPILOG = """\b
Examples:
  accelctl cache prune registry.example/app:nydus-cache --dead
      drops records of layers that the registry does not hold any more
  accelctl cache prune registry.example/app:nydus-cache --keep 100 --dry-run

\b
Records go, the layers they name stay in the registry.
"""


@click.group(epilog=EPILOG)
def command() -> None:
    """Look into remote cache images, and prune them."""


@command.command("inspect", epilog=INSPECT_EPILOG)
@click.argument("reference", metavar="REF")
@shared_options.config_option
@shared_options.output_option
@shared_options.registry_options
@shared_options.debug_option
def inspect(*, reference: str, config_file: str | None, output: str, debug: bool, **registry: Any) -> None:
    """Show the layers that a cache image remembers."""
    import accel  # noqa: PLC0415 - --help must not wait for it

    shared_options.show_log(debug=debug)
    with settling():
        config = shared_options.load_config(config_file, [reference], **registry)
    content = accel.inspect_cache(reference, config=config)
    if output == "json":
        print_json(content.to_dict())
        return
    units = accel.units
    for text in content.warnings:
        click.echo(f"warning: {' '.join(text.split())}", err=True)
    click.echo(f"{content.reference} {content.digest}")
    kind = "index" if "index" in content.media_type or "list" in content.media_type else "single manifest"
    click.echo(
        f"{kind}, version {', '.join(content.versions) or 'none'}, {units.counted(len(content.records), 'record')}"
    )
    rows = [
        (
            record.platform or "?",
            record.format or "unknown",
            units.short_digest(record.fingerprint) if record.fingerprint else "",
            units.short_digest(record.source),
            units.short_digest(record.target),
            units.size_text(record.target_size),
            str(record.last_use),
        )
        for record in content.records
    ]
    print_table(("PLATFORM", "FORMAT", "FINGERPRINT", "SOURCE", "TARGET", "SIZE", "USED"), rows, right=(5, 6))


@command.command("prune", epilog=PRUNE_EPILOG)
@click.argument("reference", metavar="REF")
@click.option(
    "--keep",
    metavar="N",
    type=click.IntRange(min=0),
    help="Keep only the N most recently used records of each platform.",
)
@click.option("--dead", is_flag=True, help="Drop records of layers that are gone.")
@click.option("--dry-run", is_flag=True, help="Say what would be dropped.")
@shared_options.config_option
@shared_options.output_option
@shared_options.registry_options
@shared_options.debug_option
def prune(
    *,
    reference: str,
    keep: int | None,
    dead: bool,
    dry_run: bool,
    config_file: str | None,
    output: str,
    debug: bool,
    **registry: Any,
) -> None:
    """Drop records of a cache image."""
    import accel  # noqa: PLC0415 - as above

    shared_options.show_log(debug=debug)
    if keep is None and not dead:
        raise click.UsageError("say what to drop: --keep N, --dead, or both")
    with settling():
        config = shared_options.load_config(config_file, [reference], **registry)
    pruned = accel.prune_cache(reference, keep=keep, dead=dead, dry_run=dry_run, config=config)
    if output == "json":
        print_json(pruned.to_dict())
        return
    verb = "would be dropped" if dry_run else "dropped"
    records = accel.units.counted(pruned.records, "record")
    click.echo(f"{pruned.reference}: {pruned.dropped} of {records} {verb}, {pruned.dead} of them dead")
