"""Nothing stays behind: objects, threads, descriptors, modules."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from pathlib import Path

import pytest

import accel
from accel._core import base, convert, oci


def count_entries(folder: str) -> int:
    return sum(1 for _ in Path(folder).iterdir())


class Callback:
    """A progress callback that can be watched."""

    def __call__(self, event: accel.ProgressEvent) -> None:
        """Takes an event."""


def test_callback_is_released_after_the_call(image: str) -> None:
    callback = Callback()
    watch = weakref.ref(callback)
    accel.check(image, image, progress=callback)
    del callback
    gc.collect()
    assert watch() is None


def test_callback_is_released_after_an_error(tmp_path: Path) -> None:
    callback = Callback()
    watch = weakref.ref(callback)
    with pytest.raises(accel.StoreError):
        accel.check(f"oci:{tmp_path}/absent:x", f"oci:{tmp_path}/absent:y", progress=callback)
    del callback
    gc.collect()
    assert watch() is None


def test_token_is_released_after_the_call(image: str) -> None:
    token = accel.CancelToken()
    before = sys.getrefcount(token)
    accel.check(image, image, cancel=token)
    gc.collect()
    assert sys.getrefcount(token) == before


def test_repeated_calls_leave_no_objects_threads_or_descriptors(image: str, tmp_path: Path) -> None:
    def once() -> None:
        events: list[accel.ProgressEvent] = []
        accel.check(image, image, progress=events.append)
        list(accel.open(image).files())
        with pytest.raises(accel.StoreError):
            accel.inspect(f"oci:{tmp_path}/absent:x")

    def count() -> tuple[int, int, int]:
        gc.collect()
        return len(gc.get_objects()), count_entries("/proc/self/task"), count_entries("/proc/self/fd")

    for _ in range(5):
        once()
    objects, threads, descriptors = count()
    for _ in range(20):
        once()
    objects_after, threads_after, descriptors_after = count()
    assert objects_after - objects < 40, "objects grow with the number of calls"
    assert (threads_after, descriptors_after) == (threads, descriptors)


def test_listing_keeps_its_entries_while_it_is_iterated(image: str) -> None:
    iterator = iter(convert.list_files(image, oci.host_platform(), convert.Environment(), base.CallHooks()))
    gc.collect()
    assert [entry.path for entry in iterator][:2] == ["", "bin"]


def test_import_says_nothing_and_pulls_in_no_service_or_settings_packages() -> None:
    code = "import sys, accel; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not done.stderr
    assert not {"pydantic", "yaml", "rich", "click", "IPython"} & set(done.stdout.split())
