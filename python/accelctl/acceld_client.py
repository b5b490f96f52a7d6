"""acceld's HTTP API as accelctl uses it, over TCP, TLS or a Unix socket. Standard library only; docs/http-api.md."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote, urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from http.client import HTTPMessage

API = "/api/v1"
DEFAULT_PORT = 2077
MAX_REPLY = 64 << 20  # bytes; a page of tasks has a few, a result of thousands of layers as well

# The stream of a task's changes says something at least every 15 seconds.
_EVENTS_TIMEOUT = 60.0


class AcceldError(Exception):
    """acceld cannot be reached, or refuses. `status` is that of its reply, 0 when there was none."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status

    @property
    def passes(self) -> bool:
        """Whether the same request may succeed a little later."""
        return self.status in {0, 429, 502, 503, 504}


@dataclass(frozen=True)
class Address:
    """Where acceld listens: `path` is that of a Unix socket, else host and port count."""

    text: str
    host: str = "localhost"
    port: int = DEFAULT_PORT
    tls: bool = False
    path: str = ""

    @classmethod
    def parse(cls, text: str) -> Address:
        """`host:port`, `host`, `http://…`, `https://…` or `unix:PATH`.

        Raises:
            ValueError: it is none of these.
        """
        if text.startswith("unix:"):
            path = text.removeprefix("unix:").removeprefix("//")
            if path:
                return cls(text, path=path)
        elif text and text.isprintable() and " " not in text:
            url = urlsplit(text if "://" in text else f"http://{text}")
            with contextlib.suppress(ValueError):
                port = url.port or (DEFAULT_PORT if "://" not in text else 443 if url.scheme == "https" else 80)
                bare = url.path in {"", "/"} and not (url.query or url.fragment or url.username)
                if url.scheme in {"http", "https"} and url.hostname and bare:
                    return cls(text, url.hostname, port, url.scheme == "https")
        raise ValueError(f"{text!r} is no address of acceld; want HOST:PORT, http(s)://HOST:PORT or unix:PATH")


@dataclass(frozen=True)
class Client:
    """Asks one acceld. Each request has a connection of its own.

    Attributes:
        address: Where it is.
        token: What `server.token` of its configuration is; "" for none.
        ca_file: PEM file of a CA to trust besides the system's, "" for none.
        timeout: Seconds without an answer.
    """

    address: Address
    token: str = ""
    ca_file: str = ""
    timeout: float = 30.0

    def get(self, *path: str, **query: Any) -> Any:
        """The document at `path`, each part of which is quoted."""
        return self._ask("GET", _target(path, query))[0]

    def pages(self, *path: str, limit: int, **query: Any) -> tuple[list[Any], bool]:
        """At most `limit` entries of a list over its pages, and whether there are more."""
        entries: list[Any] = []
        target = _target(path, {**query, "limit": min(limit + 1, 1000)})
        while target and len(entries) <= limit:
            document, headers = self._ask("GET", target)
            if not isinstance(document, list):
                self._no_acceld("a list was wanted")
            entries += document
            target = _next_target(headers.get("Link") or "") if document else ""
        return entries[:limit], len(entries) > limit

    def post(self, *path: str, body: Any = None) -> tuple[Any, HTTPMessage]:
        """Sends a document; gives the reply's document and its headers."""
        return self._ask("POST", _target(path, {}), body)

    def delete(self, *path: str) -> Any:
        """Deletes what is at `path`: of a task, cancels it."""
        return self._ask("DELETE", _target(path, {}))[0]

    def events(self, task_id: str) -> Iterator[dict[str, Any]]:
        """A task now and after each change; ends with the task, or when acceld ends the stream."""
        with self._open("GET", _target(("conversions", task_id, "events"), {}), None, _EVENTS_TIMEOUT) as response:
            data = ""
            for line in self._lines(response):
                if line.startswith("data:"):
                    data += line.removeprefix("data:").strip()
                elif not line and data:
                    yield self._document(data.encode(), dict)
                    data = ""

    def _lines(self, response: http.client.HTTPResponse) -> Iterator[str]:
        while True:
            try:
                line = response.readline(MAX_REPLY)
            except (OSError, http.client.HTTPException) as error:
                raise AcceldError(f"the connection to acceld at {self.address.text} broke: {_why(error)}") from None
            if not line:
                return
            yield line.decode("utf-8", "replace").rstrip("\r\n")

    def _ask(self, method: str, target: str, body: Any = None) -> tuple[Any, HTTPMessage]:
        with self._open(method, target, body, self.timeout) as response:
            return self._document(self._read(response)), response.headers

    @contextlib.contextmanager
    def _open(self, method: str, target: str, body: Any, timeout: float) -> Iterator[http.client.HTTPResponse]:
        """A reply of success; anything else is an AcceldError that says what to do."""
        connection = self._connection(timeout)
        headers = {"Accept": "application/json, text/event-stream", "User-Agent": "accelctl"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        content = None
        if body is not None:
            content = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        try:
            try:
                connection.request(method, target, content, headers)
                response = connection.getresponse()
            except (OSError, http.client.HTTPException) as error:
                self._unreachable(error)
            if not 200 <= response.status < 300:
                self._refused(response)
            yield response
        finally:
            connection.close()

    def _connection(self, timeout: float) -> http.client.HTTPConnection:
        where = self.address
        if where.path:
            return _UnixConnection(where.path, timeout)
        if not where.tls:
            return http.client.HTTPConnection(where.host, where.port, timeout=timeout)
        context = ssl.create_default_context()
        if self.ca_file:
            try:
                context.load_verify_locations(self.ca_file)
            except OSError as error:
                raise AcceldError(f"--ca-file {self.ca_file}: cannot be used: {_why(error)}") from None
        return http.client.HTTPSConnection(where.host, where.port, timeout=timeout, context=context)

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        try:
            content = response.read(MAX_REPLY + 1)
        except (OSError, http.client.HTTPException) as error:
            self._unreachable(error)
        if response.length:  # so many bytes never came
            self._unreachable(http.client.IncompleteRead(content, response.length))
        if len(content) > MAX_REPLY:
            self._no_acceld(f"a reply of more than {MAX_REPLY} bytes")
        return content

    def _document(self, content: bytes, kind: type = object) -> Any:
        try:
            document = json.loads(content)
        except (ValueError, RecursionError):
            self._no_acceld("no JSON")
        if not isinstance(document, kind):
            self._no_acceld("something else than was asked for")
        return document

    def _refused(self, response: http.client.HTTPResponse) -> NoReturn:
        """Raises what a reply that is no success means."""
        status = response.status
        try:
            document = json.loads(self._read(response))
            code, message = str(document["code"]), str(document["message"])
        except (ValueError, RecursionError, KeyError, TypeError):
            self._no_acceld(f"{status} {response.reason}")
        where = self.address.text
        if status == 401:
            given = "does not take this token" if self.token else "wants a token"
            raise AcceldError(
                f"acceld at {where} {given}: give the server.token of its configuration, where one has to stand, as "
                "--token-file or ACCELD_TOKEN",
                status,
            )
        if code == "ERR_INVALID_ENDPOINT":
            raise AcceldError(f"acceld at {where} is of a version without this: {message}", status)
        raise AcceldError(message if status in {400, 404, 409} else f"acceld at {where}: {message}", status)

    def _unreachable(self, error: Exception) -> NoReturn:
        where = self.address.text
        if isinstance(error, ssl.SSLCertVerificationError):
            raise AcceldError(
                f"acceld at {where}: its certificate is not trusted ({error.verify_message}); give its CA as --ca-file"
            ) from None
        if isinstance(error, ssl.SSLError):
            raise AcceldError(f"acceld at {where} does not speak TLS ({_why(error)}); try http://") from None
        if isinstance(error, (http.client.HTTPException, ConnectionResetError)):
            raise AcceldError(
                f"{where} does not answer as acceld does ({_why(error)}); check --addr, and https:// for server.tls"
            ) from None
        raise AcceldError(
            f"no acceld at {where}: {_why(error)}; start it, or say where it is with --addr or ACCELD_ADDR"
        ) from None

    def _no_acceld(self, answer: str) -> NoReturn:
        raise AcceldError(f"{self.address.text} answers, but not as acceld does ({answer}); check --addr", status=-1)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """As the base class, to the socket's file."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _target(path: tuple[str, ...], query: Mapping[str, Any]) -> str:
    given = {name: value for name, value in query.items() if value not in (None, "", False, ())}
    text = urlencode({name: "true" if value is True else value for name, value in given.items()}, doseq=True)
    return "/".join([API, *(quote(part, safe="") for part in path)]) + (f"?{text}" if text else "")


def _next_target(link: str) -> str:
    """Path and query of the next page; "" when there is none."""
    target, _, relation = link.partition(">")
    return target.removeprefix("<") if 'rel="next"' in relation and target.startswith(f"<{API}/") else ""


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it takes too long"
    if isinstance(error, http.client.RemoteDisconnected):
        return "the connection was closed"
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
