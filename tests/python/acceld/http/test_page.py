"""What the page is made of: its files, their headers, what it may know; and the statistics it draws."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any

import pytest

from tests.python.acceld.http.conftest import Make
from tests.python.acceld.http.test_routes import CLOSED, HOOK, URL, ask, code, push

NAMES = sorted(file.name for file in (files("acceld") / "page").iterdir() if file.name != "page.html")
TOKEN = {"Authorization": "Bearer secret"}


def addresses(html: str) -> list[str]:
    return re.findall(r'(?:href|src)="(page/[^"]+)"', html)


def test_the_page_is_asked_for_anew_and_its_files_are_kept_for_ever(make: Make) -> None:
    parts = make()
    page = ask(parts, "GET", "/")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["cache-control"] == "no-cache"
    assert "VERSION" not in page.text
    folder = addresses(page.text)[0].rpartition("/")[0]
    assert len(NAMES) > 10
    for name in NAMES:
        file = ask(parts, "GET", f"/{folder}/{name}")
        assert (file.status_code, file.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
        assert file.content == (files("acceld") / "page" / name).read_bytes()
        assert file.headers["content-type"].split(";")[0] in {"text/css", "text/javascript", "image/svg+xml"}
    for address in addresses(page.text):
        assert ask(parts, "GET", f"/{address}").status_code == 200
    for reply in (page, file):
        policy = reply.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "unsafe" not in policy
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["x-frame-options"] == "DENY"
        assert reply.headers["referrer-policy"] == "no-referrer"


def test_nothing_of_the_page_is_inline_or_from_elsewhere(make: Make) -> None:
    html = ask(make(), "GET", "/").text
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", html)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", html))
    for file in (files("acceld") / "page").iterdir():
        assert "innerHTML" not in file.read_text()
        assert set(re.findall(r"https?://[^\"'` ]+", file.read_text())) <= {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("path", ["/", "/page/{version}/app.js"])
def test_what_has_not_changed_is_not_sent_again(make: Make, path: str) -> None:
    parts = make()
    version = addresses(ask(parts, "GET", "/").text)[0].split("/")[1]
    path = path.format(version=version)
    first = ask(parts, "GET", path)
    again = ask(parts, "GET", path, headers={"If-None-Match": f'"other", W/{first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["content-security-policy"] == first.headers["content-security-policy"]
    assert ask(parts, "GET", path, headers={"If-None-Match": '"other"'}).status_code == 200
    assert ask(parts, "HEAD", path).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/page/0000/app.js", "/page/{version}/nothing.js", "/page/{version}/page.html", "/page/{version}/..%2fapp.py"],
)
def test_other_files_and_other_versions_are_not_there(make: Make, path: str) -> None:
    parts = make()
    version = addresses(ask(parts, "GET", "/").text)[0].split("/")[1]
    assert code(ask(parts, "GET", path.format(version=version))) == (404, "ERR_INVALID_ENDPOINT")


def test_the_list_a_task_and_statistics_are_sent_when_they_change(make: Make) -> None:
    parts = make()
    ask(parts, "POST", URL, json=push("h.io/a:1"))
    task = ask(parts, "GET", URL).json()[0]["id"]
    for path in (URL, f"{URL}/{task}", "/api/v1/statistics"):
        first = ask(parts, "GET", path)
        tag = {"If-None-Match": first.headers["etag"]}
        assert first.headers["cache-control"] == "private, no-cache"
        if path != "/api/v1/statistics":  # the age of the oldest task moves by itself
            assert ask(parts, "GET", path, headers=tag).status_code == 304
        ask(parts, "DELETE", f"{URL}/{task}")
        fresh = ask(parts, "GET", path, headers=tag)
        assert fresh.status_code == 200
        ask(parts, "POST", f"{URL}/{task}/retry")
    page = ask(parts, "GET", f"{URL}?limit=1")
    assert "link" not in page.headers
    ask(parts, "POST", URL, json=push("h.io/a:2"))
    page = ask(parts, "GET", f"{URL}?limit=1")
    again = ask(parts, "GET", f"{URL}?limit=1", headers={"If-None-Match": page.headers["etag"]})
    assert (again.status_code, again.headers["link"]) == (304, page.headers["link"])


def test_the_page_is_open_and_says_what_its_reader_may(make: Make) -> None:
    profile: dict[str, Any] = {"name": "large", "driver": "nydus", "match": {"repository": "big/**"}}
    parts = make(server={"token": "secret"}, provider={"source": {"h.io": {}}}, converter={"profiles": [profile]})
    assert ask(parts, "GET", "/").status_code == 200
    closed = {"may_read": False, "may_change": False, "registries": [], "profiles": []}
    about = ask(parts, "GET", "/api/v1/about").json()
    assert closed.items() <= about.items()
    open_ = {"may_read": True, "may_change": True, "registries": ["h.io"], "profiles": ["large"]}
    assert open_.items() <= ask(parts, "GET", "/api/v1/about", headers=TOKEN).json().items()


def test_reading_can_be_open_where_changing_is_not(make: Make) -> None:
    parts = make(server={"token": "secret", "anonymous_read": True})
    ask(parts, "POST", URL, json=push("h.io/a:1"), headers=TOKEN)
    task = ask(parts, "GET", URL).json()[0]["id"]
    assert ask(parts, "GET", f"{URL}/{task}/log").status_code == 200
    about = ask(parts, "GET", "/api/v1/about").json()
    assert (about["may_read"], about["may_change"]) == (True, False)
    for method, path in (("DELETE", f"{URL}/{task}"), ("POST", f"{URL}/{task}/retry"), ("POST", URL)):
        assert code(ask(parts, method, path, json=push("h.io/b:1"))) == (401, "ERR_UNAUTHORIZED")
    assert ask(parts, "DELETE", f"{URL}/{task}", headers=TOKEN).status_code == 200


def test_closed_webhooks_leave_the_page_to_be_read(make: Make) -> None:
    about = ask(make(**CLOSED), "GET", "/api/v1/about", headers=HOOK).json()
    assert (about["may_read"], about["may_change"]) == (True, False)


def test_statistics_are_of_the_hours_that_are_asked_for(make: Make) -> None:
    parts = make()
    ask(parts, "POST", URL, json=push("h.io/a:1"))
    ask(parts, "POST", URL, json=push("h.io/a:2"))
    claim = parts.queue.take("w")
    assert claim
    counts = {("bytes", "uploaded"): 7.0, ("size", "source"): 9.0, ("cache", "misses"): 2.0}
    parts.queue.done(claim, {}, counts)
    found = ask(parts, "GET", "/api/v1/statistics").json()
    assert (found["seconds"], len(found["buckets"])) == (1800, 48)
    assert {name: sum(bucket[name] for bucket in found["buckets"]) for name in list(found["buckets"][0])[1:-1]} == {
        "done": 1,
        "failed": 0,
        "cancelled": 0,
        "bytes_read": 0,
        "bytes_written": 0,
        "bytes_uploaded": 7,
        "bytes_mounted": 0,
        "source_size": 9,
        "target_size": 0,
        "cache_hits": 0,
        "cache_misses": 2,
    }
    assert found["buckets"][-1]["queued"] == 1
    assert found["now"]["queued"] == {"h.io": 1}
    assert found["buckets"][0]["at"].endswith("Z")
    assert len(ask(parts, "GET", "/api/v1/statistics?hours=1").json()["buckets"]) == 12
    for hours in ("0", "169", "x"):
        assert code(ask(parts, "GET", f"/api/v1/statistics?hours={hours}")) == (400, "ERR_ILLEGAL_PARAMETER")
    assert code(ask(make(server={"token": "secret"}), "GET", "/api/v1/statistics")) == (401, "ERR_UNAUTHORIZED")
