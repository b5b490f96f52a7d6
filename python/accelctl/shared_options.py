"""Options that several commands have, and what they become."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any, TypeVar

import click

from accelctl.errors import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    import accel

F = TypeVar("F", bound="Callable[..., Any]")

config_option = click.option(
    "--config",
    "config_file",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Configuration of the service: registries, drivers, rules.",
)
platform_option = click.option(
    "--platform", "platforms", metavar="OS/ARCH[/VARIANT]", multiple=True, help="Repeatable. Default: all platforms."
)
jobs_option = click.option(
    "--jobs", metavar="N", type=click.IntRange(min=1), help="Worker threads. Default: all cores."
)
progress_option = click.option(
    "--progress",
    type=click.Choice(["auto", "bar", "plain", "json", "none"]),
    default="auto",
    show_default=True,
    help="On standard error. auto: bars on a terminal, lines elsewhere.",
)
output_option = click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="On standard output."
)
debug_option = click.option("--debug", is_flag=True, help="Log every step; show a traceback on errors.")


def _split_option(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    options = {}
    for text in values:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise click.BadParameter(f"want KEY=VALUE, got {text!r}", ctx, parameter)
        options[key] = value
    return options


driver_options = click.option(
    "--option",
    "options",
    metavar="KEY=VALUE",
    multiple=True,
    callback=_split_option,
    help="Driver option, repeatable; DRIVER.KEY=VALUE is for one of several drivers.",
)
max_ratio_option = click.option(
    "--max-ratio",
    metavar="N",
    type=click.IntRange(min=1),
    help="Most bytes one compressed byte of a layer may become; raise it for a layer that is no bomb.",
)
max_layer_size_option = click.option(
    "--max-layer-size", metavar="BYTES", type=click.IntRange(min=1), help="Most bytes one layer may become."
)


def backend_options(function: F) -> F:
    """Where layers are that are not in their image's repository."""
    for option in (
        click.option(
            "--backend-config", metavar="JSON", help="How to reach that backend, as the driver option of that name."
        ),
        click.option(
            "--backend-type",
            metavar="localfs|oss|s3",
            help="Where the image's layers are, if not beside its manifest. Default: the configuration's.",
        ),
    ):
        function = option(function)
    return function


def registry_options(function: F) -> F:
    """How the registries of the command line are reached, when no configuration says so."""
    for option in (
        click.option("--ca-file", metavar="FILE", help="PEM file of a CA to trust besides the system's."),
        click.option("--insecure", is_flag=True, help="Do not verify certificates."),
        click.option("--plain-http", is_flag=True, help="Use HTTP without TLS."),
    ):
        function = option(function)
    return function


def load_config(
    config_file: str | None, locations: list[str], *, ca_file: str | None, insecure: bool, plain_http: bool
) -> accel.Config | None:
    """The configuration with the options of the command line laid over it for the registries of `locations`."""
    import accel  # noqa: PLC0415 - --help must not wait for it

    config = accel.Config.load(config_file) if config_file else None
    given = {"ca_file": ca_file, "insecure": insecure or None, "plain_http": plain_http or None}
    settings = {key: value for key, value in given.items() if value is not None}
    return (config or accel.Config()).with_registries(locations, **settings) if settings else config


def make_progress(kind: str) -> accel.progress.Progress:
    """The display `--progress` names."""
    from accel import progress  # noqa: PLC0415 - as above

    displays: dict[str, Callable[[], progress.Progress]] = {
        "auto": progress.auto,
        "bar": progress.bar,
        "plain": progress.plain,
        "json": progress.json,
        "none": progress.none,
    }
    return displays[kind]()


def make_limits(max_ratio: int | None, max_layer_size: int | None) -> accel.DecodeLimits:
    """What decoders let a layer do."""
    import accel  # noqa: PLC0415 - as above

    return accel.DecodeLimits(max_ratio=max_ratio, max_bytes=max_layer_size)


class _Lines(logging.Handler):
    """Log records as `warning:` and `note:` lines before anything else on standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        """Prints one record. Looks the stream up each time: a progress display may stand in for it."""
        kind = "warning" if record.levelno >= logging.WARNING else "note"
        print(f"{kind}: {' '.join(record.getMessage().split())}", file=sys.stderr)


def show_log(*, debug: bool) -> None:
    """Warnings on standard error; with `debug` everything."""
    logger = logging.getLogger("accel")
    logger.handlers = [_Lines()]
    logger.propagate = False
    logger.setLevel(logging.DEBUG if debug else logging.WARNING)


def note(text: str) -> None:
    """A line that is no error."""
    click.echo(f"note: {one_line(text)}", err=True)
