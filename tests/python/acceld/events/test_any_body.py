"""Whatever a stranger sends is refused as a bad payload or understood; nothing else comes out."""

from __future__ import annotations

import contextlib
import copy
import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import accel
from acceld.errors import PayloadError
from acceld.events import parse
from acceld.events.artifact import recognise
from acceld.events.skip import SkipRules
from acceld.intake import take_in

WORDS = [
    *("type", "event_data", "resources", "resource_url", "digest", "tag", "operator", "specversion", "id", "source"),
    *("data", "name", "reference", "mediaType", "events", "action", "target", "repository", "request", "host", "url"),
    *("driver", "options", "priority", "manifests", "layers", "config", "annotations", "artifactType", "subject"),
]
TEXTS = [
    *("PUSH_ARTIFACT", "harbor.artifact.pushed", "zotregistry.image.updated", "push", "1.0", "", "h.io/a:1", "h.io"),
    *("application/vnd.oci.image.manifest.v1+json", "sha256:" + "a" * 64, "h.io/a@sha256:" + "b" * 64, "a b", "\x00"),
    *("http://[", "//", "h.io:99999999/a", "@", "a" * 300),
]
TEXT = st.sampled_from(TEXTS) | st.text("a:/@.\n\x00\u00e9", max_size=12)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=6),
    max_leaves=15,
)
DOCUMENTS = st.dictionaries(st.sampled_from(WORDS), VALUES, max_size=8)
HEADERS = st.dictionaries(
    st.sampled_from(["Content-Type", "ce-specversion", "ce-type", "ce-id", "ce-source"]), st.sampled_from(TEXTS)
)
REGISTRIES = st.sampled_from(["", "h.io", "a b"])
PAYLOADS = [json.loads(path.read_bytes()) for path in sorted(Path(__file__).parent.glob("payloads/*.json"))]
CONFIG = accel.Config.from_dict({"converter": {"driver": "estargz"}})
RULES = SkipRules.of(CONFIG)
UNHURRIED = settings(deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])


def receive(body: bytes, headers: dict[str, str], registry: str) -> str:
    """What becomes of a body: a refusal in one line, or nothing to complain about."""
    try:
        events = parse(body, headers, registry)
    except PayloadError as error:
        return str(error)
    for event in events:
        with contextlib.nullcontext() if not event.asked else contextlib.suppress(accel.ConfigError):
            take_in(event, CONFIG, RULES)
    return ""


@st.composite
def spoiled(draw: st.DrawFn) -> Any:
    """A real payload in which one value is another."""
    document = copy.deepcopy(draw(st.sampled_from(PAYLOADS)))
    place: Any = document
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or not place[key] or draw(st.booleans()):
            place[key] = draw(VALUES)
            return document
        place = place[key]


@UNHURRIED
@given(document=DOCUMENTS | spoiled(), headers=HEADERS, registry=REGISTRIES)
def test_any_json(document: Any, headers: dict[str, str], registry: str) -> None:
    assert "\n" not in receive(json.dumps(document).encode(), headers, registry)


@UNHURRIED
@given(body=st.binary(max_size=200), headers=HEADERS)
def test_any_bytes(body: bytes, headers: dict[str, str]) -> None:
    assert "\n" not in receive(body, headers, "")


@UNHURRIED
@given(document=DOCUMENTS)
def test_any_manifest(document: dict[str, Any]) -> None:
    assert recognise(document).what
