"""Entry point: runs a command and turns whatever ends it into one line and an exit status."""

from __future__ import annotations

import io
import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from accelctl import exit_codes
from accelctl.cli import cli
from accelctl.errors import UsageFailure, one_line

if TYPE_CHECKING:
    from types import FrameType


class Interrupted(BaseException):
    """A signal asked us to stop. Not KeyboardInterrupt: click answers that with a line of its own."""


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - what signal.signal wants
    raise Interrupted


def main(arguments: list[str] | None = None) -> int:
    """Runs `accelctl`.

    Args:
        arguments: Words after the program's name; those of the process by default.

    Returns:
        The exit status, one of `accelctl.exit_codes`.
    """
    # SIGINT also when the shell started us with it ignored (a script's background job); SIGTERM for orchestrators.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # names of files need not fit the terminal's encoding
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        result = cli.main(arguments, prog_name="accelctl", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of our output has what it wanted. Python would try to flush once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exit_codes.FAILED
    except (Interrupted, KeyboardInterrupt, click.Abort):
        left = "what acceld was asked to do goes on" if arguments[:1] == ["task"] else "no tag was written"
        return _fail(f"interrupted; {left}", exit_codes.INTERRUPTED)
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "accelctl"
        return _fail(f"{error.format_message().rstrip('.')}; see '{command} --help'", exit_codes.USAGE)
    except click.ClickException as error:
        return _fail(error.format_message(), exit_codes.FAILED)
    except Exception as error:
        if "--debug" in arguments:
            import traceback  # noqa: PLC0415 - a seventh of what help takes

            traceback.print_exc()
        code = exit_codes.USAGE if _is_usage(error) else exit_codes.FAILED
        return _fail(one_line(error), code)
    return result if isinstance(result, int) else exit_codes.DONE


def _is_usage(error: Exception) -> bool:
    """True for faults of the command line or the configuration, whatever was done before."""
    if isinstance(error, UsageFailure):
        return True
    accel = sys.modules.get("accel")
    return accel is not None and isinstance(error, (accel.ConfigError, accel.InvalidReference))


def _fail(message: str, code: int) -> int:
    click.echo(f"error: {one_line(message)}", err=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
