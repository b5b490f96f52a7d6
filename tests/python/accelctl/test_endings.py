"""How commands end: one line, the right status, whatever went wrong."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

import accel
from tests.python.conftest import Outcome
from tests.python.support.layout import Layout, read_index
from tests.python.support.layout_server import LayoutServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.registry import Registry

Accelctl = Callable[..., Outcome]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing command"),
        (["nosuch"], "No such command 'nosuch'"),
        (["convert"], "Missing argument 'SOURCE'; see 'accelctl convert --help'"),
        (["check", "a:1"], "Missing argument 'TARGET'"),
        (["convert", "a:1", "--nosuch"], "No such option"),
        (["convert", "a:1", "--jobs", "0"], "--jobs"),
        (["convert", "a:1", "--jobs", "many"], "--jobs"),
        (["convert", "a:1", "--progress", "loud"], "'loud' is not one of"),
        (["convert", "a:1", "--option", "level"], "want KEY=VALUE, got 'level'"),
        (["convert", "a:1", "--option", "nosuch=1"], 'no option "nosuch"'),
        (["convert", "a:1", "--driver", "soci"], "no driver 'soci'; its drivers are estargz, zstdchunked, nydus"),
        (["convert", "a:1", "--cache", "a b"], '"a b" is no image reference'),
        (["convert", "a:1", "--cache", "oci-archive:c.tar"], "is in an archive, which cannot be changed"),
        (["convert", "a:1", "--cache", "a:1"], "is the source or a target"),
        (["cache", "prune", "a:c"], "say what to drop"),
        (["cache", "prune", "a:c", "--keep", "-1"], "--keep"),
        (["convert", "a:1", "b:1", "--driver", "estargz", "--driver", "zstdchunked"], "{driver}"),
        (["convert", "a b"], '"a b" is no image reference'),
        (["convert", "docker-archive:x.tar", "docker-archive:y.tar"], "docker-archive"),
        (["convert", "a:1", "--platform", "vax"], "vax"),
        (["convert", "a:1", "--config", "absent.yaml"], "absent.yaml: cannot read the configuration"),
        (["convert", "a:1", "--ca-file", "/absent.pem"], "ca_file: no such file: /absent.pem"),
        (["check", "oci:", "b:1"], "oci:"),
        (["inspect", "containers-storage:x"], "containers-storage"),
        (["copy", "a:1", "b:1", "--all", "--platform", "linux/amd64"], "--all and --platform exclude each other"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(accelctl: Accelctl, arguments: list[str], message: str) -> None:
    outcome = accelctl(*arguments)
    assert outcome.code == 2
    assert message in outcome.error
    assert outcome.stdout == ""


def test_wrong_configuration_is_one_line_and_status_2(accelctl: Accelctl, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("converter:\n  drivr: {type: estargz}\n", encoding="utf-8")
    outcome = accelctl("convert", "a:1", "--config", "c.yaml")
    assert outcome.code == 2
    assert outcome.error.startswith("c.yaml:2: converter.drivr: unknown key; did you mean driver?")


@pytest.mark.parametrize("command", ["convert", "check", "copy", "inspect"])
def test_missing_image_is_one_line_and_status_1(accelctl: Accelctl, registry: Registry, command: str) -> None:
    source = registry.reference("cli/absent:1")
    second = {"check": [source], "copy": ["oci:out:x"]}.get(command, [])
    outcome = accelctl(command, source, *second)
    assert outcome.code == 1
    assert "cli/absent" in outcome.error
    assert "404" in outcome.error
    assert outcome.stdout == ""


def test_damaged_layer_is_named_with_its_image(accelctl: Accelctl, layout: Layout, image: str) -> None:
    digest = accel.open(image).layers[0].digest
    path = layout.blob_path(digest)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    outcome = accelctl("convert", image, "--progress", "none")
    assert outcome.code == 1
    assert image in outcome.error
    assert digest[:19] in outcome.error
    assert "app-estargz" not in read_index(layout.path)


def test_traceback_comes_only_with_debug(accelctl: Accelctl) -> None:
    usual, debug = accelctl("convert", "a b"), accelctl("convert", "a b", "--debug")
    assert "Traceback" not in usual.stderr
    assert "Traceback" in debug.stderr
    assert debug.stderr.splitlines()[-1] == usual.stderr.strip()
    assert debug.code == usual.code == 2


def test_reader_that_goes_away_is_no_traceback(image: str) -> None:
    command = f"{sys.executable} -m accelctl inspect {image} --files --output json | head -c 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, timeout=60)
    assert (done.stdout, done.stderr) == ("{", "")


def test_unwritable_output_is_an_error(accelctl: Accelctl, image: str) -> None:
    command = f"{sys.executable} -m accelctl inspect {image} --output json >/dev/full"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert re.fullmatch(r"error: .*No space left on device.*\n", done.stderr)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
@pytest.mark.parametrize("ignored", [False, True], ids=["foreground", "background"])
def test_signal_stops_a_conversion_and_leaves_nothing(
    layout: Layout, image: str, tmp_path: Path, number: signal.Signals, ignored: bool
) -> None:
    server = LayoutServer(layout)
    server.stalled.add(accel.open(image).layers[0].digest)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    # A shell starts background jobs of a script with SIGINT ignored.
    shell = ["bash", "-c", "trap '' INT; exec \"$@\"", "bash"] if ignored else []
    with server.running():
        process = subprocess.Popen(
            [*shell, sys.executable, "-m", "accelctl", "convert", server.reference("app"), f"oci:{tmp_path}/out:x"],
            env={**os.environ, "TMPDIR": str(temporary)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert server.stalling.wait(60)
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stdout == ""
    assert stderr.splitlines()[-1] == "error: interrupted; no tag was written"
    assert stderr.count("error:") == 1
    assert list(temporary.iterdir()) == []
    out = tmp_path / "out"
    assert not (out / "index.json").exists() or read_index(out) == {}
    assert not [path for path in out.rglob("*") if "tmp" in path.name]


def test_json_and_errors_do_not_mix(accelctl: Accelctl, image: str) -> None:
    outcome = accelctl("inspect", image, "--output", "json")
    assert json.loads(outcome.stdout)
    assert outcome.stderr == ""
