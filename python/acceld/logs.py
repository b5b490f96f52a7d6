"""The daemon's log on standard error: JSON or text, with task ids and without secrets."""

from __future__ import annotations

import base64
import contextlib
import logging
import sys
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from structlog.typing import EventDict, Processor, WrappedLogger

    import accel

_MASK = "***"
_SHORTEST = 4  # characters: masking shorter secrets would leave no log


class Mask:
    """Replaces known secrets in everything that is logged, whoever put them into a message."""

    def __init__(self) -> None:
        self._secrets: list[str] = []

    def hide(self, secrets: Iterable[str]) -> None:
        """From now on these are the secrets."""
        # The longest first: one may be a part of another.
        self._secrets = sorted({each for each in secrets if len(each) >= _SHORTEST}, key=len, reverse=True)

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> EventDict:  # noqa: ARG002
        """The step of structlog."""
        for key, value in event.items():
            if isinstance(value, str):
                for secret in self._secrets:
                    value = value.replace(secret, _MASK)  # noqa: PLW2901 - each one in turn
                event[key] = value
        return event


def _visible(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:  # noqa: ARG001 - structlog's interface
    """Names of images can be hostile: nothing in them moves a terminal's cursor or begins a line of its own."""
    for key, value in event.items():
        if isinstance(value, str) and key != "exception":
            event[key] = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in value)
    return event


def configure(level: str, form: str | None) -> Mask:
    """Sends the log of the whole process to standard error.

    Args:
        level: The least level that is shown.
        form: `json` or `text`; None for text on a terminal and JSON elsewhere.
    """
    terminal = sys.stderr.isatty()
    mask = Mask()
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(allow=["task"]),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    text = form == "text" or (form is None and terminal)
    console = structlog.dev.ConsoleRenderer(colors=terminal, exception_formatter=structlog.dev.plain_traceback)
    steps: list[Processor] = [_visible, console] if text else [structlog.processors.JSONRenderer()]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, mask, *steps],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)  # what others say of their inner life helps nobody
    logging.getLogger("acceld").setLevel(level.upper())
    logging.getLogger("accel").setLevel(level.upper())
    return mask


def secrets_of(config: accel.Config) -> set[str]:
    """Everything in a configuration, and in the files that it names, that no log may show."""
    found = {config.server.read_token()}
    for host in config.provider.source.values():
        header, pair = host.webhook.read_auth_header(), host.read_auth()
        password = base64.b64decode(pair).decode(errors="replace").partition(":")[2]
        found |= {header, header.rpartition(" ")[2], pair, password}
    with contextlib.suppress(ArgumentError):  # no URL, or none at all
        found.add(make_url(config.queue.url.get_secret_value()).password or "")
    return found
