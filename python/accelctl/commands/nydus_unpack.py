"""`accelctl nydus unpack`."""

from __future__ import annotations

from typing import Any

import click

from accelctl import shared_options
from accelctl.errors import settling
from accelctl.output import print_json

EPILOG = """\b
Examples:
  accelctl nydus unpack registry.example/app:1-nydus registry.example/app:1-again
  accelctl nydus unpack registry.example/app:1-nydus oci:layout:app --compression zstd
  accelctl nydus unpack registry.example/app:1-nydus oci:layout:app \\
      --backend-type localfs --backend-config '{"dir": "/srv/blobs"}'

\b
Each layer of the image becomes one of the result. Where they cannot be told apart, all files are in
one layer, and a note says why. To see that nothing is missing:
  accelctl check registry.example/app:1 registry.example/app:1-again

\b
An encrypted image is decrypted first:
  accelctl copy --decrypt-key key.pem registry.example/app:1-locked oci:layout:nydus
"""


@click.command(epilog=EPILOG)
@click.argument("source")
@click.argument("target")
@shared_options.config_option
@click.option(
    "--compression",
    type=click.Choice(["gzip", "zstd", "none"]),
    default="gzip",
    show_default=True,
    help="Of the result's layers.",
)
@shared_options.backend_options
@shared_options.platform_option
@shared_options.jobs_option
@shared_options.progress_option
@shared_options.output_option
@shared_options.max_ratio_option
@shared_options.max_layer_size_option
@shared_options.registry_options
@shared_options.debug_option
def command(
    *,
    source: str,
    target: str,
    config_file: str | None,
    compression: str,
    backend_type: str | None,
    backend_config: str | None,
    platforms: tuple[str, ...],
    jobs: int | None,
    progress: str,
    output: str,
    max_ratio: int | None,
    max_layer_size: int | None,
    debug: bool,
    **registry: Any,
) -> None:
    """Turn a Nydus image back into an ordinary OCI image."""
    import accel  # noqa: PLC0415 - --help must not wait for it

    shared_options.show_log(debug=debug)
    with settling():
        config = shared_options.load_config(config_file, [source, target], **registry)
    result = accel.unpack(
        source,
        target,
        compression=compression,
        backend_type=backend_type,
        backend_config=backend_config,
        platform=platforms,
        jobs=jobs,
        limits=shared_options.make_limits(max_ratio, max_layer_size),
        config=config,
        progress=shared_options.make_progress(progress),
    )
    (made,) = result.targets
    for text in made.notes:
        shared_options.note(text)
    if output == "json":
        print_json(result.to_dict())
        return
    units = accel.units
    click.echo(f"{made.reference} {made.digest}")
    click.echo(
        f"{units.counted(len(made.layers), 'layer')}, {units.size_text(made.size)} "
        f"({units.ratio_text(made.size, result.source.size)} of the source); "
        f"{units.duration_text(result.elapsed.total)}"
    )
