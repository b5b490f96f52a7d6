"""acceld's conversions: what crashes, kills, freezes and impatient people leave of them. Nothing is lost."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import accel
from tests.python.support.images import large_image, sample_image
from tests.support import busy
from tests.support.daemon import CONVERSIONS, Daemon, pushed, running, settings

if TYPE_CHECKING:
    from tests.python.support.layout import Layout
    from tests.support.postgresql import PostgreSQL
    from tests.support.registry import Registry


def reader(folder: Path, registry: Registry) -> accel.Config:
    return accel.Config.from_dict(settings(folder, registry))


def is_there(reference: str, config: accel.Config) -> bool:
    try:
        accel.inspect(reference, config=config)
    except accel.NotFound:
        return False
    return True


def ended(pid: int) -> bool:
    """Whether a process has ended; one that nobody has waited for yet counts."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_killed_child_costs_one_attempt(tmp_path: Path, registry: Registry, layout: Layout) -> None:
    source = pushed(registry, tmp_path, large_image(layout))
    with running(Daemon(tmp_path, settings(tmp_path, registry))) as daemon:
        task_id = daemon.ask(source)
        daemon.wait_for_work(task_id)
        (child,) = daemon.children()
        os.kill(child, signal.SIGKILL)
        daemon.wait_for(lambda: daemon.task(task_id)["state"] == "queued")
        assert "ended by SIGKILL" in daemon.task(task_id)["reason"]
        # Meanwhile the daemon goes on.
        assert daemon.wait_for_end(daemon.ask(pushed(registry, tmp_path, sample_image(layout), "2")))["state"] == "done"
        task = daemon.wait_for_end(task_id)
        assert (task["state"], task["attempt"]) == ("done", 2), task
        assert daemon.stop() == 0


def test_a_killed_daemon_loses_nothing(tmp_path: Path, registry: Registry, layout: Layout) -> None:
    config = reader(tmp_path, registry)
    large = pushed(registry, tmp_path, large_image(layout))
    small = sample_image(layout)
    sources = [pushed(registry, tmp_path, small, f"small-{number}") for number in range(5)]
    wanted = settings(tmp_path, registry, worker=1) | {"queue": {"lease": "3s"}}
    with running(Daemon(tmp_path, wanted)) as daemon:
        first = daemon.ask(large)
        daemon.wait_for_work(first)
        ids = [daemon.ask(source) for source in sources]
        (child,) = daemon.children()
        daemon.kill()  # right after the answers
        deadline = time.monotonic() + 30
        while not ended(child):
            assert time.monotonic() < deadline, "a child outlives its daemon"
            time.sleep(0.02)
        assert not is_there(f"{large}-esgz", config)
        daemon.start()
        for task_id, source in zip([first, *ids], [large, *sources], strict=True):
            task = daemon.wait_for_end(task_id)
            assert task["state"] == "done", task
            assert is_there(f"{source}-esgz", config)
        assert daemon.task(first)["attempt"] == 2
        assert daemon.stop() == 0


@pytest.mark.parametrize("to_all", [False, True])
def test_sigterm_lets_conversions_end(tmp_path: Path, registry: Registry, layout: Layout, *, to_all: bool) -> None:
    source = pushed(registry, tmp_path, large_image(layout))
    late = pushed(registry, tmp_path, sample_image(layout), "late")
    with running(Daemon(tmp_path, settings(tmp_path, registry) | {"server": {"grace": "150s"}})) as daemon:
        task_id = daemon.ask(source)
        if to_all:
            daemon.wait_for(lambda: bool(daemon.children()))  # also while a child has yet to begin
            daemon.send_to_all(signal.SIGTERM)
        else:
            daemon.wait_for_work(task_id)
            daemon.send(signal.SIGTERM)
        daemon.wait_for(lambda: daemon.http.get("/api/v1/ready").status_code == 503)
        assert daemon.http.get("/api/v1/health").text == "Ok"
        late_id = daemon.ask(late)  # what is sent meanwhile is for whoever comes next
        assert daemon.end() == 0
        assert f"task {task_id}: done" in daemon.log()
        assert is_there(f"{source}-esgz", reader(tmp_path, registry))
        daemon.start()
        assert daemon.wait_for_end(late_id)["state"] == "done"
        assert daemon.stop() == 0


@pytest.mark.parametrize("how", ["the grace ends", "a second signal"])
def test_what_does_not_end_in_time_is_handed_back(tmp_path: Path, registry: Registry, layout: Layout, how: str) -> None:
    source = pushed(registry, tmp_path, large_image(layout))
    impatient = how == "a second signal"
    wanted = settings(tmp_path, registry) | {"server": {"grace": "1h" if impatient else "0s"}}
    with running(Daemon(tmp_path, wanted)) as daemon:
        task_id = daemon.ask(source)
        daemon.wait_for_work(task_id)
        daemon.send(signal.SIGTERM)
        if impatient:
            daemon.wait_for(lambda: "SIGTERM: no new work" in daemon.log())
            daemon.send(signal.SIGINT)
        assert daemon.end() == 0
        assert f"task {task_id}: handed back, queued" in daemon.log()
        assert not is_there(f"{source}-esgz", reader(tmp_path, registry))
        daemon.start()
        task = daemon.wait_for_end(task_id)
        assert (task["state"], task["attempt"]) == ("done", 1), task
        assert daemon.stop() == 0


def test_as_many_conversions_run_as_there_are_workers(tmp_path: Path, registry: Registry, layout: Layout) -> None:
    sources = [pushed(registry, tmp_path, large_image(layout, number, 8 << 20), str(number)) for number in range(5)]
    with running(Daemon(tmp_path, settings(tmp_path, registry, worker=2))) as daemon:
        seen: set[int] = set()
        stop = threading.Event()

        def watch() -> None:
            while not stop.wait(0.02):
                seen.add(len(daemon.children()))

        def wait_for_image(source: str) -> int:
            return daemon.http.post(f"{CONVERSIONS}?sync=true", json={"source": source}, timeout=180).status_code

        watcher = threading.Thread(target=watch)
        watcher.start()
        with ThreadPoolExecutor(len(sources)) as clients:
            assert list(clients.map(wait_for_image, sources)) == [200] * len(sources)
        stop.set()
        watcher.join()
        assert max(seen) == 2
        assert daemon.stop() == 0


def test_fewer_and_more_workers_after_sighup(tmp_path: Path, registry: Registry, layout: Layout) -> None:
    sources = [pushed(registry, tmp_path, large_image(layout, number, 32 << 20), str(number)) for number in range(4)]
    with running(Daemon(tmp_path, settings(tmp_path, registry, worker=1))) as daemon:
        ids = [daemon.ask(source) for source in sources]
        daemon.wait_for(lambda: len(daemon.children()) == 1)
        daemon.settings["converter"]["worker"] = 2
        daemon.write_settings()
        daemon.send(signal.SIGHUP)
        daemon.wait_for(lambda: len(daemon.children()) == 2)
        assert {daemon.wait_for_end(task_id)["state"] for task_id in ids} == {"done"}
        assert daemon.stop() == 0


def test_cancel_stops_a_conversion_within_a_second(tmp_path: Path, registry: Registry, layout: Layout) -> None:
    source = pushed(registry, tmp_path, large_image(layout))
    with running(Daemon(tmp_path, settings(tmp_path, registry))) as daemon:
        task_id = daemon.ask(source)
        daemon.wait_for_work(task_id)
        asked = time.monotonic()
        assert daemon.http.delete(f"{CONVERSIONS}/{task_id}").status_code == 200
        daemon.wait_for(lambda: daemon.task(task_id)["state"] == "cancelled")
        # A second for the work to stop, and one for processes and API to show it.
        assert time.monotonic() - asked < busy.seconds(2.0)
        assert not is_there(f"{source}-esgz", reader(tmp_path, registry))
        assert daemon.stop() == 0


def test_a_conversion_over_its_memory_ends_alone(tmp_path: Path, registry: Registry, layout: Layout) -> None:
    source = pushed(registry, tmp_path, sample_image(layout))
    with running(Daemon(tmp_path, settings(tmp_path, registry, worker_memory="8MiB"))) as daemon:
        task = daemon.wait_for_end(daemon.ask(source))
        assert (task["state"], task["attempt"]) == ("failed", 1), task
        assert "converter.worker_memory" in task["reason"]
        daemon.settings["converter"]["worker_memory"] = "2GiB"
        daemon.write_settings()
        daemon.send(signal.SIGHUP)
        daemon.wait_for(lambda: "was read again" in daemon.log())
        assert daemon.wait_for_end(daemon.ask(source))["state"] == "done"
        assert daemon.stop() == 0


def processor_time(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_a_frozen_daemon_s_child_writes_no_tag(
    tmp_path: Path, registry: Registry, layout: Layout, postgresql: PostgreSQL
) -> None:
    source = pushed(registry, tmp_path, large_image(layout))
    config = reader(tmp_path, registry)
    wanted: dict[str, Any] = settings(tmp_path, registry) | {"queue": {"lease": "3s", "url": postgresql.new_database()}}
    with running(Daemon(tmp_path / "frozen", wanted)) as frozen:
        task_id = frozen.ask(source)
        frozen.wait_for_work(task_id)
        (child,) = frozen.children()
        frozen.send(signal.SIGSTOP)
        # The child goes on by itself until it has to ask.
        before = -1
        while processor_time(child) != before:
            before = processor_time(child)
            time.sleep(2)
        assert not ended(child)
        assert not is_there(f"{source}-esgz", config)
        with running(Daemon(tmp_path / "other", wanted)) as other:
            task = other.wait_for_end(task_id)
            assert (task["state"], task["attempt"]) == ("done", 2), task
            made = accel.inspect(f"{source}-esgz", config=config).digest
            # Somebody moves the tag meanwhile: it must not be moved back.
            accel.copy(source, f"{source}-esgz", config=config)
            frozen.send(signal.SIGCONT)
            frozen.wait_for(lambda: f"task {task_id}: lost" in frozen.log())
            assert accel.inspect(f"{source}-esgz", config=config).digest != made
            assert frozen.task(task_id)["state"] == "done"
            assert other.stop() == 0
        assert frozen.stop() == 0
