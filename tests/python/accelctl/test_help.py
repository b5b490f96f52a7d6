"""Help, version and completion."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable

import pytest

import accel
from accelctl.cli import COMMANDS
from accelctl.commands import nydus, task
from tests.python.conftest import Outcome

Accelctl = Callable[..., Outcome]


def test_version_is_the_package_s(accelctl: Accelctl) -> None:
    outcome = accelctl("--version")
    assert (outcome.code, outcome.stdout) == (0, f"accelctl {accel.__version__}\n")


NYDUS = [["nydus", name] for name in nydus.COMMANDS]
TASK = [["task", name] for name in task.COMMANDS]


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS), *NYDUS, *TASK])
def test_help_has_examples(accelctl: Accelctl, command: list[str]) -> None:
    outcome = accelctl(*command, "--help")
    assert (outcome.code, outcome.stderr) == (0, "")
    assert "Examples:" in outcome.stdout
    assert " ".join(["accelctl", *command]) in outcome.stdout


def test_help_names_locations_exit_statuses_and_completion(accelctl: Accelctl) -> None:
    text = accelctl("--help").stdout
    for part in ("oci-archive:FILE", "130 interrupted", "_ACCELCTL_COMPLETE=bash_source"):
        assert part in text


def test_help_of_convert_lists_every_driver_s_options(accelctl: Accelctl) -> None:
    text = accelctl("convert", "--help").stdout
    for known in accel.formats():
        assert f"Options of driver {known.name}" in text
        for option in known.options:
            assert re.search(rf"^  {option.name}=", text, re.MULTILINE), option.name


@pytest.mark.parametrize(
    "command", [[], ["check"], ["copy"], ["inspect"], ["doctor"], ["store", "gc"], ["nydus"], ["task"], *NYDUS, *TASK]
)
def test_help_loads_nothing_heavy(command: list[str]) -> None:
    code = (
        "import sys\nfrom accelctl.__main__ import main\n"
        f"main({[*command, '--help']!r})\nprint(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert not {"accel", "acceld", "rich", "pydantic", "yaml", "asyncio", "sqlalchemy", "ssl"} & loaded


def test_shell_completion_knows_commands_and_options(accelctl: Accelctl) -> None:
    assert "complete" in accelctl(_ACCELCTL_COMPLETE="bash_source").stdout
    commands = accelctl(_ACCELCTL_COMPLETE="bash_complete", COMP_WORDS="accelctl c", COMP_CWORD="1").stdout
    assert {line.partition(",")[2] for line in commands.splitlines()} == {"convert", "check", "copy", "cache"}
    options = accelctl(_ACCELCTL_COMPLETE="bash_complete", COMP_WORDS="accelctl convert --ver", COMP_CWORD="2").stdout
    assert "--verify" in options
