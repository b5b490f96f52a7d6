"""The daemon's log: what is in a line, and what never is."""

from __future__ import annotations

import base64
import json
import logging
from typing import TYPE_CHECKING

import pytest

import accel
from acceld import logs

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Puts the loggers back."""
    loggers = [logging.getLogger(name) for name in (None, "acceld", "accel")]
    before = [(logger.level, logger.handlers) for logger in loggers]
    yield
    for logger, (level, handlers) in zip(loggers, before, strict=True):
        logger.level, logger.handlers = level, handlers


def test_json_lines_have_task_and_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "json")
    logger = logging.getLogger("acceld")
    logger.debug("not shown")
    logger.warning("task %s: %s", "t-1", "bad\nname", extra={"task": "t-1", "other": 1})
    logger.error("failed", exc_info=ValueError("why"))
    first, second = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert first.pop("timestamp").endswith("Z")
    assert first == {"event": "task t-1: bad\nname", "level": "warning", "logger": "acceld", "task": "t-1"}
    assert "ValueError: why" in second["exception"]


def test_text_lines_cannot_be_forged(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "text")
    logging.getLogger("acceld").info("image %s", "a\n2026 [error] forged \x1b[2J")
    (line,) = capsys.readouterr().err.splitlines()
    assert r"a\n2026 [error] forged \x1b[2J" in line


def test_secrets_of_a_configuration_are_masked_wherever_they_turn_up(capsys: pytest.CaptureFixture[str]) -> None:
    pair = base64.b64encode(b"robot$ci:pass:word").decode()
    config = accel.Config.from_dict(
        {
            "server": {"token": "the-token"},
            "provider": {"source": {"h.io": {"auth": pair, "webhook": {"auth_header": "Basic the-header"}}}},
            "queue": {"url": "postgresql://me:the-db-word@db/acceld"},
        }
    )
    mask = logs.configure("debug", "json")
    mask.hide(logs.secrets_of(config))
    secrets = ["the-token", pair, "pass:word", "Basic the-header", "the-header", "the-db-word"]
    logging.getLogger("acceld").error("%s", secrets, exc_info=ValueError(" ".join(secrets)))
    shown = capsys.readouterr().err
    assert not [secret for secret in secrets if secret in shown]
    assert "***" in shown
