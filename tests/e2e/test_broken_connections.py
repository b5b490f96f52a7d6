"""Connections that break, answers that are wrong: what passes is survived, what lasts ends in one line.

Every case is a conversion through a relay in front of a real registry. They run side by side, because a fault that
lasts is tried again for seconds.
"""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.python.support.images import noise
from tests.python.support.layout import MANIFEST, Entry, Layout
from tests.support import registry as registries
from tests.support.command import Accelctl, Outcome
from tests.support.fault_relay import Fault, FaultRelay, Seen
from tests.support.registry_api import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.registry import Registry

SIDE_BY_SIDE = 8
LONGEST = 180  # seconds; 15 on a machine that does nothing else
CONNECTION = "breaks connections; try again later"
OVERLOADED = "overloaded or out of order; try again later"
SIZE = "states another size than the blob has; push the image again"
DAMAGED = "push the source image again"
CREDENTIALS = "accelctl doctor"


class Request(NamedTuple):
    """A kind of requests. In the path, {config} and {layer} are digests of the source."""

    name: str
    method: str
    path: str


TOKEN = Request("token", "GET", "^/token")
MANIFEST_GET = Request("manifest", "GET", "/v2/{source}/manifests/app$")
CONFIG_GET = Request("config", "GET", "/v2/{source}/blobs/{config}$")
LAYER_GET = Request("layer", "GET", "/v2/{source}/blobs/{layer}$")
BLOB_HEAD = Request("look for a blob", "HEAD", "/v2/{target}/blobs/")
UPLOAD_POST = Request("upload begun", "POST", "/v2/{target}/blobs/uploads/$")
UPLOAD_PATCH = Request("upload chunk", "PATCH", "/v2/{target}/blobs/uploads/")
UPLOAD_PUT = Request("upload", "PUT", "/v2/{target}/blobs/uploads/")
MANIFEST_PUT = Request("new manifest", "PUT", "/v2/{target}/manifests/sha256:")
TAG_PUT = Request("new tag", "PUT", "/v2/{target}/manifests/app$")
LAYER_REQUESTS = (LAYER_GET, UPLOAD_POST, UPLOAD_PATCH, UPLOAD_PUT)


@dataclass(frozen=True)
class Case:
    """A fault; `remedy` is a part of the hint, empty when the conversion must succeed. `final`: tried only once.

    `image`: `small` has layers that are sent in one request, `large` one of several; with `guarded` the registry of the
    target asks for tokens.
    """

    request: Request
    what: str
    fault: dict[str, Any]
    remedy: str = ""
    image: str = "small"
    final: bool = False
    command: str = "convert"

    @property
    def name(self) -> str:
        what = f"{self.request.name} {self.what}" if self.command == "convert" else f"{self.command} {self.what}"
        return re.sub(r"\W+", "-", what)


def breaking(request: Request, what: str, *, image: str = "small", **fault: Any) -> list[Case]:
    """Once, which must not matter, and always."""
    return [
        Case(request, f"{what} once", {**fault, "times": 1}, image=image),
        Case(request, f"{what} always", fault, CONNECTION, image=image),
    ]


def refusing(request: Request, status: int, remedy: str, *, passes: bool) -> list[Case]:
    cases = [Case(request, f"answers {status} always", {"status": status}, remedy, final=not passes)]
    if passes:
        cases.append(Case(request, f"answers {status} once", {"status": status, "times": 1}))
    return cases


CASES = [
    # The connection is reset.
    *[
        case
        for request in (MANIFEST_GET, CONFIG_GET, LAYER_GET, BLOB_HEAD, UPLOAD_POST, UPLOAD_PUT, MANIFEST_PUT, TAG_PUT)
        for case in breaking(request, "reset", cut="request")
    ],
    *breaking(TOKEN, "reset", cut="request", image="guarded"),
    *[
        case
        for request in (MANIFEST_GET, CONFIG_GET, LAYER_GET)
        for case in breaking(request, "reset after the head", cut="body")
    ],
    *breaking(MANIFEST_GET, "reset in the body", cut="body", at=100),
    *breaking(CONFIG_GET, "reset in the body", cut="body", at=1),
    *breaking(UPLOAD_PUT, "reset in the body", cut="request", at=100_000),
    *[
        Case(request, "answer lost once", {"cut": "answer", "times": 1})
        for request in (UPLOAD_POST, UPLOAD_PUT, MANIFEST_PUT, TAG_PUT)
    ],
    Case(LAYER_GET, "reset at the first byte once", {"cut": "body", "at": 1, "times": 1}),
    Case(LAYER_GET, "reset before the last byte once", {"cut": "body", "at": -1, "times": 1}),
    # A transfer that gets on is not given up, one that creeps is.
    Case(LAYER_GET, "reset every 100000 bytes always", {"cut": "body", "at": 100_000}),
    Case(LAYER_GET, "reset at every byte always", {"cut": "body", "at": 1}, CONNECTION),
    Case(UPLOAD_PATCH, "reset at the start once", {"cut": "request", "times": 1}, image="large"),
    Case(UPLOAD_PATCH, "reset in the middle once", {"cut": "request", "at": 4 << 20, "times": 1}, image="large"),
    Case(UPLOAD_PATCH, "answer lost once", {"cut": "answer", "times": 1}, image="large"),
    # docker-registry cannot go on with an upload after this: the layer must be made again.
    Case(
        UPLOAD_PATCH,
        "second reset in the middle once",
        {"cut": "request", "at": 4 << 20, "after": 1, "times": 1},
        image="large",
    ),
    Case(
        UPLOAD_PATCH, "reset in the middle always", {"cut": "request", "at": 4 << 20}, "try again later", image="large"
    ),
    # A copy sends a blob in one request, then in several, then all of them again.
    Case(UPLOAD_PATCH, "reset once", {"cut": "request", "at": 4 << 20, "times": 1}, image="large", command="copy"),
    Case(UPLOAD_PATCH, "reset 5 times", {"cut": "request", "at": 4 << 20, "times": 5}, image="large", command="copy"),
    Case(UPLOAD_PATCH, "reset always", {"cut": "request", "at": 4 << 20}, CONNECTION, image="large", command="copy"),
    # The body is not what the head says.
    *breaking(MANIFEST_GET, "ends early", cut="body", at=100, end=True),
    *breaking(LAYER_GET, "ends early", cut="body", end=True),
    *breaking(LAYER_GET, "ends early without a length", cut="body", end=True, length=None),
    *breaking(MANIFEST_GET, "length too large", length=50),
    Case(MANIFEST_GET, "length too small always", {"length": -50}, DAMAGED),
    Case(LAYER_GET, "length too large always", {"length": 50}, SIZE, final=True),
    Case(LAYER_GET, "length too small always", {"length": -50}, SIZE, final=True),
    *[Case(request, "no length always", {"length": None}) for request in (MANIFEST_GET, CONFIG_GET, LAYER_GET)],
    # The registry refuses.
    *[
        case
        for request in (MANIFEST_GET, LAYER_GET, UPLOAD_POST, UPLOAD_PUT, MANIFEST_PUT, TAG_PUT)
        for status, remedy, passes in (
            (401, CREDENTIALS, False),
            (403, CREDENTIALS, False),
            (429, "wait, or log in for a higher limit", True),
            (500, OVERLOADED, True),
            (503, OVERLOADED, True),
        )
        for case in refusing(request, status, remedy, passes=passes)
    ],
    Case(MANIFEST_GET, "answers 404 always", {"status": 404}, "check the names of repository and tag", final=True),
    Case(LAYER_GET, "answers 404 always", {"status": 404}, "incomplete in the registry; push it again", final=True),
    Case(UPLOAD_POST, "answers 404 always", {"status": 404}, "check the name of the repository", final=True),
    Case(UPLOAD_PATCH, "answers 404 once", {"status": 404, "after": 1, "times": 1}, image="large"),
    Case(MANIFEST_GET, "asks for a pause once", {"status": 429, "retry_after": "2", "times": 1}),
    Case(UPLOAD_PUT, "asks for a pause once", {"status": 429, "retry_after": "2", "times": 1}),
]


@dataclass(frozen=True)
class Source:
    """An image in a registry, with the digests of its documents and of its last layer."""

    registry: Registry
    repository: str
    layout: str  # the same image as a layout
    digests: dict[str, str]


@dataclass(frozen=True)
class Attempt:
    """How a conversion ended."""

    case: Case
    location: str
    relay: FaultRelay
    outcome: Outcome
    source: Source
    before: dict[str, str]  # digests of the target's tags
    after: dict[str, str]


def upload_source(registry: Registry, name: str, folder: Path, sizes: tuple[int, ...]) -> Source:
    """Layers of `sizes` bytes, in the registry and as a layout."""
    layout = Layout(folder / name)
    layers = [layout.add_layer([Entry(f"data/{size}", noise(size, size))]) for size in sizes]
    location = layout.tag(layout.add_image(layers), "app")
    repository = f"broken/{name}"
    Accelctl(folder / f"{name}-copy")("copy", location, registry.reference(f"{repository}:app")).succeeded()
    _, manifest = Repository(registry, repository).manifest("app")
    digests = {"layer": manifest["layers"][-1]["digest"], "config": manifest["config"]["digest"]}
    return Source(registry, repository, location, digests)


def put_old_tag(repository: Repository) -> None:
    """What the target's tag names before: it must not move when the conversion fails."""
    config = {"mediaType": "application/vnd.oci.empty.v1+json", **repository.put_blob(b"{}")}
    repository.put_manifest("app", {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": []})


def digests_of(repository: Repository) -> dict[str, str]:
    return {tag: repository.manifest(tag)[0] for tag in repository.tags()}


def attempt(case: Case, source: Source, folder: Path) -> Attempt:
    """Converts or copies through a relay that does what the case says."""
    target = f"broken/target/{case.name}"
    path = case.request.path.format(source=source.repository, target=target, **source.digests)
    fault = Fault(case.request.method, path, **case.fault)
    accelctl = Accelctl(folder / "accelctl")
    with contextlib.ExitStack() as servers:
        relay = servers.enter_context(FaultRelay(fault).running())
        location, registry, authorization = relay.reference(f"{source.repository}:app"), source.registry, ""
        if case.command == "copy":
            location = source.layout  # within a registry, blobs are mounted
        if case.image == "guarded":
            realm = f"http://127.0.0.1:{relay.port}/token"
            registry = servers.enter_context(registries.token_registry(folder / "registry", realm=realm))
            assert registry.token_server
            relay.token_upstream = registry.token_server.port
            authorization = "Bearer " + registry.token_server.token([f"repository:{target}:pull,push"])
            accelctl.log_in(f"127.0.0.1:{relay.port}", registries.USER, registries.PASSWORD)
            location = source.layout
        relay.upstream = registry.port
        repository = Repository(registry, target, authorization)
        put_old_tag(repository)
        before = digests_of(repository)
        options = ("--driver", "zstdchunked", "--option", "compression_level=1") if case.command == "convert" else ()
        arguments = (case.command, location, relay.reference(f"{target}:app"), *options, "--progress", "none")
        outcome = accelctl.start(*arguments).finish(timeout=LONGEST)
        return Attempt(case, location, relay, outcome, source, before, digests_of(repository))


@pytest.fixture(scope="module")
def attempts(
    request: pytest.FixtureRequest, registry: Registry, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[Attempt]]]:
    """The attempts of all cases that this run asks for."""
    specs = [getattr(item, "callspec", None) for item in request.session.items if item.path == request.path]
    wanted: list[Case] = [spec.params["case"] for spec in specs if spec]
    assert len({case.name for case in wanted}) == len(wanted)
    folder = tmp_path_factory.mktemp("broken")
    small = upload_source(registry, "small", folder, (1000, 300_000))
    large = upload_source(registry, "large", folder, (1000, 20_000_000)) if any_large(wanted) else small
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        yield {
            case.name: pool.submit(attempt, case, large if case.image == "large" else small, folder / case.name)
            for case in wanted
        }


def any_large(cases: list[Case]) -> bool:
    return any(case.image == "large" for case in cases)


def what_of(request: Seen) -> tuple[str, str]:
    """What a request is about: the digest of an upload, whose path is new with each try, or the path."""
    return request.method, request.path.rpartition("digest=")[2]


def check_pause(made: Attempt) -> None:
    """A request that was refused with Retry-After came again only after that time."""
    if pause := made.case.fault.get("retry_after"):
        (refused,) = made.relay.faulty
        again = next(seen for seen in made.relay.seen if seen.at > refused.at and what_of(seen) == what_of(refused))
        assert again.at - refused.at >= float(pause)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_passes_is_survived_and_what_lasts_is_one_line(case: Case, attempts: dict[str, Future[Attempt]]) -> None:
    made = attempts[case.name].result()
    assert made.relay.faulty  # the test tests something
    assert made.outcome.peak_bytes < 1 << 30
    tries = Counter(request.path for request in made.relay.faulty)
    assert not case.final or max(tries.values()) <= 2  # two blobs may begin an upload at the same path
    if not case.remedy:
        made.outcome.succeeded()
        assert made.after.keys() == {"app"}
        assert made.after != made.before
        check_pause(made)
        return
    error = made.outcome.failed()
    assert made.location in error
    assert case.remedy in error
    assert ": :" not in error  # a place without a name
    assert case.final or case.remedy == DAMAGED or made.relay.faulty[1:]  # what may pass was tried again
    if case.request in LAYER_REQUESTS and case.image != "guarded":
        assert re.search(r"(layer|config|blob) sha256:[0-9a-f]{12}", error)
    if case.request == LAYER_GET:
        assert made.source.digests["layer"][:19] in error
    assert made.after == made.before


def test_an_address_where_nobody_listens_is_named(accelctl: Accelctl) -> None:
    location = f"127.0.0.1:{registries.free_port()}/app:1"
    error = accelctl("convert", location, "--progress", "none").failed()
    assert location in error
    assert "refused; check host and port" in error
