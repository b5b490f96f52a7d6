"""The command tree. Command modules import nothing heavy, so that help and completion answer at once."""

from __future__ import annotations

import click

from accelctl.lazy_group import LazyGroup

# Name → module; the order is that of --help.
COMMANDS = {
    "convert": "accelctl.commands.convert",
    "check": "accelctl.commands.check",
    "inspect": "accelctl.commands.inspect",
    "copy": "accelctl.commands.copy",
    "task": "accelctl.commands.task",
    "cache": "accelctl.commands.cache",
    "nydus": "accelctl.commands.nydus",
    "store": "accelctl.commands.store",
    "doctor": "accelctl.commands.doctor",
}

EPILOG = """\b
Examples:
  accelctl convert registry.example/app:1 --driver estargz
  accelctl check registry.example/app:1 registry.example/app:1-estargz
  accelctl inspect oci:layout:app --files

\b
Image locations, as in skopeo:
  [docker://]HOST[:PORT]/REPO[:TAG][@DIGEST]   a registry
  oci:DIR[:TAG]                                an OCI layout
  oci-archive:FILE[:TAG]                       a tar of an OCI layout
  docker-archive:FILE[:REF]                    the output of docker save (read only)

\b
Exit status:
  0 done, 1 failed, 2 wrong usage or configuration, 3 check found differences, 130 interrupted

\b
Shell completion, for bash (zsh and fish likewise):
  eval "$(_ACCELCTL_COMPLETE=bash_source accelctl)"
"""


def _print_version(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:  # noqa: ARG001
    if value:
        import accel  # noqa: PLC0415 - --help must not wait for it

        click.echo(f"accelctl {accel.__version__}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    modules=COMMANDS,
    epilog=EPILOG,
    no_args_is_help=False,  # no command is an error like any other: one line
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print the version."
)
def cli() -> None:
    """Converts container images into formats that start before they are pulled, and looks into them."""
