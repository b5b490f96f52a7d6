"""`accelctl task …`: the tasks of a running acceld."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from accelctl.lazy_group import LazyGroup
from accelctl.task_options import connection_options

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMANDS = {
    name: f"accelctl.commands.task_{name}"
    for name in ("create", "list", "get", "watch", "log", "cancel", "retry", "backfill")
}

EPILOG = """\b
Examples:
  accelctl task create --watch registry.example/app:1
  accelctl task --addr https://acceld.example:2077 --token-file token list --state failed
  accelctl task watch 0ba1c7d2-52d7-4b3c-9c0e-6f6f2f8f3a11
  accelctl task backfill --dry-run 'registry.example/team/**'

\b
Where acceld is and who asks, before or after the command's name:
  --addr, ACCELD_ADDR     HOST:PORT, http(s)://HOST:PORT or unix:PATH; default localhost:2077
  --token-file, --token, ACCELD_TOKEN     its server.token
"""


class _TaskGroup(LazyGroup):
    """Knows `list` by its short name as well."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        return super().get_command(ctx, "list" if cmd_name == "ls" else cmd_name)


@click.group(cls=_TaskGroup, modules=COMMANDS, epilog=EPILOG, no_args_is_help=False)
@connection_options
@click.pass_context
def command(ctx: click.Context, /, **settings: Any) -> None:
    """Create, list and watch the tasks of a running acceld."""
    given: Mapping[str, Any] = {name: value for name, value in settings.items() if value is not None}
    ctx.obj = given
