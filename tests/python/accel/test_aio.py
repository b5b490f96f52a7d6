"""The jobs in an event loop."""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Self

import pytest

import accel
from tests.python.support.layout_server import LayoutServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.python.support.layout import Layout


def test_asyncio_is_loaded_only_for_those_who_ask() -> None:
    code = "import sys, accel\nprint('asyncio' in sys.modules, accel.aio.check, 'asyncio' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    words = done.stdout.split()
    assert (words[0], words[-1]) == ("False", "True")


def test_every_job_works(image: str, tmp_path: Path) -> None:
    async def run() -> None:
        result = await accel.aio.convert(image, driver="estargz")
        planned = accel.plan(image, driver="zstdchunked")
        await accel.aio.execute(planned, verify=True)
        report = await accel.aio.check(image, result.targets[0].reference)
        assert report.equal
        copied = await accel.aio.copy(image, f"oci:{tmp_path}/copy:x")
        assert copied.digest == (await accel.aio.open(image)).digest
        assert len((await accel.aio.inspect(image)).images) == 1

    asyncio.run(run())


@pytest.mark.parametrize("name", accel.aio.__all__)
def test_signature_and_text_are_those_of_the_blocking_namesake(name: str) -> None:
    blocking, awaitable = getattr(accel, name), getattr(accel.aio, name)
    assert inspect.signature(awaitable) == inspect.signature(blocking)
    assert awaitable.__doc__ == blocking.__doc__
    assert inspect.iscoroutinefunction(awaitable)


def test_loop_runs_meanwhile(layout: Layout, image: str) -> None:
    server = LayoutServer(layout)
    server.stalled.add(accel.open(image).layers[0].digest)

    async def run() -> None:
        job = asyncio.create_task(accel.aio.check(server.reference("app"), image))
        assert await asyncio.to_thread(server.stalling.wait, 60)
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job

    with server.running():
        asyncio.run(run())


def test_cancelling_the_task_waits_for_the_clean_up(layout: Layout, image: str, tmp_path: Path) -> None:
    server = LayoutServer(layout)
    server.stalled.add(accel.open(image).layers[0].digest)
    token = accel.CancelToken()

    async def run() -> None:
        async def cancel_twice(job: asyncio.Task[accel.ConvertResult]) -> None:
            assert await asyncio.to_thread(server.stalling.wait, 60)
            job.cancel()
            await asyncio.sleep(0)
            job.cancel()

        job = asyncio.create_task(
            accel.aio.convert(server.reference("app"), f"oci:{tmp_path}/out:x", driver="estargz", cancel=token)
        )
        _, pending = await asyncio.wait([job, asyncio.create_task(cancel_twice(job))])
        assert not pending
        assert job.cancelled()

    with server.running():
        asyncio.run(run())
    assert not token.cancelled, "the caller's token is shared with other calls"
    assert not list((tmp_path / "out").rglob("*.tmp*"))
    assert "accel_0" not in {thread.name for thread in threading.enumerate()}


def test_ctrl_c_stops_the_loop_after_the_clean_up(layout: Layout, image: str, tmp_path: Path) -> None:
    server = LayoutServer(layout)
    server.stalled.add(accel.open(image).layers[0].digest)

    def interrupt() -> None:
        assert server.stalling.wait(60)
        os.kill(os.getpid(), signal.SIGINT)

    with server.running():
        thread = threading.Thread(target=interrupt)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            asyncio.run(accel.aio.convert(server.reference("app"), f"oci:{tmp_path}/out:x", driver="estargz"))
        thread.join()
    assert not list((tmp_path / "out").rglob("*.tmp*"))


def test_own_token_cancels_too(image: str) -> None:
    token = accel.CancelToken()
    token.cancel()
    with pytest.raises(accel.Cancelled):
        asyncio.run(accel.aio.check(image, image, cancel=token))


def test_progress_comes_in_the_event_loop_and_before_the_result(image: str) -> None:
    seen: list[tuple[int, str, str]] = []

    def take(event: accel.ProgressEvent) -> None:
        seen.append((threading.get_ident(), event.kind, event.state))

    asyncio.run(accel.aio.convert(image, progress=take))
    assert {thread for thread, _, _ in seen} == {threading.get_ident()}
    assert ("convert", "done") in {(kind, state) for _, kind, state in seen}


def test_error_of_a_callback_is_raised(image: str) -> None:
    def fail(event: accel.ProgressEvent) -> None:
        raise RuntimeError("no room on screen")

    with pytest.raises(RuntimeError, match="no room on screen"):
        asyncio.run(accel.aio.convert(image, progress=fail))


def test_display_is_entered_and_left_once(image: str) -> None:
    class Display(accel.progress.Progress):
        calls: list[str] = []  # noqa: RUF012 - shared on purpose: there is one display

        def __enter__(self) -> Self:
            self.calls.append("enter")
            return self

        def __exit__(self, *error: object) -> None:
            self.calls.append("exit")

    asyncio.run(accel.aio.check(image, image, progress=Display()))
    assert Display.calls == ["enter", "exit"]


def test_errors_come_as_they_are(tmp_path: Path) -> None:
    with pytest.raises(accel.StoreError):
        asyncio.run(accel.aio.inspect(f"oci:{tmp_path}/absent:x"))
