"""What registries hold, and what has become of it: a real registry, and Harbor's API before one."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import pytest

import accel
from tests.python.support.images import sample_image
from tests.python.support.layout import MANIFEST, Layout
from tests.support import http_service
from tests.support.harbor import AUTH, harbor
from tests.support.registry import plain_registry
from tests.support.registry_api import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.registry import Registry


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry of its own: what it holds is known."""
    folder = tmp_path_factory.mktemp("filled")
    with plain_registry(folder) as registry:
        image = sample_image(Layout(folder / "layout"))
        for name in ("library/app:1", "library/app:2", "team/web/front:latest", "team/web/back:latest"):
            accel.copy(image, registry.reference(name))
        yield registry


def test_a_registry_lists_repositories_and_tags(filled: Registry) -> None:
    registries = accel.Registries()
    assert list(registries.repositories(filled.host)) == ["library/app", "team/web/back", "team/web/front"]
    listed = sorted(registries.tags(filled.reference("library/app")), key=lambda image: image.reference)
    assert [image.reference for image in listed] == [
        filled.reference("library/app:1"),
        filled.reference("library/app:2"),
    ]
    assert {image.digest for image in listed} == {""}


def test_harbor_lists_what_our_account_sees_with_digests(filled: Registry) -> None:
    with harbor(filled) as host:
        config = accel.Config.from_dict({"provider": {"source": {host: {"auth": AUTH, "plain_http": True}}}})
        registries = accel.Registries(config)
        assert list(registries.repositories(host)) == ["library/app", "team/web/back", "team/web/front"]
        digest = registries.manifest(f"{host}/library/app:1").digest
        listed = sorted(registries.tags(f"{host}/library/app"), key=lambda image: image.reference)
        assert listed == [accel.TaggedImage(f"{host}/library/app:{tag}", digest) for tag in ("1", "2")]
        stranger = accel.Config.from_dict({"provider": {"source": {host: {"plain_http": True}}}})
        assert list(accel.Registries(stranger).repositories(host)) == []


def test_a_manifest_is_read_whatever_it_is_of(registry: Registry) -> None:
    digest = Repository(registry, "registries/chart").put_chart("1.0.0")
    found = accel.Registries().manifest(registry.reference("registries/chart:1.0.0"))
    assert (found.digest, found.media_type) == (digest, MANIFEST)
    assert b"vnd.cncf.helm" in found.raw
    with pytest.raises(accel.NotFound):
        accel.Registries().manifest(registry.reference("registries/chart:2.0.0"))
    with pytest.raises(accel.InvalidReference):
        accel.Registries().manifest("no reference at all")


def test_a_twin_is_missing_then_fresh_then_stale(registry: Registry, tmp_path: Path) -> None:
    source = registry.reference("registries/twin:1")
    accel.copy(sample_image(Layout(tmp_path / "layout")), source)
    registries = accel.Registries()
    plan = accel.plan(source, driver="nydus")
    named = f"{source}@{registries.manifest(source).digest}"
    assert registries.twin(named, plan.targets[0]).state == "missing"
    accel.execute(plan)
    assert registries.twin(named, plan.targets[0]) == accel.Twin("fresh", "")
    newer = Layout(tmp_path / "newer")
    accel.copy(newer.tag(newer.add_image([newer.add_layer([])]), "new"), source)
    later = registries.twin(f"{source}@{registries.manifest(source).digest}", plan.targets[0])
    assert later.state == "stale"
    assert "made of" in later.reason
    with pytest.raises(accel.InvalidReference, match="want a digest"):
        registries.twin(source, plan.targets[0])


def test_the_size_of_an_image_chooses_among_profiles(registry: Registry, tmp_path: Path) -> None:
    source = registry.reference("registries/size:1")
    accel.copy(sample_image(Layout(tmp_path / "layout")), source)
    size = sum(layer.size for image in accel.inspect(source).images for layer in image.layers)

    def chosen(**only_if: int) -> str:
        profile = {"name": "sized", "driver": "nydus", "only_if": only_if}
        config = accel.Config.from_dict({"converter": {"driver": "estargz", "profiles": [profile]}})
        return accel.Registries(config).choose(source, accel.candidates(source, config=config)).profile

    assert chosen(min_size=size) == "sized"
    assert chosen(min_size=size + 1) == "default"
    profile = {"name": "huge", "driver": "nydus", "only_if": {"min_size": size + 1}}
    config = accel.Config.from_dict({"converter": {"profiles": [profile]}})
    with pytest.raises(accel.ConfigError, match="huge: its"):
        accel.Registries(config).choose(source, accel.candidates(source, config=config))


def test_a_cancelled_token_ends_every_call(registry: Registry) -> None:
    cancel = accel.CancelToken()
    cancel.cancel()
    registries = accel.Registries(cancel=cancel)
    with pytest.raises(accel.Cancelled):
        list(registries.repositories(registry.host))
    with pytest.raises(accel.Cancelled):
        registries.manifest(registry.reference("registries/chart:1.0.0"))


class _Endless(BaseHTTPRequestHandler):
    """A Harbor whose lists have no end, and often nothing in them."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments: Any) -> None:
        """Nothing: a test's output is for failures."""

    def do_GET(self) -> None:
        body = b"Pong" if self.path.endswith("/ping") else b'[{"digest":"sha256:%s","name":"p"}]' % (b"0" * 64)
        other = "page=2" if "page=1" in self.path else "page=1"
        self.send_response(200)
        self.send_header("Link", f'<{self.path.partition("?")[0]}?{other}>; rel="next"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def test_lists_without_end_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accel._registry.MAX_LISTED", 100)
    with http_service.serving(_Endless) as port:
        host = f"127.0.0.1:{port}"
        with pytest.raises(accel.FormatError, match="a list of more than 100 names"):
            list(accel.Registries().tags(f"{host}/team/app"))
        with pytest.raises(accel.FormatError, match="a list of more than 100 names"):
            list(accel.Registries().repositories(host))
