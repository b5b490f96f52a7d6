"""`accelctl check`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from accelctl import exit_codes, shared_options
from accelctl.errors import settling
from accelctl.output import print_json, printable

if TYPE_CHECKING:
    import accel

SHOWN_DIFFERENCES = 20  # in text; JSON has all

EPILOG = """\b
Examples:
  accelctl check registry.example/app:1 registry.example/app:1-estargz
  accelctl check oci:layout:app docker-archive:app.tar --platform linux/amd64
  accelctl check registry.example/app:1 oci:layout:app --output json
  accelctl check registry.example/app:1 registry.example/app:1-nydus --config acceld.yaml

\b
Compares for every path of the merged trees: type, mode, owner, mtime, size, link
target, device numbers, extended attributes, hardlink groups and content; and the
image configs. Verifies every digest on the way. Exit status 3 when they differ.
"""


@click.command(epilog=EPILOG)
@click.argument("source")
@click.argument("target")
@shared_options.config_option
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
) -> int:
    """Compare two images, whatever their formats, as file trees."""
    import accel  # noqa: PLC0415 - --help must not wait for it

    shared_options.show_log(debug=debug)
    with settling():
        config = shared_options.load_config(config_file, [source, target], **registry)
    report = accel.check(
        source,
        target,
        backend_type=backend_type,
        backend_config=backend_config,
        platform=platforms,
        jobs=jobs,
        limits=shared_options.make_limits(max_ratio, max_layer_size),
        config=config,
        progress=shared_options.make_progress(progress),
    )
    for text in report.notes:
        shared_options.note(text)
    if output == "json":
        print_json(report.to_dict())
    else:
        _print_report(report)
    return exit_codes.DONE if report.equal else exit_codes.DIFFERENT


def _print_report(report: accel.CheckReport) -> None:
    from accel.units import counted, size_text  # noqa: PLC0415 - as above

    for one in report.differences[:SHOWN_DIFFERENCES]:
        place = f"{one.platform} {one.path}" if one.platform else one.path
        click.echo(printable(f"{place}: {one.field}: {one.source} in the source, {one.target} in the target"))
    rest = len(report.differences) - SHOWN_DIFFERENCES
    if rest > 0:
        click.echo(f"… and {rest} more")
    outcome = "equal" if report.equal else counted(len(report.differences), "difference")
    click.echo(
        f"{outcome}: {counted(report.files, 'file')}, {size_text(report.content_bytes)} of content, "
        f"{counted(report.blobs_verified, 'blob')} verified"
    )
