"""A token server as registries send their clients to: bearer tokens signed with a key the registry trusts.

Spec: the distribution project's token authentication (GET with basic credentials, POST with a refresh token).
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
import subprocess
import time
import urllib.parse
import uuid
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from tests.support.http_service import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class TokenServer:
    """Hands out tokens for one user, and for nobody when a repository is public."""

    certificate: Path
    key: Path
    credentials: tuple[str, str]
    expires_in: int
    port: int = 0
    service: str = "test-registry"
    issuer: str = "test-issuer"
    refresh_token: str = "refresh-me"
    requests: list[dict[str, str]] = field(default_factory=list)  # parameters of each request, in order

    @property
    def realm(self) -> str:
        return f"http://127.0.0.1:{self.port}/token"

    @classmethod
    @contextlib.contextmanager
    def running(
        cls, certificate: Path, key: Path, credentials: tuple[str, str], expires_in: int
    ) -> Iterator[TokenServer]:
        """Serves on a free port until the block ends."""
        state = cls(certificate, key, credentials, expires_in)

        class Handler(_Handler):
            server_state = state

        with serving(Handler) as state.port:
            yield state

    def token(self, scopes: list[str]) -> str:
        """A signed token that grants `scopes`."""
        now = int(time.time())
        access = []
        for scope in scopes:
            kind, name, actions = scope.split(":")
            access.append({"type": kind, "name": name, "actions": actions.split(",")})
        claims = {
            "iss": self.issuer,
            "sub": self.credentials[0],
            "aud": self.service,
            "iat": now,
            "nbf": now - 5,
            "exp": now + self.expires_in,
            "jti": uuid.uuid4().hex,
            "access": access,
        }
        chain = re.sub(r"-----[^-]+-----|\s", "", self.certificate.read_text(encoding="ascii"))
        header = {"typ": "JWT", "alg": "RS256", "x5c": [chain]}
        signed = ".".join(_base64url(json.dumps(part).encode()) for part in (header, claims))
        signature = subprocess.run(
            ["openssl", "dgst", "-sha256", "-sign", self.key], input=signed.encode(), check=True, capture_output=True
        ).stdout
        return f"{signed}.{_base64url(signature)}"


class _Handler(BaseHTTPRequestHandler):
    server_state: TokenServer

    def do_GET(self) -> None:
        user, password = self.server_state.credentials
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
        self._answer(self.headers.get("Authorization") == f"Basic {pair}", query)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        query = urllib.parse.parse_qs(body)
        self._answer(query.get("refresh_token") == [self.server_state.refresh_token], query)

    def _answer(self, known: bool, query: dict[str, list[str]]) -> None:
        state = self.server_state
        state.requests.append({"method": self.command, **{name: " ".join(values) for name, values in query.items()}})
        if not known:
            self._send(401, {"errors": [{"code": "UNAUTHORIZED", "message": "who are you?"}]})
            return
        scopes = [scope for value in query.get("scope", []) for scope in value.split()]
        token = state.token(scopes)
        self._send(200, {"token": token, "access_token": token, "expires_in": state.expires_in})

    def _send(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Says nothing: the tests look at `requests`."""
