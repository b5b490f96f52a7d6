"""Workers with a real registry: tasks become images, and each ends once whatever happens to its process."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import accel
from acceld.events import parse
from acceld.events.skip import SkipRules
from acceld.intake import take_in
from acceld.tasks.db import open_database
from acceld.tasks.history import History
from acceld.tasks.model import NewTask, State, Task
from acceld.tasks.queue import Queue
from acceld.tasks.settings import make_queue, queue_url
from acceld.workers.pool import WorkerPool
from acceld.workers.run import NICENESS
from tests.python.support.images import large_image
from tests.python.support.layout import Entry, Layer, Layout
from tests.support import busy
from tests.support.registry import Registry
from tests.support.registry_api import Repository

PATIENCE = 180.0  # seconds; a busy machine needs some


def settings(folder: Path, registry: Registry, **converter: Any) -> accel.Config:
    return accel.Config.from_dict(
        {
            "provider": {"source": {registry.host: {"plain_http": True}}, "work_dir": str(folder)},
            "queue": {"lease": "30s"},
            "converter": {"worker": 2, "driver": "estargz", "rules": [{"tag_suffix": "-esgz"}], **converter},
        }
    )


class Service:
    """A queue with its workers."""

    def __init__(self, config: accel.Config) -> None:
        self.config = config
        self.database = open_database(queue_url(config))
        self.queue: Queue = make_queue(config, self.database)
        self.history = History(self.database)
        self.pool = self.new_pool()

    def new_pool(self) -> WorkerPool:
        return WorkerPool(self.queue, self.history, self.config)

    def ask(self, body: str) -> str:
        """What the HTTP side does with a body that makes one task; gives its id."""
        (event,) = parse(body.encode(), {})
        new = take_in(event, self.config, SkipRules.of(self.config))
        assert isinstance(new, NewTask), new
        (ticket,) = self.queue.put([new])
        return ticket.task_id

    def convert(self, source: str) -> str:
        return self.ask(f'{{"source": "{source}"}}')

    def pushed(self, source: str, digest: str) -> str:
        resource = f'{{"resource_url": "{source}", "digest": "{digest}"}}'
        return self.ask(f'{{"type": "PUSH_ARTIFACT", "event_data": {{"resources": [{resource}]}}}}')

    def wait(self, task_id: str, wanted: Callable[[Task], bool] = lambda task: task.finished is not None) -> Task:
        deadline = time.monotonic() + PATIENCE
        while not wanted(task := self.history.get(task_id)):
            assert time.monotonic() < deadline, task
            time.sleep(0.05)
        return task

    def wait_for_child(self, task_id: str) -> int:
        """Until the child has begun to convert; gives its process id."""
        self.wait(task_id, lambda task: task.state is State.RUNNING)
        deadline = time.monotonic() + PATIENCE
        while not any(run.progress for run in self.pool._active()):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return self.pool.pids[0]


@pytest.fixture
def service(tmp_path: Path, registry: Registry) -> Iterator[Service]:
    made = Service(settings(tmp_path, registry))
    yield made
    made.pool.stop(0.0)
    made.database.close()


@pytest.fixture
def push(registry: Registry, tmp_path: Path) -> Callable[[str, str], str]:
    """Puts an image under a name of this test; gives its reference."""
    repository = tmp_path.name.replace("_", "-").lower()

    def run(location: str, tag: str) -> str:
        reference = registry.reference(f"{repository}/app:{tag}")
        accel.copy(location, reference, config=settings(tmp_path, registry))
        return reference

    return run


Push = Callable[[str, str], str]


def test_a_webhook_becomes_an_image_under_the_right_tag(service: Service, push: Push, image: str) -> None:
    source = push(image, "1")
    digest = accel.inspect(source, config=service.config).digest
    service.pool.start()
    task = service.wait(service.pushed(source, digest))
    assert (task.state, task.attempt) == (State.DONE, 1), task
    (target,) = task.result["targets"]
    assert target["reference"] == f"{source}-esgz"
    assert task.result["source"]["digest"] == digest
    assert task.result["elapsed"]["total"] > 0
    assert accel.inspect(f"{source}-esgz", config=service.config).digest == target["digest"]
    assert accel.check(source, f"{source}-esgz", config=service.config).equal


def test_what_needs_no_work_ends_with_the_reason(service: Service, push: Push, image: str, layout: Layout) -> None:
    source = push(image, "1")
    old = accel.inspect(source, config=service.config).digest
    plain = layout.add_layer([Entry("file")])
    signed = Layer({**plain.descriptor, "mediaType": "application/vnd.dev.cosign.simplesigning.v1+json"}, plain.diff_id)
    signature = layout.tag(layout.add_image([signed]), "signature")
    late = service.pushed(source, old)
    assert push(layout.tag(layout.add_image([layout.add_layer([Entry("new")])]), "new"), "1") == source
    signing = service.convert(push(signature, "signature"))
    service.pool.start()
    task = service.wait(late)
    assert task.state is State.DONE
    assert task.result["skipped"].startswith(f"superseded: {source} is sha256:")
    task = service.wait(signing)
    assert (task.state, task.result) == (State.DONE, {"skipped": "a signature, not an image to convert"}), task


def test_what_is_no_image_at_all_ends_with_the_reason(service: Service, registry: Registry) -> None:
    Repository(registry, "charts/demo").put_chart("1.0.0")
    service.pool.start()
    task = service.wait(service.convert(registry.reference("charts/demo:1.0.0")))
    assert (task.state, task.result) == (State.DONE, {"skipped": "a Helm chart, not an image to convert"}), task


def test_what_cannot_pass_is_not_tried_again(service: Service, registry: Registry) -> None:
    service.pool.start()
    task = service.wait(service.convert(registry.reference("nobody/has-this:1")))
    assert (task.state, task.attempt) == (State.FAILED, 1), task
    assert "nobody/has-this" in task.error


def test_cancel_stops_the_native_work_within_a_second(service: Service, push: Push, layout: Layout) -> None:
    source = push(large_image(layout), "1")
    service.pool.start()
    task_id = service.convert(source)
    service.wait_for_child(task_id)
    asked = time.monotonic()
    service.queue.cancel(task_id)
    assert service.wait(task_id).state is State.CANCELLED
    # A second for the work to stop, and one for process and database to end it.
    assert time.monotonic() - asked < busy.seconds(2.0)
    with pytest.raises(accel.NotFound):
        accel.inspect(f"{source}-esgz", config=service.config)


def test_a_child_that_is_killed_costs_an_attempt_and_not_the_daemon(
    service: Service, push: Push, layout: Layout
) -> None:
    source = push(large_image(layout, size=32 << 20), "1")
    service.pool.start()
    task_id = service.convert(source)
    os.kill(service.wait_for_child(task_id), signal.SIGKILL)
    waiting = service.wait(task_id, lambda task: task.state is not State.RUNNING)
    assert waiting.state is State.QUEUED, waiting
    assert "SIGKILL" in waiting.error
    task = service.wait(task_id)
    assert (task.state, task.attempt) == (State.DONE, 2), task


def test_a_pool_that_stops_hands_back_what_runs(service: Service, push: Push, layout: Layout) -> None:
    source = push(large_image(layout, size=32 << 20), "1")
    service.pool.start()
    task_id = service.convert(source)
    child = service.wait_for_child(task_id)
    assert os.getpriority(os.PRIO_PROCESS, child) == os.getpriority(os.PRIO_PROCESS, 0) + NICENESS
    service.pool.stop(0.0)
    task = service.history.get(task_id)
    assert (task.state, task.attempt) == (State.QUEUED, 0), task
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    service.pool = service.new_pool()
    service.pool.start()
    service.wait_for_child(task_id)
    service.pool.stop(PATIENCE)
    assert service.history.get(task_id).state is State.DONE


def test_as_many_tasks_run_as_there_are_workers(service: Service, push: Push, layout: Layout) -> None:
    image = large_image(layout, size=4 << 20)
    sources = [push(image, str(number)) for number in range(5)]
    service.pool.start()
    ids = [service.convert(source) for source in sources]
    seen = set()
    while any(service.history.get(task_id).finished is None for task_id in ids):
        seen.add(service.pool.running)
        time.sleep(0.02)
    assert max(seen) == service.config.converter.worker
    ended = [service.history.get(task_id) for task_id in ids]
    assert {task.state for task in ended} == {State.DONE}, [task.error for task in ended]


def test_a_task_over_its_memory_fails_at_once(tmp_path: Path, registry: Registry, push: Push, image: str) -> None:
    service = Service(settings(tmp_path, registry, worker_memory="8MiB"))
    service.pool.start()
    try:
        task = service.wait(service.convert(push(image, "1")))
    finally:
        service.pool.stop(0.0)
        service.database.close()
    assert (task.state, task.attempt) == (State.FAILED, 1), task
    assert "converter.worker_memory" in task.error


def test_the_log_of_a_task_names_source_and_target(service: Service, push: Push, image: str) -> None:
    source = push(image, "told")
    service.pool.start()
    task_id = service.convert(source)
    ended = service.wait(task_id)
    messages = [line.message for line in service.history.log(task_id)]
    (target,) = ended.result["targets"]
    assert messages[0] == f"{source} is {ended.result['source']['digest']}"
    assert messages[-1].startswith(f"estargz: {target['reference']} is {target['digest']}, ")
