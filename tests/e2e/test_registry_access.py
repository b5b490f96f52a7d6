"""Registries that want to be convinced first: TLS with a CA of their own, basic and token authentication."""

from __future__ import annotations

import contextlib
import json
import socket
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

import pytest

from tests.python.support.images import sample_image
from tests.support import registry as registries
from tests.support.http_service import serving
from tests.support.registry import PASSWORD, USER, Registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.python.support.layout import Layout
    from tests.support.command import Accelctl

SECRET = "not-the-password"


@pytest.fixture(scope="module", params=["basic", "token"])
def guarded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    if not registries.available():
        pytest.skip("docker-registry is not installed")
    start = {"basic": registries.basic_registry, "token": registries.token_registry}[request.param]
    with start(tmp_path_factory.mktemp(request.param)) as running:
        yield running


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    if not registries.available():
        pytest.skip("docker-registry is not installed")
    with registries.tls_registry(tmp_path_factory.mktemp("tls")) as running:
        yield running


def main_job(accelctl: Accelctl, location: str, registry: Registry, *options: str) -> None:
    """Copy to the registry, convert there, check and inspect."""
    source, target = registry.reference("work/app:1"), registry.reference("fast/app:1")
    accelctl("copy", "--all", location, source, *options).succeeded()
    accelctl("convert", source, target, "--verify", *options).succeeded()
    accelctl("check", source, target, *options).succeeded()
    accelctl("inspect", target, *options).succeeded()


def test_the_main_job_with_credentials_of_the_docker_configuration(
    guarded: Registry, accelctl: Accelctl, layout: Layout
) -> None:
    accelctl.log_in(guarded.host, USER, PASSWORD)
    main_job(accelctl, sample_image(layout), guarded)


def test_wrong_credentials_are_one_line_without_the_secret(
    guarded: Registry, accelctl: Accelctl, layout: Layout
) -> None:
    accelctl.log_in(guarded.host, USER, SECRET)
    target = guarded.reference("secret/app:1")
    outcome = accelctl("convert", sample_image(layout), target, "--progress", "none")
    error = outcome.failed()
    assert guarded.host in error
    assert "401" in error
    assert "login" in error or "credentials" in error  # what to do
    assert SECRET not in outcome.stderr + outcome.stdout


def test_a_refused_push_names_what_it_asked_for(guarded: Registry, accelctl: Accelctl, layout: Layout) -> None:
    error = accelctl("convert", sample_image(layout), guarded.reference("secret/app:1"), "--progress", "none").failed()
    assert guarded.host in error
    assert "repository:secret/app:pull,push" in error


def test_no_credentials_are_one_line(guarded: Registry, accelctl: Accelctl) -> None:
    error = accelctl("inspect", guarded.reference("secret/app:1")).failed()
    assert guarded.host in error
    assert "login" in error or "credentials" in error


def test_a_configuration_names_the_ca(tls: Registry, accelctl: Accelctl, layout: Layout, tmp_path: Path) -> None:
    assert tls.certificate
    config = tmp_path / "config.yaml"
    config.write_text(
        f'provider:\n  source:\n    "{tls.host}":\n      ca_file: {tls.certificate.certificate}\n', encoding="utf-8"
    )
    main_job(accelctl, sample_image(layout), tls, "--config", str(config))


@pytest.mark.parametrize("options", [("--insecure",), ("--ca-file", "{ca}")], ids=["insecure", "ca_file"])
def test_options_of_the_command_line_reach_it(options: tuple[str, ...], tls: Registry, accelctl: Accelctl) -> None:
    assert tls.certificate
    filled = [option.format(ca=tls.certificate.certificate) for option in options]
    error = accelctl("inspect", tls.reference("none/app:1"), *filled).failed()
    assert "404" in error  # TLS is behind us


def test_an_unknown_ca_is_one_line(tls: Registry, accelctl: Accelctl, layout: Layout) -> None:
    error = accelctl("convert", sample_image(layout), tls.reference("x/app:1"), "--progress", "none").failed()
    assert tls.host in error
    assert "certificate" in error
    assert "ca_file" in error or "--ca-file" in error


class _Api(BaseHTTPRequestHandler):
    """A registry without images."""

    def do_GET(self) -> None:
        self.send_response_only(200 if self.path == "/v2/" else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET  # noqa: N815 - http.server's name


def test_a_loopback_host_without_a_port_is_asked_on_port_80_when_nobody_listens_on_443(accelctl: Accelctl) -> None:
    host = "127.77.0.1"  # an address of this machine that only servers on all addresses use
    with socket.socket() as probe:
        if probe.connect_ex((host, 443)) == 0:
            pytest.skip("somebody listens on port 443 here")
    with contextlib.ExitStack() as servers:
        try:
            servers.enter_context(serving(_Api, address=(host, 80)))
        except OSError as error:
            pytest.skip(f"port 80 is not to be had: {error.strerror}")
        steps = accelctl("doctor", host, "--output", "json").document["steps"]
    assert all(step["ok"] for step in steps)
    assert "plain HTTP" in next(step["detail"] for step in steps if step["name"] == "tls")


def test_the_doctor_names_a_refused_connection_as_that(accelctl: Accelctl) -> None:
    outcome = accelctl("doctor", f"127.0.0.1:{registries.free_port()}", "--output", "json")
    assert outcome.code == 1
    steps = {step["name"]: step for step in json.loads(outcome.stdout)["steps"]}
    assert steps["resolve"]["ok"]
    assert not steps["connect"]["ok"]
    assert "refused" in steps["connect"]["detail"]
