"""`accelctl convert`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from accelctl import shared_options
from accelctl.errors import settling
from accelctl.output import print_json, print_table

if TYPE_CHECKING:
    import accel

EPILOG = """\b
Examples:
  accelctl convert registry.example/app:1 --driver estargz
      makes registry.example/app:1-estargz
  accelctl convert app:1 'registry.example/fast/app:1-{driver}' --driver estargz --driver zstdchunked --verify
      makes both formats from one read of the source and checks them
  accelctl convert oci:layout:app oci-archive:app.tar:app --option compression_level=9
  accelctl convert registry.example/app:1 --driver nydus --cache registry.example/app:cache
      remembers converted layers there, and converts none that it knows
  accelctl convert --config acceld.yaml registry.example/app:1 --output json

\b
Without TARGET the rules of --config give it; without a configuration it is the
source's place with -DRIVER added to the tag (-estargz, -zstdchunked).
A source named by digest alone becomes sha256-HEX-DRIVER.
"""


class DriverHelp(click.Command):
    """Adds the drivers of this version and their options to the help."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the options, then each driver's."""
        import accel  # noqa: PLC0415 - only this help needs it

        super().format_options(ctx, formatter)
        for known in accel.formats():
            with formatter.section(f"Options of driver {known.name} ({known.description})"):
                formatter.write_dl([(f"{option.name}={option.default}", _describe(option)) for option in known.options])


def _describe(option: accel.OptionField) -> str:
    return f"{option.help} [{option.range}]" if option.range else option.help


@click.command(cls=DriverHelp, epilog=EPILOG)
@click.argument("source")
@click.argument("target", required=False)
@shared_options.config_option
@click.option(
    "--driver",
    "drivers",
    metavar="NAME",
    multiple=True,
    help="Format to make; repeat it to make several in one pass (then TARGET is a template with {driver}). "
    "Default: the configuration's, else estargz.",
)
@shared_options.driver_options
@shared_options.platform_option
@click.option(
    "--cache",
    metavar="REF",
    help="Remote cache image: layers it knows are not converted again. Default: the configuration's.",
)
@click.option("--verify", is_flag=True, help="Check each result against the source before its tag is pushed.")
@shared_options.jobs_option
@click.option("--dry-run", is_flag=True, help="Say what would be done.")
@shared_options.progress_option
@shared_options.output_option
@shared_options.max_ratio_option
@shared_options.max_layer_size_option
@shared_options.registry_options
@shared_options.debug_option
def command(
    *,
    source: str,
    target: str | None,
    config_file: str | None,
    drivers: tuple[str, ...],
    options: dict[str, str],
    platforms: tuple[str, ...],
    cache: str | None,
    verify: bool,
    jobs: int | None,
    dry_run: bool,
    progress: str,
    output: str,
    max_ratio: int | None,
    max_layer_size: int | None,
    debug: bool,
    **registry: Any,
) -> None:
    """Convert an image into one or several formats."""
    import accel  # noqa: PLC0415 - --help must not wait for it

    shared_options.show_log(debug=debug)
    with settling():
        places = [source, *([target.replace("{driver}", "driver")] if target else [])]
        config = shared_options.load_config(config_file, places, **registry)
        plan = accel.plan(
            source, target, driver=drivers, options=options, platform=platforms, cache=cache, config=config
        )
    for text in plan.notes:
        shared_options.note(text)
    result = accel.execute(
        plan,
        verify=verify,
        dry_run=dry_run,
        jobs=jobs,
        limits=shared_options.make_limits(max_ratio, max_layer_size),
        config=config,
        progress=shared_options.make_progress(progress),
    )
    for made in result.targets:
        for text in made.notes:
            shared_options.note(f"{made.driver}: {text}")
    if output == "json":
        print_json(result.to_dict())
    else:
        _print_result(result)
        if result.cache:
            _print_cache(result.cache)


def _print_result(result: accel.ConvertResult) -> None:
    from accel.units import duration_text, short_digest, size_text  # noqa: PLC0415 - as above

    source = result.source
    rows = [("source", source.reference, short_digest(source.digest), size_text(source.size), "", "")]
    rows += [(made.driver, made.reference, *_describe_target(made, source.size)) for made in result.targets]
    print_table(("DRIVER", "IMAGE", "DIGEST", "SIZE", "OF SOURCE", ""), rows, right=(3, 4))
    times, moved = result.elapsed, result.bytes
    if times.total:
        click.echo(
            f"{duration_text(times.total)} (reading {duration_text(times.pull)}, "
            f"converting {duration_text(times.convert)}, writing {duration_text(times.push)}, overlapping); "
            f"{size_text(moved.read)} read, {size_text(moved.uploaded)} written, {size_text(moved.mounted)} mounted"
        )


def _print_cache(cache: accel.CacheUse) -> None:
    from accel.units import counted  # noqa: PLC0415 - as above

    layers = counted(cache.hits + cache.misses, "layer")
    click.echo(f"{cache.reference}: {cache.hits} of {layers} cached, {cache.added} added, {cache.dropped} dropped")


def _describe_target(made: accel.Target, source_size: int) -> tuple[str, str, str, str]:
    from accel.units import counted, ratio_text, short_digest, size_text  # noqa: PLC0415 - as above

    if made.skipped and not (made.digest and made.layers):
        return "", "", "", "nothing written"
    layers = counted(len(made.layers), "layer")
    what = f"{layers}, taken over" if made.skipped else layers
    return short_digest(made.digest), size_text(made.size), ratio_text(made.size, source_size), what
