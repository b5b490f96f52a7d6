"""The page for people at `/`: files of the package, no others, and what the page must know before it asks for tasks."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

import accel
from acceld.replies import INVALID_ENDPOINT, Refusal, tagged
from acceld.routes.access import TheService

if TYPE_CHECKING:
    from collections.abc import Mapping

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

# Nothing but our own files is loaded or run, whatever texts of tasks say; no other page may frame this one.
_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ]
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

router = APIRouter()


@dataclass(frozen=True)
class _Assets:
    """The page's files. `version` names their content and stands in their addresses, so they may be kept for ever."""

    version: str
    html: bytes
    by_name: Mapping[str, bytes]


@cache
def _assets() -> _Assets:
    found = {file.name: file.read_bytes() for file in (files("acceld") / "page").iterdir() if _type(file.name)}
    digest = hashlib.sha256()
    for name, content in sorted(found.items()):
        digest.update(f"{name} {len(content)} ".encode() + content)
    version = digest.hexdigest()[:16]
    # Relative addresses: the page works behind a proxy that puts it below another path.
    html = found.pop("page.html").replace(b"page/VERSION/", f"page/{version}/".encode())
    return _Assets(version, html, found)


def _type(name: str) -> str:
    return _TYPES.get(name[name.rfind(".") :], "")


@router.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
def page(request: Request) -> Response:
    """The page itself; each load asks whether there is another version."""
    headers = {**_HEADERS, "Cache-Control": "no-cache"}
    return tagged(request, Response(_assets().html, media_type=_TYPES[".html"], headers=headers))


@router.api_route("/page/{version}/{name}", methods=["GET", "HEAD"], include_in_schema=False)
def asset(request: Request, version: str, name: str) -> Response:
    """One of its files."""
    assets = _assets()
    content = assets.by_name.get(name)
    if content is None or version != assets.version:
        raise Refusal(404, INVALID_ENDPOINT, f"there is no {request.url.path}; load the page again")
    headers = {**_HEADERS, "Cache-Control": "public, max-age=31536000, immutable"}
    return tagged(request, Response(content, media_type=_type(name), headers=headers))


@router.get("/api/v1/about")
def about(request: Request, service: TheService) -> dict[str, Any]:
    """What is served here, what the sender of this request may do, and what tasks can be filtered by."""
    header = request.headers.get("authorization", "")
    may_read = service.guard.may_read(header)
    config = service.config
    return {
        "version": accel.__version__,
        "may_read": may_read,
        "may_change": service.guard.may_push((), header),
        "registries": sorted(config.provider.source) if may_read else [],
        "profiles": [profile.name for profile in config.converter.profiles] if may_read else [],
    }
