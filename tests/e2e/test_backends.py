"""Images whose layers lie outside of the registry: in S3, in OSS, in a directory."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

import accel
from tests.python.support.images import noise, sample_image
from tests.python.support.layout import Entry, Layout
from tests.support import object_stores

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.command import Accelctl, Outcome
    from tests.support.object_stores import Store

STORES = {
    "s3": object_stores.s3_store,
    "oss": object_stores.oss_store,
    "localfs": object_stores.local_store,
}
BUCKETS = pytest.mark.parametrize("store", ["s3", "oss"], indirect=True)
LARGE = 20 << 20  # several parts


@pytest.fixture(params=list(STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "s3" and not object_stores.versitygw():
        pytest.skip("versitygw is not there (scripts/peers versitygw builds it; needs Go)")
    folder = tmp_path / "store"
    folder.mkdir()
    with STORES[request.param](folder) as running:
        yield running


@pytest.fixture
def source(layout: Layout) -> str:
    return sample_image(layout)


@pytest.fixture
def target(tmp_path: Path) -> str:
    return f"oci:{tmp_path / 'made'}:made"


def options(*values: str) -> list[str]:
    return [text for value in values for text in ("--option", value)]


def convert(accelctl: Accelctl, source: str, target: str, *values: str) -> Outcome:
    return accelctl("convert", source, target, "--driver", "nydus", "--verify", *options(*values))


def layers_of(source: str) -> int:
    return len(accel.open(source).layers)


def test_layers_go_there_and_are_read_from_there(
    accelctl: Accelctl, store: Store, source: str, target: str, tmp_path: Path
) -> None:
    convert(accelctl, source, target, *store.options()).succeeded()
    objects = store.objects()
    assert len(objects) == layers_of(source)
    for key, content in objects.items():
        assert key == store.prefix + hashlib.sha256(content).hexdigest()
    (bootstrap,) = accel.open(target).layers
    assert bootstrap.annotations["containerd.io/snapshot/nydus-bootstrap"] == "true"
    assert store.uploads() == 0

    accelctl("check", source, target, *store.flags()).succeeded()
    config = tmp_path / "acceld.yaml"
    settings = {"backend_type": store.type, "backend_config": json.dumps(store.config)}
    config.write_text(yaml.safe_dump({"converter": {"driver": {"type": "nydus", "config": settings}}}))
    accelctl("check", source, target, "--config", str(config)).succeeded()

    listed = accelctl("inspect", target, "--files", "--output", "json", *store.flags()).document
    files = {file["path"]: file["size"] for file in listed["images"][0]["files"]}
    assert files == {file.path: file.size for file in accel.open(source).files()}
    where: dict[str, Any] = {"backend_type": store.type, "backend_config": store.config}
    assert accel.check(source, target, **where).equal
    assert {file.path for file in accel.open(target, **where).files()} == set(files)


def test_without_the_backend_the_error_says_how_to_name_it(
    accelctl: Accelctl, store: Store, source: str, target: str
) -> None:
    convert(accelctl, source, target, *store.options()).succeeded()
    error = accelctl("check", source, target).failed()
    assert "is not in oci:" in error
    assert "--backend-type and --backend-config" in error


def test_another_backend_is_named_in_the_error(
    accelctl: Accelctl, store: Store, source: str, target: str, tmp_path: Path
) -> None:
    convert(accelctl, source, target, *store.options()).succeeded()
    empty = tmp_path / "empty"
    other = ("--backend-type", "localfs", "--backend-config", f'{{"dir": "{empty}"}}')
    error = accelctl("check", source, target, *other).failed()
    assert f"nor in localfs:{empty}" in error


def test_all_backends_of_a_configuration_are_asked(
    accelctl: Accelctl, source: str, target: str, tmp_path: Path
) -> None:
    first, second = (
        {"backend_type": "localfs", "backend_config": json.dumps({"dir": str(tmp_path / name)})} for name in ("a", "b")
    )
    convert(accelctl, source, target, *(f"{key}={value}" for key, value in second.items())).succeeded()
    config = accel.Config.from_dict(
        {
            "converter": {
                "driver": {"type": "nydus", "config": first},
                "profiles": [{"drivers": ["estargz", {"type": "nydus", "config": second}]}],
            }
        }
    )
    assert accel.check(source, target, config=config).equal
    chosen: dict[str, Any] = dict(first)
    with pytest.raises(accel.NotFound, match=f"nor in localfs:{tmp_path / 'a'};"):
        accel.check(source, target, config=config, **chosen)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--backend-config", "{}"), "say which kind with backend_type"),
        (("--backend-type", "ftp", "--backend-config", "{}"), "oss"),
    ],
)
def test_backends_that_cannot_be_meant_are_refused(
    accelctl: Accelctl, source: str, arguments: tuple[str, ...], message: str
) -> None:
    for command in (("check", source, source), ("inspect", source)):
        outcome = accelctl(*command, *arguments)
        assert outcome.code == 2
        assert message in outcome.error


def test_layers_larger_than_a_part(accelctl: Accelctl, store: Store, layout: Layout, target: str) -> None:
    layer = layout.add_layer([Entry("large", noise(LARGE, 3))], compression="none")
    source = layout.tag(layout.add_image([layer]), "large")
    convert(accelctl, source, target, *store.options(), "compressor=none").succeeded()
    ((key, content),) = store.objects().items()
    assert len(content) > LARGE
    assert key == store.prefix + hashlib.sha256(content).hexdigest()
    assert store.uploads() == 0
    accelctl("check", source, target, *store.flags()).succeeded()


def test_what_is_there_is_sent_again_only_when_asked_for(
    accelctl: Accelctl, store: Store, source: str, target: str
) -> None:
    convert(accelctl, source, target, *store.options()).succeeded()
    before = dict(store.objects())
    key = max(before, key=lambda name: len(before[name]))
    marked = bytes(len(before[key]))
    store.objects()[key] = marked
    accelctl("convert", source, target, "--driver", "nydus", *options(*store.options())).succeeded()
    assert store.objects()[key] == marked, "it was there with its size, so it was not sent"
    damage = accelctl("check", source, target, *store.flags())
    assert damage.code == 1, "what it holds is verified"
    convert(accelctl, source, target, *store.options(), "backend_force_push=true").succeeded()
    assert store.objects() == before


def refused(accelctl: Accelctl, store: Store, source: str, target: str, **changes: str) -> str:
    """The error of a conversion that must leave nothing."""
    outcome = convert(accelctl, source, target, *store.options(**changes))
    error = outcome.failed()
    for secret in (object_stores.SECRET, changes.get("access_key_secret", object_stores.SECRET)):
        assert secret not in outcome.stdout + outcome.stderr
    assert store.objects() == {}
    folder = target.split(":")[1]
    assert "made" not in accelctl("inspect", f"oci:{folder}:made").stdout, "no tag"
    return error


@BUCKETS
def test_wrong_credentials(accelctl: Accelctl, store: Store, source: str, target: str) -> None:
    error = refused(accelctl, store, source, target, access_key_secret="wr0ng")
    assert "answered 403" in error
    assert 'check "access_key_id" and "access_key_secret"' in error
    error = refused(accelctl, store, source, target, access_key_id="nobody")
    assert 'check "access_key_id"' in error


@BUCKETS
def test_missing_bucket(accelctl: Accelctl, store: Store, source: str, target: str) -> None:
    error = refused(accelctl, store, source, target, bucket_name="nowhere")
    assert "create the bucket" in error


@BUCKETS
def test_credentials_of_the_environment(accelctl: Accelctl, store: Store, source: str, target: str) -> None:
    config = {key: value for key, value in store.config.items() if not key.startswith("access_key")}
    given = options(f"backend_type={store.type}", f"backend_config={json.dumps(config)}")
    flags = ("--backend-type", store.type, "--backend-config", json.dumps(config))
    prefix = {"s3": "AWS", "oss": "OSS"}[store.type]
    names = {"s3": "SECRET_ACCESS_KEY", "oss": "ACCESS_KEY_SECRET"}
    environment = {
        f"{prefix}_ACCESS_KEY_ID": object_stores.KEY_ID,
        f"{prefix}_{names[store.type]}": object_stores.SECRET,
    }
    accelctl("convert", source, target, "--driver", "nydus", *given, **environment).succeeded()
    accelctl("check", source, target, *flags, **environment).succeeded()
    error = accelctl("check", source, target, *flags).error
    assert f"{prefix}_ACCESS_KEY_ID" in error


def test_an_image_of_the_format_is_taken_over_when_its_layers_are_there(
    accelctl: Accelctl, store: Store, source: str, target: str, tmp_path: Path
) -> None:
    convert(accelctl, source, target, *store.options()).succeeded()
    again = f"oci:{tmp_path / 'again'}:again"
    convert(accelctl, target, again, *store.options()).succeeded()
    assert accel.inspect(again).digest == accel.inspect(target).digest
