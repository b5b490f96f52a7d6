"""Entry point of the daemon: options, and errors as one line with an exit status."""

from __future__ import annotations

import sys
from pathlib import Path

import click

# Fixed: scripts and supervisors rely on them. As accelctl's.
DONE, FAILED, USAGE = 0, 1, 2

EPILOG = """\b
Examples:
  acceld --config /etc/acceld.yaml
  acceld --config acceld.yaml --log-format text --log-level debug

\b
Signals:
  TERM, INT   take no new work, let conversions end within server.grace, hand back the others; again: at once
  HUP         read the configuration and the certificate again

\b
Exit status:
  0 ended by a signal, 1 failed, 2 wrong usage or configuration
"""


def _print_version(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:  # noqa: ARG001
    if value:
        import accel  # noqa: PLC0415 - --help must not wait for it

        click.echo(f"acceld {accel.__version__}")
        ctx.exit()


@click.command(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", "path", type=click.Path(path_type=Path), required=True, help="The configuration, YAML.")
@click.option(
    "--log-format",
    type=click.Choice(["json", "text"]),
    help="By default text on a terminal, else a JSON object a line.",
)
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info", show_default=True
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print the version."
)
def command(path: Path, log_format: str | None, log_level: str) -> None:
    """Converts container images when registries tell of pushes: webhooks in, converted images out."""
    try:
        from acceld.server import run  # noqa: PLC0415 - as above
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in {"accel", "acceld"}:
            raise
        raise click.ClickException(
            f"there is no module {missing}; the daemon wants more than accelctl: "
            "pip install 'acceleration-service[service]'"
        ) from None
    run(path, log_format=log_format, log_level=log_level)


def main(arguments: list[str] | None = None) -> int:
    """Runs `acceld`.

    Args:
        arguments: Words after the program's name; those of the process by default.

    Returns:
        The exit status.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        command.main(arguments, prog_name="acceld", standalone_mode=False)
    except click.UsageError as error:
        return _fail(f"{error.format_message().rstrip('.')}; see 'acceld --help'", USAGE)
    except click.ClickException as error:
        return _fail(error.format_message(), FAILED)
    except (KeyboardInterrupt, click.Abort):
        return _fail("interrupted before the daemon had begun", FAILED)
    except Exception as error:
        import accel  # noqa: PLC0415 - as above

        ours = isinstance(error, accel.Error)
        if not ours:
            import traceback  # noqa: PLC0415 - as above

            traceback.print_exc()
        text = str(error) if ours else f"{type(error).__name__}: {error}; this is a fault of acceld, please report it"
        return _fail(text, USAGE if isinstance(error, accel.ConfigError) else FAILED)
    return DONE


def _fail(message: str, code: int) -> int:
    click.echo(f"error: {' '.join(message.split())}", err=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
