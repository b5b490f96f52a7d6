"""`accelctl nydus chunkdict`."""

from __future__ import annotations

from typing import Any

import click

from accelctl import shared_options
from accelctl.errors import settling
from accelctl.output import print_json, print_table

EPILOG = """\b
Examples:
  accelctl nydus chunkdict registry.example/base:1-nydus registry.example/app:1-nydus \\
      --output registry.example/dictionary:1
  accelctl nydus chunkdict registry.example/app:1 registry.example/app:2 \\
      --option compressor=lz4_block --output registry.example/dictionary:lz4

\b
Nydus images go in as they are, others are converted on the way. What it is for:
  accelctl convert registry.example/app:3 --driver nydus \\
      --option chunk_dict_ref=registry.example/dictionary:1
"""


@click.command(epilog=EPILOG)
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True)
@click.option("--output", "target", metavar="REF", required=True, help="Where the dictionary goes.")
@shared_options.config_option
@shared_options.driver_options
@shared_options.platform_option
@shared_options.jobs_option
@shared_options.progress_option
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
@shared_options.max_ratio_option
@shared_options.max_layer_size_option
@shared_options.registry_options
@shared_options.debug_option
def command(
    *,
    images: tuple[str, ...],
    target: str,
    config_file: str | None,
    options: dict[str, str],
    platforms: tuple[str, ...],
    jobs: int | None,
    progress: str,
    as_json: bool,
    max_ratio: int | None,
    max_layer_size: int | None,
    debug: bool,
    **registry: Any,
) -> None:
    """Make a chunk dictionary: an image whose chunks other Nydus images need not store again."""
    import accel  # noqa: PLC0415 - --help must not wait for it

    shared_options.show_log(debug=debug)
    with settling():
        config = shared_options.load_config(config_file, [*images, target], **registry)
    result = accel.make_dictionary(
        images,
        target,
        options=options,
        platform=platforms,
        jobs=jobs,
        limits=shared_options.make_limits(max_ratio, max_layer_size),
        config=config,
        progress=shared_options.make_progress(progress),
    )
    for text in result.notes:
        shared_options.note(text)
    if as_json:
        print_json(result.to_dict())
        return
    units = accel.units
    rows = [
        (one.reference, one.platform, units.short_digest(one.digest), "converted" if one.converted else "")
        for one in result.images
    ]
    print_table(("IMAGE", "PLATFORM", "DIGEST", ""), rows)
    click.echo(f"{result.target} {result.digest}")
    click.echo(
        f"{units.counted(result.blobs, 'blob')}, {units.size_text(result.size)} "
        f"({units.size_text(result.bytes.uploaded)} written, {units.size_text(result.bytes.mounted)} mounted); "
        f"{units.duration_text(result.elapsed.total)}"
    )
