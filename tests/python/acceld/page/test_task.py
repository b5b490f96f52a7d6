"""One task as a person sees it, what may be done with it, and what strangers may write into it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from selenium.common.exceptions import JavascriptException
from selenium.webdriver.common.by import By

from acceld.tasks.history import LogLine
from acceld.tasks.model import Failure, NewTask, State
from tests.python.acceld.page.conftest import Page, Worker, look
from tests.python.acceld.page.sample_tasks import digest_of, fill
from tests.python.acceld.page.test_list import ROWS, put

Start = Callable[..., Page]
TOKEN = "a-secret"
READ_ONLY = {"server": {"token": TOKEN, "anonymous_read": True}}
HOSTILE = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"


def show_token(shown: Page, token: str) -> None:
    shown.one("#token").clear()
    shown.one("#token").send_keys(token)
    shown.click("#token-dialog button[type=submit]")


def test_a_running_task_is_shown_layer_by_layer_until_it_is_done(page: Start) -> None:
    shown = page()
    (task_id,) = put(shown.parts, "h.io/team/app:1")
    worker = Worker(shown.parts)
    shown.open(f"?task={task_id}")
    shown.until_text(".badge", "Running")
    layers = [{"digest": digest_of(name), "pull": [100, 200], "push": [0, 0]} for name in "abc"]
    worker.report(total=600, pull=300, convert=700, layers=layers)
    shown.until(lambda: len(shown.all(".progress .layers tbody tr")) == 3)
    shown.until_text(".amounts", "read 300 B of 600 B · converted 700 B")
    assert shown.all(".progress > [role=progressbar]")[0].get_attribute("aria-valuenow") == "50"
    shown.parts.history.append_log(worker.claim.task.number, [LogLine("warning", "the registry is slow")])
    shown.until_text(".lines", "the registry is slow")
    made: dict[str, Any] = {"platform": "linux/amd64", "source": digest_of("a"), "target": digest_of("b")}
    made |= {"source_size": 2_000_000, "target_size": 1_000_000, "cached": True}
    target = {"driver": "nydus", "reference": "h.io/team/app:1-nydus", "digest": digest_of("n"), "size": 1_000_500}
    worker.done(
        {
            "source": {"reference": "h.io/team/app:1", "digest": digest_of("s"), "size": 2_000_000},
            "targets": [{**target, "layers": [made]}],
        }
    )
    shown.hurry()
    shown.until_text(".target", "h.io/team/app:1-nydus")
    shown.until_text(".badge", "Done")
    row = shown.one(".target tbody tr").text
    assert all(
        part in row for part in (digest_of("a")[:19], digest_of("b")[:19], "2.0 MB", "1.0 MB", "50.0%", "cached")
    )
    assert not shown.one("article").find_element(By.CSS_SELECTOR, ".progress").is_displayed()
    assert shown.complaints() == []


def test_a_reconciliation_is_shown_with_what_it_found(page: Start) -> None:
    shown = page()
    (ticket,) = shown.parts.queue.put([NewTask("reconcile", "r", "service", "h.io/shop/**")])
    worker = Worker(shown.parts)
    report: dict[str, Any] = {"images": 9, "fresh": 7, "missing": 1, "stale": 1, "queued": 2}
    worker.report(**report)
    shown.open()
    shown.click('select[aria-label="Registry"] option[value="service"]')
    shown.until(lambda: len(shown.all(ROWS)) == 1)
    assert "Reconciliation of h.io/shop/**" in " ".join(shown.texts(".row-link")[0].split())
    shown.open(f"?task={ticket.task_id}")
    shown.until_text(".amounts", "9 images looked at: 7 fresh, 1 missing, 1 stale; 2 queued")
    found = [{"source": "h.io/shop/a:1", "state": "stale", "reason": "made of another manifest"}]
    errors = [{"where": "h.io/shop/b", "message": "answered 403"}]
    worker.done({**report, "found": found, "error_list": errors, "skipped": {"a signature": 4}, "errors": 1})
    shown.hurry()
    shown.until(lambda: len(shown.all(".target tbody tr")) == 3)
    assert shown.texts(".target tbody tr") == [
        "error h.io/shop/b answered 403",
        "stale h.io/shop/a:1 made of another manifest",
        "skipped 4 images a signature",
    ]
    assert not shown.all(".panel")
    assert shown.complaints() == []


def test_a_log_is_followed_until_the_reader_scrolls_up(page: Start) -> None:
    shown = page()
    (task_id,) = put(shown.parts, "h.io/team/app:1")
    number = Worker(shown.parts).claim.task.number

    def log(first: int, count: int) -> None:
        shown.parts.history.append_log(number, [LogLine("info", f"line {first + step}") for step in range(count)])

    def distance() -> float:
        return float(
            shown.run(
                "const l = document.querySelector('.lines'); return l.scrollHeight - l.clientHeight - l.scrollTop"
            )
        )

    log(0, 60)
    shown.open(f"?task={task_id}")
    shown.until(lambda: len(shown.all(".lines li")) == 60 and distance() < 2)
    shown.run("document.querySelector('.lines').scrollTop = 0")
    shown.until(lambda: shown.one(".log button").get_attribute("aria-pressed") == "false")
    log(60, 5)
    shown.hurry()
    shown.until(lambda: len(shown.all(".lines li")) == 65)
    assert distance() > 100
    shown.click(".log button")
    shown.until(lambda: distance() < 2)
    assert [text.split()[-1] for text in shown.texts(".lines .message")] == [str(line) for line in range(65)]


def test_a_failure_is_told_with_what_to_do_and_an_absent_task_is_said(page: Start) -> None:
    shown = page()
    (task_id,) = put(shown.parts, "h.io/team/app:1")
    shown.parts.queue.fail(Worker(shown.parts).claim, Failure("pull app:1: answered 401; check the password"))
    shown.open(f"?task={task_id}")
    shown.until_text(".panel.bad .what", "pull app:1: answered 401")
    assert shown.one(".panel.bad .remedy").text == "What to do: check the password"
    shown.open("?task=nosuch")
    shown.until_text(".empty", "There is no such task")
    shown.click(".back")
    shown.until(lambda: len(shown.all(ROWS)) == 1)
    assert shown.driver.current_url == shown.address


def test_without_the_token_a_task_can_only_be_looked_at(page: Start) -> None:
    shown = page(**READ_ONLY)
    (task_id,) = put(shown.parts, "h.io/team/app:1")
    shown.open(f"?task={task_id}")
    shown.until_text("#access", "Read-only")
    assert not shown.one(".actions button").is_enabled()
    ask = f"return fetch('api/v1/conversions/{task_id}', {{method: 'DELETE'}}).then(reply => reply.status)"
    assert shown.run(ask) == 401
    shown.click("#access")
    show_token(shown, "wrong")
    shown.until_text("#token-fault", "does not know this token")
    assert shown.run("return sessionStorage.length") == 0
    assert shown.parts.history.get(task_id).state is State.QUEUED


def test_with_the_token_a_task_is_cancelled_and_retried(page: Start) -> None:
    shown = page(**READ_ONLY)
    (task_id,) = put(shown.parts, "h.io/team/app:1")
    shown.open(f"?task={task_id}")
    shown.click("#access")
    show_token(shown, TOKEN)
    shown.until_text("#access", "Token in use")
    shown.until(lambda: shown.one(".actions button").is_enabled())
    shown.click(".actions button")
    shown.until_text(".badge", "Cancelled")
    assert shown.parts.history.get(task_id).state is State.CANCELLED
    shown.click(".actions button")
    shown.until_text(".badge", "Waiting")
    assert shown.parts.history.get(task_id).state is State.QUEUED
    worker = Worker(shown.parts)
    shown.hurry()
    shown.until_text(".badge", "Running")
    shown.click(".actions button")
    shown.until_text(".actions", "Cancelling")
    assert shown.parts.queue.cancelled(worker.claim)
    shown.hurry()
    shown.until_text(".badge", "Cancelled")
    assert TOKEN not in shown.driver.current_url
    assert shown.run("return Object.values(sessionStorage).join()") == TOKEN
    assert TOKEN not in shown.run("return JSON.stringify(localStorage) + document.cookie")
    addresses = shown.run("return performance.getEntriesByType('resource').map(e => e.name)")
    assert not any(TOKEN in address for address in addresses)
    shown.open(f"?task={task_id}")
    shown.until_text("#access", "Token in use")
    shown.click("#access")
    shown.click("#token-dialog .buttons button:first-child")
    shown.until_text("#access", "Read-only")
    assert shown.run("return sessionStorage.length") == 0
    shown.until(lambda: not shown.one(".actions button").is_enabled())


def test_a_closed_service_shows_nothing_before_the_token(page: Start) -> None:
    shown = page(server={"token": TOKEN})
    put(shown.parts, "h.io/team/app:1")
    shown.open()
    shown.until_text("main", "A token is needed")
    shown.until_text("#access", "Locked")
    shown.click("main button")
    show_token(shown, TOKEN)
    shown.until(lambda: shown.sources() == ["h.io/team/app:1"])


def test_texts_of_strangers_stay_texts(page: Start) -> None:
    shown = page()
    new = NewTask("convert", "k", HOSTILE, f"h.io/{HOSTILE}:1", f"sha256:{HOSTILE}", HOSTILE, asker=HOSTILE)
    (ticket,) = shown.parts.queue.put([new])
    worker = Worker(shown.parts)
    worker.report(total=HOSTILE, pull=1, layers=[{"digest": HOSTILE, "pull": [1, 2]}])
    shown.parts.history.append_log(worker.claim.task.number, [LogLine(HOSTILE, HOSTILE)])
    shown.open(f"?state={HOSTILE}&profile={HOSTILE}&registry={HOSTILE}&hours={HOSTILE}".replace('"', "%22"))
    shown.until(lambda: HOSTILE in shown.sources()[0])
    shown.click(".row-link")
    shown.until_text(".lines", HOSTILE)
    shown.until_text(".facts", HOSTILE)
    shown.parts.queue.fail(worker.claim, Failure(f"{HOSTILE}; {HOSTILE}"))
    shown.hurry()
    shown.until_text(".panel.bad", HOSTILE)
    shown.parts.queue.retry(ticket.task_id)
    layer = dict.fromkeys(("platform", "source", "target"), HOSTILE) | {
        "source_size": 1,
        "target_size": 1,
        "cached": False,
    }
    target = dict.fromkeys(("driver", "reference", "digest", "media_type"), HOSTILE)
    result = {"source": {"size": 1}, "targets": [{**target, "size": 1, "layers": [layer], "notes": [HOSTILE]}]}
    Worker(shown.parts).done(result)
    shown.hurry()
    shown.until_text(".target", HOSTILE)
    assert not shown.all("main img, main script")
    assert "taken" not in shown.driver.title.split(" · ")[-1]
    assert shown.complaints() == []
    # And if there were a hole: no text becomes elements or code.
    for attempt in ("document.body.innerHTML = '<b>'", "document.body.setAttribute('onclick', '1')"):
        with pytest.raises(JavascriptException, match="Trusted"):
            shown.run(attempt)


def test_dark_and_light_follow_the_system_until_one_is_chosen(page: Start) -> None:
    shown = page()
    shown.open()

    def ground() -> int:
        red = shown.run("return getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/)[0]")
        return int(red)

    assert ground() > 200
    look(shown.driver, dark=True)
    shown.until(lambda: ground() < 50)
    shown.until(lambda: shown.one("#theme").get_attribute("aria-label") == "Light theme")
    shown.click("#theme")
    shown.until(lambda: ground() > 200)
    shown.open()
    assert ground() > 200
    shown.click("#theme")
    look(shown.driver)
    assert ground() < 50


@pytest.mark.parametrize("state", ["", "running", "done", "failed"])
def test_a_narrow_screen_needs_no_scrolling_sideways(page: Start, state: str) -> None:
    ids: dict[str, str] = {}
    shown = page(lambda parts: ids.update(fill(parts.database, 60)))
    look(shown.driver, width=390)
    shown.open(f"?task={ids[state]}" if state else "")
    shown.one(".facts" if state else ".tasks")
    assert shown.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    wide = """
        return [...document.querySelectorAll("main *")]
            .filter(one => one.checkVisibility() && !one.closest(".scroll, .choices, svg, .unseen"))
            .filter(one => one.getBoundingClientRect().right > 390.5).map(one => one.className)"""
    assert shown.run(wide) == []
