"""What all commands of `accelctl task` have: where acceld is, and who asks."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from accelctl import shared_options
from accelctl.errors import UsageFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from accelctl.acceld_client import Client

F = TypeVar("F", bound="Callable[..., Any]")

DEFAULT_ADDRESS = "localhost:2077"

_NAMES = ("addr", "token", "token_file", "ca_file", "timeout")


def connection_options(function: F) -> F:
    """They may stand before the name of the command or after it; the latter win."""
    for option in (
        click.option("--timeout", metavar="SECONDS", type=click.FloatRange(min=0, min_open=True), help="Default: 30."),
        click.option("--ca-file", metavar="FILE", help="PEM file of a CA to trust besides the system's."),
        click.option("--token-file", metavar="FILE", help="File with the token."),
        click.option("--token", metavar="TEXT", help="acceld's server.token. Default: ACCELD_TOKEN."),
        click.option(
            "--addr",
            metavar="ADDRESS",
            help=f"HOST:PORT, http(s)://HOST:PORT or unix:PATH. Default: ACCELD_ADDR, else {DEFAULT_ADDRESS}.",
        ),
    ):
        function = option(function)
    return function


def with_client(function: F) -> Callable[..., Any]:
    """Adds those options, and gives the function a `client` in their place."""

    @functools.wraps(function)
    def run(*arguments: Any, debug: bool, **options: Any) -> Any:
        shared_options.show_log(debug=debug)
        given = {name: value for name in _NAMES if (value := options.pop(name)) is not None}
        before: Mapping[str, Any] = click.get_current_context().obj or {}
        return function(*arguments, client=_connect({**before, **given}), **options)

    return connection_options(shared_options.debug_option(run))


def _connect(settings: Mapping[str, Any]) -> Client:
    from accelctl.acceld_client import Address, Client  # noqa: PLC0415 - help must not wait for http and ssl

    try:
        address = Address.parse(settings.get("addr") or os.environ.get("ACCELD_ADDR") or DEFAULT_ADDRESS)
    except ValueError as error:
        raise UsageFailure(str(error)) from None
    return Client(
        address,
        token=_token(settings),
        ca_file=settings.get("ca_file", ""),
        timeout=settings.get("timeout", Client.timeout),
    )


def _token(settings: Mapping[str, Any]) -> str:
    if "token" in settings and "token_file" in settings:
        raise UsageFailure("give --token or --token-file, not both")
    token: str = settings.get("token") or os.environ.get("ACCELD_TOKEN", "")
    if file := settings.get("token_file"):
        try:
            token = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
            raise UsageFailure(f"--token-file {file}: cannot read: {reason}") from None
    if not (token.isascii() and token.isprintable()):
        raise UsageFailure("the token has characters that no token has")
    return token
