"""Harbor's API before a real registry: Harbor itself cannot run in a test. Answers look like Harbor 2.10's.

`/api/v2.0` tells what the registry behind holds, in pages of `page_size`, to those who send user and password;
everything else goes to the registry.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support import http_service
from tests.support.registry import PASSWORD, USER
from tests.support.registry_api import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.registry import Registry

AUTH = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
PAGE_SIZE = 2  # whatever is asked for: tests must not need hundreds of images to see a second page

_HOP = {"connection", "transfer-encoding", "keep-alive"}


@contextlib.contextmanager
def harbor(registry: Registry, *, broken: str = "") -> Iterator[str]:
    """Gives the host. Listing the repository `broken` fails."""

    class Handler(_Harbor):
        backend = registry
        broken_repository = broken

    with http_service.serving(Handler) as port:
        yield f"127.0.0.1:{port}"


class _Harbor(BaseHTTPRequestHandler):
    backend: Registry
    broken_repository: str
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments: Any) -> None:
        """Nothing: a test's output is for failures."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if not url.path.startswith("/api/v2.0/"):
            self._relay()
        elif url.path == "/api/v2.0/ping":
            self._send(200, b"Pong", {"Content-Type": "text/plain; charset=utf-8"})
        elif self.headers["Authorization"] != f"Basic {AUTH}":
            self._page(url.path, [], 1)  # what is public: nothing
        else:
            self._api(url.path.removeprefix("/api/v2.0/").split("/"), parse_qs(url.query))

    def do_HEAD(self) -> None:
        self._relay()

    def do_POST(self) -> None:
        self._relay()

    def do_PUT(self) -> None:
        self._relay()

    def do_PATCH(self) -> None:
        self._relay()

    def do_DELETE(self) -> None:
        self._relay()

    def _api(self, parts: list[str], query: dict[str, list[str]]) -> None:
        page = int(query.get("page", ["1"])[0])
        path = "/api/v2.0/" + "/".join(parts)
        names = self._repositories()
        if parts == ["projects"]:
            projects = sorted({name.partition("/")[0] for name in names})
            self._page(path, [_project(name) for name in projects], page)
        elif len(parts) == 3:
            self._page(path, [_repository(name) for name in names if name.startswith(parts[1] + "/")], page)
        else:
            name = f"{parts[1]}/{unquote(unquote(parts[3]))}"
            if name == self.broken_repository:
                self._send(500, b'{"errors":[{"code":"UNKNOWN","message":"internal server error"}]}', {})
            else:
                self._page(path, self._artifacts(name), page)

    def _repositories(self) -> list[str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.backend.port, timeout=30)
        with contextlib.closing(connection):
            connection.request("GET", "/v2/_catalog?n=1000")
            return [str(name) for name in json.loads(connection.getresponse().read())["repositories"]]

    def _artifacts(self, name: str) -> list[dict[str, Any]]:
        repository = Repository(self.backend, name)
        tags: dict[str, list[str]] = {}
        for tag in sorted(repository.tags()):
            tags.setdefault(repository.manifest(tag)[0], []).append(tag)
        found = [_artifact(digest, named) for digest, named in tags.items()]
        return [*found, _artifact("sha256:" + "0" * 64, [])]

    def _page(self, path: str, items: list[dict[str, Any]], number: int) -> None:
        shown = items[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
        headers = {"Content-Type": "application/json", "X-Total-Count": str(len(items))}
        links = [f'<{path}?page={number - 1}&page_size=100>; rel="prev"'] if number > 1 else []
        if number * PAGE_SIZE < len(items):
            links.append(f'<{path}?page={number + 1}&page_size=100>; rel="next"')
        if links:
            headers["Link"] = " , ".join(links)
        self._send(200, json.dumps(shown).encode(), headers)

    def _relay(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        connection = http.client.HTTPConnection("127.0.0.1", self.backend.port, timeout=30)
        with contextlib.closing(connection):
            connection.request(self.command, self.path, body, dict(self.headers.items()))
            answer = connection.getresponse()
            content = answer.read()
            headers = {name: value for name, value in answer.getheaders() if name.lower() not in _HOP}
            self._send(answer.status, content, headers)

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() != "content-length" or self.command == "HEAD":
                self.send_header(name, value)
        if self.command != "HEAD":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _project(name: str) -> dict[str, Any]:
    return {
        "creation_time": "2024-03-01T09:00:00.000Z",
        "current_user_role_id": 0,
        "metadata": {"public": "false"},
        "name": name,
        "owner_id": 1,
        "owner_name": "admin",
        "project_id": 7,
        "repo_count": 1,
        "update_time": "2024-03-01T09:00:00.000Z",
    }


def _repository(name: str) -> dict[str, Any]:
    return {
        "artifact_count": 2,
        "creation_time": "2024-03-01T09:10:00.000Z",
        "id": 12,
        "name": name,
        "project_id": 7,
        "pull_count": 3,
        "update_time": "2024-03-01T09:10:00.000Z",
    }


def _artifact(digest: str, tags: list[str]) -> dict[str, Any]:
    named = [
        {
            "artifact_id": 31,
            "id": 40 + number,
            "immutable": False,
            "name": tag,
            "pull_time": "0001-01-01T00:00:00.000Z",
            "push_time": "2024-03-01T09:10:00.000Z",
            "repository_id": 12,
        }
        for number, tag in enumerate(tags)
    ]
    return {
        "accessories": None,
        "addition_links": {},
        "digest": digest,
        "extra_attrs": {"architecture": "amd64", "config": {"Cmd": ["sh"]}, "os": "linux"},
        "icon": "sha256:0048162a053eef4d4ce3fe7518615bef084403614f8bca43b40ae2e762e11e06",
        "id": 31,
        "labels": None,
        "manifest_media_type": "application/vnd.oci.image.manifest.v1+json",
        "media_type": "application/vnd.oci.image.config.v1+json",
        "project_id": 7,
        "pull_time": "0001-01-01T00:00:00.000Z",
        "push_time": "2024-03-01T09:10:00.000Z",
        "references": None,
        "repository_id": 12,
        "size": 3372412,
        "tags": named or None,
        "type": "IMAGE",
    }
