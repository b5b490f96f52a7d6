"""`accelctl nydus`: what only Nydus images have."""

from __future__ import annotations

import click

from accelctl.lazy_group import LazyGroup

COMMANDS = {
    "unpack": "accelctl.commands.nydus_unpack",
    "chunkdict": "accelctl.commands.nydus_chunkdict",
}

EPILOG = """\b
Examples:
  accelctl nydus unpack registry.example/app:1-nydus registry.example/app:1-again
  accelctl nydus chunkdict registry.example/base:1 registry.example/app:1 --output registry.example/dictionary:1
"""


@click.group(cls=LazyGroup, modules=COMMANDS, epilog=EPILOG, no_args_is_help=False)
def command() -> None:
    """Unpack Nydus images, and make chunk dictionaries."""
