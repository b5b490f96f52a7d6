"""The local content store from Python."""

from __future__ import annotations

import hashlib
import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import which

import pytest

import accel
from accel import units


def digest_of(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def disk_bytes(directory: Path) -> int:
    return sum(path.lstat().st_blocks for path in directory.iterdir()) * 512


def test_what_was_added_is_read_again(tmp_path: Path) -> None:
    digest = accel.Store(tmp_path / "store").add(b"\0content")
    assert digest == digest_of(b"\0content")
    store = accel.Store(tmp_path / "store", create=False)
    assert store.read(digest) == b"\0content"
    assert store.read(digest_of(b"other")) is None
    with pytest.raises(accel.FormatError):
        store.read("sha256:short")


def test_damaged_blob_is_an_error_once(tmp_path: Path) -> None:
    store = accel.Store(tmp_path)
    digest = store.add(b"content")
    (tmp_path / "blobs/sha256" / digest[7:]).write_bytes(b"CONTENT")
    with pytest.raises(accel.DigestMismatch):
        store.read(digest)
    assert store.read(digest) is None


def test_usage_agrees_with_du(tmp_path: Path) -> None:
    store = accel.Store(tmp_path)
    contents = [bytes([number]) * number * 5000 for number in range(10)]
    for content in contents:
        store.add(content)
    usage = store.usage()
    assert (usage.blobs, usage.content_bytes) == (10, sum(map(len, contents)))
    assert usage.total_bytes == usage.blob_bytes == disk_bytes(tmp_path / "blobs/sha256")
    if du := which("du"):
        files = [str(path) for path in (tmp_path / "blobs/sha256").iterdir()]
        shown = subprocess.run([du, "-c", "-B1", *files], check=True, capture_output=True, text=True).stdout
        assert shown.splitlines()[-1].split()[0] == str(usage.total_bytes)


def test_pinned_blob_stays(tmp_path: Path) -> None:
    store = accel.Store(tmp_path)
    digest = store.add(b"content")
    with store.pin(digest) as here:
        assert here
        assert store.collect(1, percent=0).pinned_blobs == 1
        assert [blob.pinned for blob in store.blobs()] == [True]
    with store.pin(digest_of(b"absent")) as here:
        assert not here
    assert store.collect(1, percent=0).evicted_blobs == 1
    assert store.blobs() == ()


def test_collect_comes_down_to_the_part(tmp_path: Path) -> None:
    store = accel.Store(tmp_path)
    for number in range(10):
        store.add(number.to_bytes(4, "big") * 10_000)
    total = store.usage().total_bytes
    assert store.collect(0).evicted_blobs == 0
    dry = store.collect(total, dry_run=True)
    assert (dry.evicted_blobs, store.usage().blobs) == (2, 10)
    assert store.collect(total).after_bytes == store.usage().total_bytes == total * 8 // 10
    assert store.collect(total, percent=accel.Store.HOURLY_PERCENT).after_bytes == total * 4 // 10
    with pytest.raises(accel.ConfigError, match="0 to 100"):
        store.collect(total, percent=101)


def test_collect_can_be_cancelled(tmp_path: Path) -> None:
    store = accel.Store(tmp_path)
    store.add(b"content")
    token = accel.CancelToken()
    token.cancel()
    with pytest.raises(accel.Cancelled):
        store.collect(1, percent=0, cancel=token)
    assert store.usage().blobs == 1


def test_threads_share_a_store(tmp_path: Path) -> None:
    store = accel.Store(tmp_path)

    def work(number: int) -> None:
        for step in range(30):
            content = bytes([step % 7]) * 20_000
            assert store.read(store.add(content)) in (content, None)
            if number == 0:
                store.collect(50_000)

    with ThreadPoolExecutor(4) as executor:
        for done in [executor.submit(work, number) for number in range(4)]:
            done.result()


@pytest.mark.skipif(which("skopeo") is None, reason="skopeo is not installed")
def test_directory_is_a_layout_to_skopeo(tmp_path: Path, image: str) -> None:
    store = accel.Store(tmp_path / "store")
    digest = store.add(b"content")
    target = f"oci:{tmp_path}/store:app"
    # accel's own layout code, too, takes the directory.
    accel.copy(image, target)
    shown = subprocess.run(["skopeo", "inspect", "--raw", target], check=True, capture_output=True, text=True).stdout
    assert json.loads(shown)["layers"]
    assert store.read(digest) == b"content"
    assert len(accel.Store(tmp_path / "store").blobs()) > 1


@pytest.mark.parametrize(("text", "count"), [("1000MB", 10**9), ("2 GiB", 2**31), ("1.5kB", 1500), ("0", 0)])
def test_sizes_are_read(text: str, count: int) -> None:
    assert units.parse_size(text) == count


def test_bad_size_is_refused() -> None:
    with pytest.raises(ValueError, match="want a size such as 1000MB or 2GiB, got 'lots'"):
        units.parse_size("lots")
