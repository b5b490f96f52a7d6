"""The list of tasks as a person sees it: live, filtered, page by page, with charts."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files

from selenium.webdriver.common.keys import Keys

from accel import units
from acceld.tasks.model import NewTask
from tests.python.acceld.http.conftest import Parts
from tests.python.acceld.page.conftest import Page, Worker
from tests.python.acceld.page.sample_tasks import fill

Start = Callable[..., Page]
ROWS = ".tasks tbody tr"
RESULT = {
    "source": {"reference": "h.io/a:1", "digest": "sha256:1", "size": 1_000_000},
    "source_size": 1_000_000,
    "target_size": 900_000,
    "targets": [
        {"driver": "estargz", "reference": "h.io/a:1-esgz", "digest": "sha256:2", "size": 900_000, "layers": []}
    ],
}


def put(parts: Parts, *sources: str) -> list[str]:
    new = [NewTask("convert", source, source.split("/")[0], source, profile="default") for source in sources]
    return [ticket.task_id for ticket in parts.queue.put(new)]


def a_day(parts: Parts) -> None:
    fill(parts.database, 120)


def test_every_file_of_the_page_loads_without_complaint(page: Start) -> None:
    shown = page(a_day)
    shown.open()
    loaded = {
        name.rsplit("/", 1)[-1]
        for name in shown.run("return performance.getEntriesByType('resource').map(e => e.name)")
    }
    assert {file.name for file in (files("acceld") / "page").iterdir()} - {"page.html"} <= loaded
    elsewhere = shown.run("return performance.getEntriesByType('resource').map(e => e.name)")
    assert all(name.startswith(shown.address) for name in elsewhere)
    assert shown.complaints() == []


def test_tasks_come_and_change_without_a_reload(page: Start) -> None:
    shown = page()
    shown.open()
    shown.until_text(".empty", "No tasks yet")
    put(shown.parts, "h.io/team/first:1")
    shown.until_text(ROWS, "Waiting")
    put(shown.parts, "h.io/team/second:1")
    shown.hurry()
    shown.until(lambda: shown.sources() == ["h.io/team/second:1", "h.io/team/first:1"])
    worker = Worker(shown.parts)
    first = f'{ROWS}[data-task="{worker.claim.id}"]'
    shown.hurry()
    shown.until_text(first, "Running")
    bar = f"{first} [role=progressbar]"
    for percent in ("25", "75"):
        worker.report(total=100, pull=int(percent))
        shown.until_text(first, f"{percent}%")
        assert shown.one(bar).get_attribute("aria-valuenow") == percent
    worker.done(RESULT)
    shown.hurry()
    shown.until_text(first, "Done")
    assert "estargz 1.0 MB → 900.0 kB 90.0%" in shown.one(first).text
    assert shown.complaints() == []


def test_numbers_are_written_as_accelctl_writes_them(page: Start) -> None:
    shown = page()
    shown.open()
    sizes = [0, 1, 999, 1000, 12_345, 999_949, 999_951, 10**6, 987_654_321, 3 * 10**12, 2**60]
    seconds = [0, 0.04, 7.31, 59.94, 60, 61.4, 3599, 3600, 86_399, 10**6]
    written = shown.run(
        f"""
        const folder = document.querySelector("script[type=module]").src.replace("app.js", "");
        const text = await import(`${{folder}}text.js`);
        return [{sizes}.map(text.sizeText), {seconds}.map(text.durationText),
                {sizes}.map(size => text.ratioText(size, 3_000_000)), text.shortDigest("sha256:0123456789abcdef")];"""
    )
    assert written == [
        [units.size_text(size) for size in sizes],
        [units.duration_text(time) for time in seconds],
        [units.ratio_text(size, 3_000_000) for size in sizes],
        units.short_digest("sha256:0123456789abcdef"),
    ]


def test_filters_stand_in_the_address_and_can_be_shared(page: Start) -> None:
    shown = page(a_day)
    shown.open()
    shown.click('.choices [data-value="done"]')
    shown.until(lambda: set(shown.texts(f"{ROWS} .state")) == {"Done"})
    assert "state=done" in shown.driver.current_url
    shown.one("#search").send_keys("/ml/")
    shown.until(lambda: shown.sources() and all("/ml/" in text for text in shown.sources()))
    shown.until(lambda: "source=%2Fml%2F" in shown.driver.current_url)
    address, listed = shown.driver.current_url, shown.sources()
    shown.driver.get("about:blank")
    shown.open(address.removeprefix(shown.address))
    assert shown.sources() == listed
    assert shown.one("#search").get_attribute("value") == "/ml/"
    assert shown.one('.choices [data-value="done"]').get_attribute("aria-pressed") == "true"
    shown.one("#search").send_keys("nowhere")
    shown.until_text(".empty", "No task matches")
    shown.click(".empty button")
    shown.until(lambda: len(shown.all(ROWS)) == 50)
    assert shown.driver.current_url == shown.address


def test_registry_and_profile_are_chosen_from_what_there_is(page: Start) -> None:
    shown = page(a_day)
    shown.open()
    for label, value in (("Registry", "registry.example.org:5000"), ("Profile", "large")):
        shown.click(f'select[aria-label="{label}"] option[value="{value}"]')
    shown.until(lambda: set(shown.texts(f"{ROWS} .profile-cell")) == {"large"})
    assert all(text.startswith("registry.example.org:5000/") for text in shown.sources())
    shown.driver.back()
    shown.until(lambda: "profile" not in shown.driver.current_url and "default" in shown.texts(f"{ROWS} .profile-cell"))


def test_pages_lead_to_older_tasks_and_back(page: Start) -> None:
    shown = page(a_day)
    shown.open()
    newest = shown.sources()
    assert len(newest) == 50
    shown.until(lambda: shown.texts(".pages button") == ["Older"])
    shown.click(".pages button")
    shown.until(lambda: "before=" in shown.driver.current_url and shown.texts(".pages button") == ["Newest", "Older"])
    assert not set(shown.sources()) & set(newest)
    shown.click(".pages button:first-child")
    shown.until(lambda: shown.sources() == newest)


def test_charts_can_be_read_with_the_keyboard(page: Start) -> None:
    shown = page(a_day)
    shown.open()
    shown.until_text(".chart .figure", "1")
    assert [str(chart.get_attribute("aria-label")).split(":")[0] for chart in shown.all(".plot")] == [
        "Conversions",
        "Data sent",
        "Layers from the cache",
        "Queue",
    ]
    plot = shown.all(".plot")[0]
    shown.run("document.querySelector('.plot').focus()")
    plot.send_keys(Keys.ARROW_LEFT)
    plot.send_keys(Keys.ARROW_LEFT)
    shown.until_text(".chart .reading", "done, ")
    before = shown.all(".plot rect")
    shown.click('.choices [data-value="168"]')
    shown.until(lambda: shown.all(".plot rect") and shown.all(".plot rect")[0] != before[0])
    assert "hours=168" in shown.driver.current_url


def test_the_keyboard_leads_to_the_search_and_into_a_task(page: Start) -> None:
    shown = page(a_day)
    shown.open()
    shown.one("body").send_keys("/")
    assert shown.driver.switch_to.active_element.get_attribute("id") == "search"
    shown.run("document.querySelector('.row-link').focus()")
    shown.driver.switch_to.active_element.send_keys(Keys.ENTER)
    shown.one(".task-view")
    assert "task=" in shown.driver.current_url


def test_a_service_that_is_away_is_said_and_waited_for(page: Start) -> None:
    shown = page()
    shown.open()
    shown.until_text("#connection", "Live")
    shown.driver.set_network_conditions(offline=True, latency=0, throughput=0)
    try:
        shown.until_text("#connection", "Offline")
    finally:
        shown.driver.delete_network_conditions()
    shown.hurry()
    shown.until_text("#connection", "Live")
