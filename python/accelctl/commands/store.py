"""`accelctl store df` and `accelctl store gc`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from accelctl import shared_options
from accelctl.errors import UsageFailure, settling
from accelctl.output import print_json, print_table, printable

if TYPE_CHECKING:
    from collections.abc import Callable

    import accel

F = TypeVar("F", bound="Callable[..., Any]")

EPILOG = """\b
Examples:
  accelctl store df --config acceld.yaml
  accelctl store gc --config acceld.yaml --dry-run

\b
The store is the provider.work_dir of the configuration, the threshold its
provider.gcpolicy.threshold; --work-dir and --threshold stand in for them.
"""

DF_EPILOG = """\b
Examples:
  accelctl store df --config acceld.yaml
  accelctl store df --work-dir /var/lib/accel --blobs
  accelctl store df --work-dir /var/lib/accel --output json

\b
Sizes are bytes of disk, as du counts them. With --blobs every blob is listed,
those first that would be evicted first.
"""

GC_EPILOG = """\b
Examples:
  accelctl store gc --config acceld.yaml
  accelctl store gc --work-dir /var/lib/accel --threshold 20GB --percent 40
  accelctl store gc --work-dir /var/lib/accel --threshold 20GB --dry-run --output json

\b
Evicts the least frequently used blobs, among equals the least recently used, when
the store takes more than --percent of the threshold. Blobs in use stay. It may
run beside conversions. Without a threshold nothing is evicted.
"""


def _store_options(function: F) -> F:
    """Which store it is."""
    for option in (
        click.option("--threshold", metavar="SIZE", help="Such as 1000MB or 20GiB. Default: the configuration's."),
        click.option("--work-dir", metavar="DIR", help="Directory of the store. Default: the configuration's."),
        shared_options.config_option,
    ):
        function = option(function)
    return function


@click.group(epilog=EPILOG, no_args_is_help=False)
def command() -> None:
    """Look into the local content store, and make room in it."""


@command.command(epilog=DF_EPILOG)
@_store_options
@click.option("--blobs", is_flag=True, help="List every blob.")
@shared_options.output_option
@shared_options.debug_option
def df(
    *, config_file: str | None, work_dir: str | None, threshold: str | None, blobs: bool, output: str, debug: bool
) -> None:
    """Show what the store holds."""
    import accel  # noqa: PLC0415 - --help must not wait for it

    shared_options.show_log(debug=debug)
    directory, limit = _settle(config_file, work_dir, threshold)
    store = accel.Store(directory, create=False)
    usage = store.usage()
    listed = store.blobs() if blobs else ()
    if output == "json":
        document = {"directory": str(directory), "threshold": limit, **usage.to_dict()}
        if blobs:
            document["blob_list"] = [vars(blob) for blob in listed]
        print_json(document)
    elif blobs:
        _print_blobs(listed)
    else:
        _print_usage(directory, limit, usage)


@command.command(epilog=GC_EPILOG)
@_store_options
@click.option(
    "--percent",
    metavar="N",
    type=click.IntRange(0, 100),
    default=80,
    show_default=True,
    help="Part of the threshold to come down to: 80 is what the service does after each task, 40 each hour.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be done.")
@shared_options.output_option
@shared_options.debug_option
def gc(
    *,
    config_file: str | None,
    work_dir: str | None,
    threshold: str | None,
    percent: int,
    dry_run: bool,
    output: str,
    debug: bool,
) -> None:
    """Evict what is used least."""
    import accel  # noqa: PLC0415 - as above

    shared_options.show_log(debug=debug)
    directory, limit = _settle(config_file, work_dir, threshold)
    store = accel.Store(directory, create=False)
    empty = store.usage().total_bytes == 0  # where there is nothing, nothing is to be made either
    if not (dry_run or empty):
        store = accel.Store(directory)
    report = store.collect(limit, percent=percent, dry_run=dry_run or empty)
    if output == "json":
        print_json({"directory": str(directory), "threshold": limit, "dry_run": dry_run, **report.to_dict()})
    else:
        _print_report(limit, report, dry_run=dry_run)


def _settle(config_file: str | None, work_dir: str | None, threshold: str | None) -> tuple[Path, int]:
    """The store's directory and its threshold in bytes."""
    import accel  # noqa: PLC0415 - as above

    if config_file is None and work_dir is None:
        raise UsageFailure("which store? give --config FILE or --work-dir DIR")
    with settling():
        config = accel.Config.load(config_file) if config_file else accel.Config()
    if threshold is None:
        limit = config.provider.gcpolicy.threshold
    else:
        try:
            limit = accel.units.parse_size(threshold)
        except ValueError as error:
            raise UsageFailure(f"--threshold: {error}") from None
    return Path(work_dir) if work_dir else config.provider.work_dir, limit


def _print_usage(directory: Path, limit: int, usage: accel.StoreUsage) -> None:
    from accel.units import size_text  # noqa: PLC0415 - as above

    rows = [
        ("blobs", str(usage.blobs), size_text(usage.blob_bytes)),
        ("in use", str(usage.pinned_blobs), size_text(usage.pinned_bytes)),
        ("unfinished", str(usage.unfinished), size_text(usage.unfinished_bytes)),
        ("layer records", str(usage.records), ""),
    ]
    print_table(("", "COUNT", "ON DISK"), rows, right=(1, 2))
    share = f" ({usage.total_bytes / limit:.0%}) of {size_text(limit)}" if limit else ", no limit"
    click.echo(printable(f"{directory}: {size_text(usage.total_bytes)}{share}"))


def _print_blobs(blobs: tuple[accel.StoredBlob, ...]) -> None:
    from accel.units import size_text  # noqa: PLC0415 - as above

    rows = [
        (blob.digest, size_text(blob.disk_bytes), str(blob.uses), _date_text(blob.used_at), "yes" * blob.pinned)
        for blob in blobs
    ]
    print_table(("DIGEST", "ON DISK", "USES", "LAST USED", "IN USE"), rows, right=(1, 2))


def _date_text(seconds: int) -> str:
    from datetime import UTC, datetime  # noqa: PLC0415 - only this list needs it

    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ") if seconds else ""


def _print_report(limit: int, report: accel.CollectReport, *, dry_run: bool) -> None:
    from accel.units import counted, size_text  # noqa: PLC0415 - as above

    would = "would be " if dry_run else ""
    parts = [f"{counted(report.evicted_blobs, 'blob')} ({size_text(report.evicted_bytes)}) {would}evicted"]
    if report.removed_partials:
        partials = counted(report.removed_partials, "unfinished download")
        parts.append(f"{partials} ({size_text(report.removed_partial_bytes)}) {would}removed")
    if report.pinned_blobs:
        parts.append(f"{counted(report.pinned_blobs, 'blob')} ({size_text(report.pinned_bytes)}) in use")
    goal = f"{size_text(report.target_bytes)} wanted" if limit else "no limit"
    click.echo(f"{'; '.join(parts)}; {size_text(report.after_bytes)} of {size_text(report.before_bytes)} left, {goal}")
