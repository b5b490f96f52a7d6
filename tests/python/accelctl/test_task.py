"""`accelctl task` against the API as acceld serves it: what is printed, and how it ends when something is wrong."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from accelctl import task_table
from accelctl.acceld_client import Address
from acceld.tasks.history import LogLine
from acceld.tasks.model import Failure, NewTask, SkippedEvent, State
from tests.python.acceld.http.conftest import make, serving  # noqa: F401 - `make` is a fixture
from tests.python.conftest import Outcome
from tests.support.registry import Certificate, free_port

if TYPE_CHECKING:
    from pathlib import Path

    from tests.python.acceld.http.conftest import Make, Parts

Accelctl = Callable[..., Outcome]
Task = Callable[..., Outcome]

PATIENCE = 90.0  # seconds; a busy machine needs some
NOBODY = "00000000-0000-4000-8000-000000000000"


def new(source: str = "h.io/app:1", **more: Any) -> NewTask:
    return NewTask(kind="convert", key=f"convert {source}", lane="h.io", source=source, profile="default", **more)


def put(parts: Parts, source: str = "h.io/app:1", **more: Any) -> str:
    return parts.queue.put([new(source, **more)])[0].task_id


def ended(parts: Parts, source: str, error: str = "", **result: Any) -> str:
    """A task that ended well or, with `error`, badly."""
    task_id = put(parts, source, priority=1)
    claim = parts.queue.take("worker")
    assert claim
    assert claim.id == task_id
    if error:
        parts.queue.fail(claim, Failure(error))
    else:
        parts.queue.done(claim, result)
    return task_id


@pytest.fixture
def parts(make: Make) -> Parts:  # noqa: F811 - the fixture
    return make()


@pytest.fixture
def task(parts: Parts, accelctl: Accelctl) -> Iterator[Task]:
    """Runs `accelctl task` against the app of `parts`."""
    with serving(parts.app) as port:
        yield lambda *words, **environment: accelctl(
            "task", *words, **{"ACCELD_ADDR": f"127.0.0.1:{port}", **environment}
        )


def test_list_is_what_the_reference_prints() -> None:
    identity, created = "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed", "2024-03-01T09:10:11.5Z"
    rows = [
        (identity, "FAILED", "h/a:1", "no"),
        (identity, "PROCESSING", "h/a:12é☃", ""),
        ("x", "COMPLETED", "registry.example:5000/a/b:1234567", "ü"),
    ]
    tasks = [
        {"id": name, "created": created, "status": status, "source": source, "reason": reason}
        for name, status, source, reason in rows
    ]
    # The output of Go's text/tabwriter with the reference's settings for the same cells.
    assert task_table.lines(tasks) == [
        "ID\t\t\t\t\tCREATED\t\t\tSTATUS\t\tSOURCE\t\t\t\t\tREASON",
        f"{identity}\t2024-03-01 09:10:11\tFAILED\t\th/a:1\t\t\t\t\tno",
        f"{identity}\t2024-03-01 09:10:11\tPROCESSING\th/a:12é☃\t\t\t\t",
        "x\t\t\t\t\t2024-03-01 09:10:11\tCOMPLETED\tregistry.example:5000/a/b:1234567\tü",
    ]
    assert task_table.lines([]) == ["ID\tCREATED\tSTATUS\tSOURCE\tREASON"]


def test_long_texts_are_cut_as_the_reference_cuts_them_and_hostile_ones_stay_on_their_line() -> None:
    (_, line) = task_table.lines([{"id": "i", "source": "s" * 81, "reason": "r" * 79 + "é\x1b[2J"}])
    assert line.split("\t")[-2:] == ["s" * 80 + "...", "r" * 79 + "..."]
    (_, line) = task_table.lines([{"id": "i", "source": "s" * 80, "reason": "a\nb\tc\x1b[2J"}])
    assert line.endswith("s" * 80 + "\t" + "a?b?c?[2J")


@pytest.mark.parametrize(
    ("text", "host", "port", "tls", "path"),
    [
        ("localhost:2077", "localhost", 2077, False, ""),
        ("acceld.example", "acceld.example", 2077, False, ""),
        ("[::1]:99", "::1", 99, False, ""),
        ("http://a.example", "a.example", 80, False, ""),
        ("https://a.example/", "a.example", 443, True, ""),
        ("https://a.example:2077", "a.example", 2077, True, ""),
        ("unix:/run/acceld.sock", "localhost", 2077, False, "/run/acceld.sock"),
        ("unix:///run/acceld.sock", "localhost", 2077, False, "/run/acceld.sock"),
    ],
)
def test_addresses(text: str, host: str, port: int, tls: bool, path: str) -> None:
    assert Address.parse(text) == Address(text, host, port, tls, path)


@pytest.mark.parametrize("text", ["", "a b", "unix:", "ftp://a", "http://", "http://a/path", "a:99999", "u@a:1"])
def test_what_is_no_address_is_wrong_usage(accelctl: Accelctl, text: str) -> None:
    with pytest.raises(ValueError, match="is no address of acceld"):
        Address.parse(text)
    if text:
        outcome = accelctl("task", "--addr", text, "list")
        assert (outcome.code, "is no address of acceld" in outcome.error) == (2, True)


def test_list_filters_pages_and_says_when_there_is_more(parts: Parts, task: Task) -> None:
    parts.queue.put([new(f"h.io/app:{number}") for number in range(1001)])
    ended(parts, "h.io/broken:1", "a reason")
    parts.queue.put([], [SkippedEvent("h.io/app:sig", "h.io", "a signature")])
    outcome = task("list")
    assert (outcome.code, len(outcome.stdout.splitlines())) == (0, 101)
    assert outcome.stderr == "note: there are more; --limit shows more than 100\n"
    everything = json.loads(task("ls", "--limit", "5000", "--all", "--output", "json").stdout)
    assert (len(everything["tasks"]), everything["more"]) == (1003, False)
    failed = json.loads(task("list", "--state", "failed", "--output", "json").stdout)["tasks"]
    assert [(one["source"], one["reason"]) for one in failed] == [("h.io/broken:1", "a reason")]
    for option, value, count in (("--registry", "h.io", 2), ("--registry", "x.io", 0), ("--profile", "x", 0)):
        found = json.loads(task("list", option, value, "--limit", "2", "--output", "json").stdout)
        assert len(found["tasks"]) == count
    assert len(json.loads(task("list", "--source", "app:100", "--output", "json").stdout)["tasks"]) == 2


def test_create_says_which_task_it_is(parts: Parts, task: Task) -> None:
    wishes = ("--driver", "estargz", "--option", "compression_level=1", "--target", "h.io/b:1")
    outcome = task("create", "h.io/app:1", *wishes, "--priority", "7", "--platform", "linux/amd64", "--output", "json")
    assert outcome.code == 0
    (found,) = parts.history.page().tasks
    assert json.loads(outcome.stdout) == {"id": found.id, "source": "h.io/app:1"}
    assert f"note: task {found.id} is accepted" in outcome.stderr
    assert found.priority == 7
    assert found.arguments == {
        "sender": "plain",
        "drivers": ["estargz"],
        "options": {"compression_level": "1"},
        "platforms": ["linux/amd64"],
        "target": "h.io/b:1",
    }
    plain = task("create", "h.io/app:2")
    assert (plain.code, plain.stdout) == (0, "")  # as the reference


def test_create_without_work_says_where_the_reason_is(task: Task) -> None:
    outcome = task("create", "h.io/app:1-nydus")
    assert outcome.code == 0
    assert "needs no work" in outcome.stderr
    assert task("list").stdout.count("\n") == 1
    assert "already ends with -nydus" in task("list", "--all").stdout


@pytest.mark.parametrize("option", ["--sync", "--watch"])
def test_create_that_waits_ends_as_the_task_does(parts: Parts, task: Task, option: str) -> None:
    def work(error: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not (claim := parts.queue.take("worker")):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        parts.queue.fail(claim, Failure(error)) if error else parts.queue.done(claim, {"targets": []})

    for error, code in (("it does not work", 1), ("", 0)):
        worker = threading.Thread(target=work, args=(error,))
        worker.start()
        outcome = task("create", option, "h.io/app:1", "--output", "json")
        worker.join()
        assert outcome.code == code, outcome
        document = json.loads(outcome.stdout)
        assert document["state"] == ("failed" if error else "done")
        if error:
            assert outcome.error == f"task {document['id']}: h.io/app:1: it does not work"


def test_get_log_cancel_and_retry(parts: Parts, task: Task) -> None:
    target = {"driver": "nydus", "reference": "h.io/app:1-nydus", "digest": "sha256:ab", "size": 12_000_000}
    done = ended(parts, "h.io/app:1", targets=[target])
    shown = task("get", done).stdout
    assert "h.io/app:1-nydus@sha256:ab 12.0 MB" in shown
    assert json.loads(task("get", done, "--output", "json").stdout)["result"] == {"targets": [target]}
    number = parts.history.get(done).number
    parts.history.append_log(number, [LogLine("info", "first"), LogLine("warning", "second\x1b[2J")])
    text = task("log", done).stdout
    assert [line.split(maxsplit=2)[2] for line in text.splitlines()] == ["info    first", "warning second?[2J"]
    lines = json.loads(task("log", done, "--output", "json").stdout)["lines"]
    assert [line["message"] for line in lines] == ["first", "second\x1b[2J"]
    waiting = put(parts, "h.io/other:1")
    assert "cancelled" in task("cancel", waiting).stdout
    again = task("cancel", waiting, "--output", "json")
    assert json.loads(again.stdout)["state"] == "cancelled"
    assert "had ended before: done" in task("cancel", done).stderr
    assert json.loads(task("retry", waiting, "--output", "json").stdout)["state"] == "queued"
    assert parts.history.get(waiting).state is State.QUEUED


def test_log_follows_until_the_end(parts: Parts, task: Task) -> None:
    task_id = put(parts)
    claim = parts.queue.take("worker")
    assert claim
    parts.history.append_log(claim.task.number, [LogLine("info", "before")])

    def work() -> None:
        time.sleep(1.5)  # what comes later is found later, whenever that is
        parts.history.append_log(claim.task.number, [LogLine("info", "after")])
        parts.queue.done(claim)

    worker = threading.Thread(target=work)
    worker.start()
    outcome = task("log", "--follow", "--output", "json", task_id)
    worker.join()
    assert outcome.code == 0
    assert [json.loads(line)["message"] for line in outcome.stdout.splitlines()] == ["before", "after"]


def test_watch_shows_changes_and_ends_as_the_task_does(parts: Parts, task: Task) -> None:
    failed = ended(parts, "h.io/app:1", "boom")
    outcome = task("watch", failed)
    assert (outcome.code, outcome.error) == (1, f"task {failed}: h.io/app:1: boom")
    assert outcome.stderr.startswith("note: h.io/app:1 failed: boom\n")
    done = ended(parts, "h.io/app:2", targets=[])
    outcome = task("watch", done, "--progress", "json", "--output", "json")
    events = [json.loads(line) for line in outcome.stderr.splitlines()]
    assert [event["state"] for event in events] == ["done"]
    assert json.loads(outcome.stdout) == events[-1]
    cancelled = put(parts, "h.io/app:3")
    parts.queue.cancel(cancelled)
    outcome = task("watch", cancelled, "--progress", "none")
    assert (outcome.code, outcome.error) == (1, f"task {cancelled}: h.io/app:3: cancelled")


@contextlib.contextmanager
def begun(port: int, *words: str) -> Iterator[subprocess.Popen[str]]:
    """accelctl while it runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "accelctl", "task", *words],
        env={**os.environ, "ACCELD_ADDR": f"127.0.0.1:{port}", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_watch_goes_on_over_a_restart(parts: Parts) -> None:
    task_id = put(parts)
    port = free_port()
    with contextlib.ExitStack() as stack:
        with serving(parts.app, port=port):
            process = stack.enter_context(begun(port, "watch", task_id))
            assert process.stderr
            assert process.stderr.readline() == "note: h.io/app:1 queued\n"
            parts.draining.set()
        line = process.stderr.readline()
        assert line.startswith(f"note: no acceld at 127.0.0.1:{port}"), line
        assert "trying again for 30 s" in line
        parts.draining.clear()
        claim = parts.queue.take("worker")
        assert claim
        parts.queue.done(claim, {})
        with serving(parts.app, port=port):
            _, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (0, f"note: h.io/app:1 done\nnote: task {task_id} is done\n")


def test_list_watch_prints_a_line_for_each_change(parts: Parts) -> None:
    with serving(parts.app) as port:
        first = put(parts, "h.io/app:1")
        with begun(port, "list", "--watch") as process:
            assert process.stdout
            assert process.stdout.readline() == f"{first}  queued     h.io/app:1\n"
            claim = parts.queue.take("worker")
            assert claim
            assert process.stdout.readline() == f"{first}  running    h.io/app:1\n"
            parts.queue.done(claim, {})
            assert process.stdout.readline() == f"{first}  gone\n"
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=PATIENCE)
        assert (process.returncode, errors) == (130, "error: interrupted; what acceld was asked to do goes on\n")


@pytest.mark.parametrize("command", ["get", "cancel", "retry", "log", "watch"])
def test_a_task_that_is_not_there(task: Task, command: str) -> None:
    outcome = task(command, NOBODY)
    assert outcome.code == 1
    assert outcome.error.startswith(f"there is no task {NOBODY}")
    assert task(command, "../../openapi.json").code == 1


def test_what_the_daemon_refuses_is_said_as_it_says_it(task: Task) -> None:
    outcome = task("create", "h.io/app:1", "--platform", "vax")
    assert (outcome.code, "vax" in outcome.error) == (1, True)
    outcome = task("backfill", "x.io/**")
    assert (outcome.code, "no registry of provider.source fits" in outcome.error) == (1, True)


def test_tokens(make: Make, accelctl: Accelctl, tmp_path: Path) -> None:  # noqa: F811 - the fixture
    parts = make(server={"token": "secret"})
    (tmp_path / "token").write_text("secret\n", encoding="utf-8")
    with serving(parts.app) as port:
        address = ("--addr", f"127.0.0.1:{port}")
        assert "wants a token" in accelctl("task", *address, "list").error
        wrong = accelctl("task", *address, "list", "--token", "guess")
        assert (wrong.code, "does not take this token" in wrong.error) == (1, True)
        assert accelctl("task", *address, "list", "--token", "secret").code == 0
        assert accelctl("task", "list", *address, "--token-file", "token").code == 0
        assert accelctl("task", *address, "list", ACCELD_TOKEN="secret").code == 0
        # After the command's name wins over before it.
        assert accelctl("task", "--token", "guess", "list", *address, "--token", "secret").code == 0
    both = accelctl("task", "list", "--token", "a", "--token-file", "b")
    assert (both.code, both.error) == (2, "give --token or --token-file, not both")
    assert accelctl("task", "list", "--token-file", "absent").code == 2
    assert accelctl("task", "list", "--token", "a\nb").code == 2


def test_a_unix_socket_and_tls(parts: Parts, accelctl: Accelctl, tmp_path: Path) -> None:
    with serving(parts.app, uds=str(tmp_path / "s")):
        assert accelctl("task", "--addr", f"unix:{tmp_path}/s", "list").code == 0
    certificate = Certificate.make(tmp_path)
    files = {"ssl_certfile": str(certificate.certificate), "ssl_keyfile": str(certificate.key)}
    with serving(parts.app, **files) as port:
        address = ("--addr", f"https://localhost:{port}")
        distrusted = accelctl("task", *address, "list")
        assert (distrusted.code, "give its CA as --ca-file" in distrusted.error) == (1, True)
        assert accelctl("task", *address, "--ca-file", str(certificate.certificate), "list").code == 0
        plain = accelctl("task", "--addr", f"localhost:{port}", "list")
        assert (plain.code, "https://" in plain.error) == (1, True)
    with serving(parts.app) as port:
        outcome = accelctl("task", "--addr", f"https://localhost:{port}", "list")
        assert (outcome.code, "does not speak TLS" in outcome.error) == (1, True)


def test_nobody_is_there(accelctl: Accelctl, tmp_path: Path) -> None:
    for address in (f"127.0.0.1:{free_port()}", f"unix:{tmp_path}/absent"):
        outcome = accelctl("task", "--addr", address, "list")
        assert outcome.code == 1
        assert outcome.error.startswith(f"no acceld at {address}: ")
        assert "--addr or ACCELD_ADDR" in outcome.error


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", "not as acceld does (no JSON)"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "not as acceld does (a list was wanted)"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "not as acceld does (404 Not Found)"),
        (b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\n[]", "not as acceld does (500 No)"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[", "does not answer as acceld does"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "does not answer as acceld does"),
        (b"", "does not answer as acceld does"),
    ],
)
def test_somebody_else_is_there(accelctl: Accelctl, reply: bytes, said: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with contextlib.suppress(OSError):
                connection, _ = server.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(reply)

        thread = threading.Thread(target=answer)
        thread.start()
        outcome = accelctl("task", "--addr", f"127.0.0.1:{server.getsockname()[1]}", "list")
        thread.join(PATIENCE)
    assert outcome.code == 1
    assert said in outcome.error


def test_a_daemon_that_does_not_answer_is_not_waited_for_for_ever(accelctl: Accelctl) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        outcome = accelctl("task", "--addr", address, "--timeout", "0.5", "list")
    assert (outcome.code, "it takes too long" in outcome.error) == (1, True)
