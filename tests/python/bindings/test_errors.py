"""One tree of errors in C++ and Python, with the same fields."""

from __future__ import annotations

import errno
import pickle
import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import accel
from accel import _errors
from accel._core import base, convert, registry
from tests.python.support.layout_server import LayoutServer

if TYPE_CHECKING:
    from tests.python.support.layout import Layout
    from tests.support.registry import Registry

HEADER = Path(__file__).parents[3] / "cpp/accel/base/error.hpp"

# Besides its parent in the tree, what a class is to code that knows nothing of accel.
ALSO = {
    "ConfigError": ValueError,
    "InvalidReference": ValueError,
    "StoreError": OSError,
    "NotFound": LookupError,
}


def tree_in_cpp() -> dict[str, str]:
    """Class → parent, as the header declares them."""
    text = HEADER.read_text(encoding="utf-8")
    return dict(re.findall(r"^class (\w+) : public (?:std::)?(\w+) \{", text, re.MULTILINE))


def tree_in_python() -> dict[str, str]:
    tree = {}
    for name in _errors.__all__:
        parent = getattr(accel, name).__bases__[0]
        tree[name] = "exception" if parent is Exception else parent.__name__
    return tree


def test_python_has_the_tree_of_the_header() -> None:
    assert tree_in_cpp() == tree_in_python()
    assert len(tree_in_cpp()) == 14


def test_classes_are_builtins_too_where_that_helps() -> None:
    for name in _errors.__all__:
        kinds = [kind for kind in (ValueError, OSError, LookupError) if issubclass(getattr(accel, name), kind)]
        assert kinds == ([ALSO[name]] if name in ALSO else []), name


@pytest.mark.parametrize("name", _errors.__all__)
def test_errors_raised_by_python_code_have_empty_fields(name: str) -> None:
    error = getattr(accel, name)("text")
    assert str(error) == "text"
    assert error.message == ""
    fields = [key for key, value in vars(type(error)).items() if isinstance(value, property)]
    assert [key for key in fields if getattr(error, key)] == []


def test_invalid_reference_has_message_and_hint() -> None:
    with pytest.raises(accel.InvalidReference) as caught:
        accel.plan("no image")
    assert caught.value.message in str(caught.value)
    assert str(caught.value).endswith(caught.value.hint)


def test_store_error_has_path_and_errno(tmp_path: Path) -> None:
    with pytest.raises(accel.StoreError) as caught:
        accel.inspect(f"oci-archive:{tmp_path}/absent.tar:x")
    assert caught.value.errno == errno.ENOENT
    assert caught.value.path == f"{tmp_path}/absent.tar"
    assert "No such file or directory" in str(caught.value)


def test_digest_mismatch_has_both_digests(layout: Layout, image: str) -> None:
    damaged = accel.open(image).layers[1]
    path = layout.blob_path(damaged.digest)
    data = bytearray(path.read_bytes())
    data[700] ^= 1
    path.write_bytes(data)
    with pytest.raises(accel.DigestMismatch) as caught:
        accel.convert(image)
    assert caught.value.expected == damaged.digest
    assert caught.value.actual != caught.value.expected
    assert caught.value.length == damaged.size


def test_format_error_has_digest_and_offset(layout: Layout) -> None:
    layer = layout.add_tar(b"no tar, but long enough for a header: " * 40)
    with pytest.raises(accel.FormatError) as caught:
        accel.convert(layout.tag(layout.add_image([layer]), "bad"))
    assert caught.value.digest == layer.descriptor["digest"]
    assert caught.value.offset == 0
    assert layer.descriptor["digest"][:19] in str(caught.value)


def test_registry_errors_have_status_code_method_and_url(registry: Registry) -> None:
    with pytest.raises(accel.NotFound) as caught:
        accel.inspect(registry.reference("absent:1"))
    error = caught.value
    assert (error.status, error.code, error.method, error.retryable) == (404, "MANIFEST_UNKNOWN", "GET", False)
    assert error.url == f"http://{registry.host}/v2/absent/manifests/1"


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        (401, accel.Unauthorized, False),
        (403, accel.Unauthorized, False),
        (404, accel.NotFound, False),
        (429, accel.RateLimited, True),
        (503, accel.RegistryError, True),
        (418, accel.RegistryError, False),
    ],
)
def test_status_decides_on_the_class(
    layout: Layout, image: str, status: int, kind: type[accel.RegistryError], retryable: bool
) -> None:
    environment = convert.Environment()
    options = registry.Options()
    options.max_attempts = 1
    environment.registry = options
    server = LayoutServer(layout)
    server.statuses["app"] = status
    with server.running(), pytest.raises(accel.RegistryError) as caught:
        convert.inspect(server.reference("app"), [], environment, base.CallHooks())
    assert type(caught.value) is kind
    assert (caught.value.status, caught.value.retryable) == (status, retryable)
    if isinstance(caught.value, accel.RateLimited):
        assert caught.value.retry_after == 7.0


def test_nobody_listening_is_unreachable() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        environment = convert.Environment()
        options = registry.Options()
        options.max_attempts = 1
        environment.registry = options
        reference = f"127.0.0.1:{bound.getsockname()[1]}/nobody:1"
        with pytest.raises(accel.Unreachable) as caught:
            convert.inspect(reference, [], environment, base.CallHooks())
    assert caught.value.status == 0
    assert caught.value.retryable


def test_writing_a_docker_archive_is_unsupported(image: str, tmp_path: Path) -> None:
    with pytest.raises(accel.UnsupportedError, match="docker-archive"):
        accel.copy(image, f"docker-archive:{tmp_path}/out.tar")


def test_errors_survive_pickling(tmp_path: Path) -> None:
    with pytest.raises(accel.StoreError) as caught:
        accel.inspect(f"oci:{tmp_path}/absent:x")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert type(copy) is accel.StoreError
    assert (str(copy), copy.path, copy.errno) == (str(caught.value), caught.value.path, caught.value.errno)
