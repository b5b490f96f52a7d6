"""`accelctl copy`."""

from __future__ import annotations

from typing import Any

import click

from accelctl import shared_options
from accelctl.errors import settling
from accelctl.output import print_json

EPILOG = """\b
Examples:
  accelctl copy docker-archive:app.tar registry.example/app:1
  accelctl copy --all registry.example/app:1 oci:layout:app
  accelctl copy --all --referrers registry.example/app:1 mirror.example/app:1
"""


@click.command(epilog=EPILOG)
@click.argument("source")
@click.argument("target")
@click.option("--all", "all_platforms", is_flag=True, help="All platforms. Default: --platform, else this machine's.")
@click.option("--referrers", is_flag=True, help="Also signatures, SBOMs and attestations that point to the image.")
@shared_options.config_option
@shared_options.platform_option
@shared_options.jobs_option
@shared_options.progress_option
@shared_options.output_option
@shared_options.registry_options
@shared_options.debug_option
def command(
    *,
    source: str,
    target: str,
    all_platforms: bool,
    referrers: bool,
    config_file: str | None,
    platforms: tuple[str, ...],
    jobs: int | None,
    progress: str,
    output: str,
    debug: bool,
    **registry: Any,
) -> None:
    """Copy an image byte for byte between any two places."""
    import accel  # noqa: PLC0415 - --help must not wait for it

    shared_options.show_log(debug=debug)
    if all_platforms and platforms:
        raise click.UsageError("--all and --platform exclude each other")
    with settling():
        config = shared_options.load_config(config_file, [source, target], **registry)
    result = accel.copy(
        source,
        target,
        all_platforms=all_platforms,
        platform=platforms,
        referrers=referrers,
        jobs=jobs,
        config=config,
        progress=shared_options.make_progress(progress),
    )
    if output == "json":
        print_json(result.to_dict())
        return
    units, moved, blobs = accel.units, result.bytes, result.blobs
    click.echo(f"{result.target} {result.digest}")
    click.echo(
        f"{units.counted(blobs['copied'], 'blob')} copied ({units.size_text(moved.uploaded)}), "
        f"{blobs['mounted']} mounted, {blobs['existing']} already there; {units.duration_text(result.elapsed.total)}"
    )
