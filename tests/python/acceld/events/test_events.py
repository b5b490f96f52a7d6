"""Bodies of every sender become the same events, or are refused with what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from acceld.errors import PayloadError
from acceld.events import parse
from acceld.events.event import MAX_BODY, Event

PAYLOADS = Path(__file__).parent / "payloads"
A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
JSON = {"Content-Type": "application/json"}
CLOUD = {"Content-Type": "application/cloudevents+json; charset=UTF-8"}


def body(name: str) -> bytes:
    return (PAYLOADS / name).read_bytes()


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


def brief(event: Event) -> tuple[str, str, str, str, str]:
    return event.sender, str(event.reference), event.digest, event.media_type, event.operator


@pytest.mark.parametrize(
    ("name", "headers", "registry", "expected"),
    [
        ("harbor_push.json", JSON, "", [("harbor", "harbor.example/library/nginx:1.25", A, "", "admin")]),
        ("harbor_child.json", JSON, "", [("harbor", f"harbor.example/library/nginx@{B}", B, "", "admin")]),
        ("harbor_scan.json", JSON, "", []),
        (
            "cloudevents_push.json",
            CLOUD,
            "",
            [("cloudevents", "harbor.example/library/nginx:1.25", A, "", "robot$library+ci")],
        ),
        (
            "distribution_push.json",
            {"content-type": "application/vnd.docker.distribution.events.v2+json"},
            "",
            [
                ("distribution", "registry.example:5000/team/app:v2", A, INDEX, "ci"),
                ("distribution", f"registry.example:5000/team/app@{B}", B, MANIFEST, ""),
            ],
        ),
        (
            "distribution_push.json",
            JSON,
            "outer.example",
            [
                ("distribution", "outer.example/team/app:v2", A, INDEX, "ci"),
                ("distribution", f"outer.example/team/app@{B}", B, MANIFEST, ""),
            ],
        ),
        ("zot_updated.json", CLOUD, "zot.example:8080", [("zot", "zot.example:8080/team/app:v2", A, MANIFEST, "")]),
    ],
)
def test_what_each_sender_writes_is_understood(
    name: str, headers: dict[str, str], registry: str, expected: list[tuple[str, ...]]
) -> None:
    assert [brief(event) for event in parse(body(name), headers, registry)] == expected


def test_the_reference_s_smallest_payload_is_enough() -> None:
    smallest = {"type": "PUSH_ARTIFACT", "event_data": {"resources": [{"resource_url": "localhost:5000/nginx:1"}]}}
    (event,) = parse(encoded(smallest), {})
    assert brief(event) == ("harbor", "localhost:5000/nginx:1", "", "", "")


@pytest.mark.parametrize(
    "document",
    [
        {"type": "PULL_ARTIFACT"},
        {"type": "DELETE_ARTIFACT", "event_data": {"resources": [{}]}},
        {"type": ""},
        {"type": "PUSH_ARTIFACT"},
        {"type": "PUSH_ARTIFACT", "event_data": None},
        {"type": "PUSH_ARTIFACT", "event_data": {"resources": None}},
        {"specversion": "1.0", "type": "harbor.scan.completed", "id": "1"},
        {"specversion": "1.0", "type": "zotregistry.image.deleted", "id": "1"},
        {"events": []},
        {"events": None},
    ],
)
def test_what_is_no_push_is_accepted_and_means_nothing(document: Any) -> None:
    assert parse(encoded(document), {}) == []


def test_a_repeated_delivery_has_the_same_name_and_another_push_has_not() -> None:
    first, again = (parse(body("harbor_push.json"), JSON)[0].delivery for _ in range(2))
    later = parse(body("harbor_push.json").replace(b"1764410400", b"1764410401"), JSON)[0].delivery
    assert first == again != later
    (event,) = parse(body("cloudevents_push.json"), CLOUD)
    (repeated,) = parse(body("cloudevents_push.json").replace(b"11aa22bb", b"99aa22bb"), CLOUD)  # another request id
    assert event.delivery == repeated.delivery
    (other,) = parse(body("cloudevents_push.json").replace(b"5e0f6d0a", b"6e0f6d0a"), CLOUD)
    assert event.delivery != other.delivery
    deliveries = {event.delivery for event in parse(body("distribution_push.json"), JSON)}
    assert len(deliveries) == 2


def test_what_scripts_send_in_harbors_form_is_a_new_wish_each_time() -> None:
    # The reference's `accelctl task create` sends this: the second one means that the tag has moved meanwhile.
    document = {"type": "PUSH_ARTIFACT", "event_data": {"resources": [{"resource_url": "h.io/app:1"}]}}
    (event,) = parse(json.dumps(document).encode(), JSON)
    assert not event.delivery


def test_a_delivery_has_a_short_name_whatever_the_sender_calls_it() -> None:
    document = json.loads(body("cloudevents_push.json"))
    document["id"] = "\x00" * 100_000
    (event,) = parse(encoded(document), CLOUD)
    assert len(event.delivery) < 100
    assert event.delivery.isprintable()


def test_cloudevents_in_binary_mode_have_their_attributes_in_headers() -> None:
    document = json.loads(body("zot_updated.json"))
    headers = {
        "Content-Type": "application/json",
        "Ce-Specversion": "1.0",
        "Ce-Id": document["id"],
        "Ce-Source": "https://zot.example",
        "Ce-Type": "com.example.registry.image.updated",
    }
    (event,) = parse(encoded(document["data"]), headers)
    assert str(event.reference) == "zot.example/team/app:v2"
    assert event.delivery.startswith("zot ")


def test_zot_names_a_manifest_without_tag_by_its_digest() -> None:
    document = json.loads(body("zot_updated.json"))
    document["data"] |= {"reference": B, "digest": B}
    (event,) = parse(encoded(document), CLOUD, "h.io")
    assert (str(event.reference), event.digest) == (f"h.io/team/app@{B}", B)


def test_a_plain_request_says_what_it_wants() -> None:
    document = {
        "source": "h.io/app:1",
        "driver": ["nydus", "estargz"],
        "options": {"fs_version": 5, "docker2oci": True, "compressor": "zstd"},
        "target": "h.io/fast/app:{driver}",
        "priority": 7,
    }
    (event,) = parse(encoded(document), JSON)
    assert (event.drivers, event.target, event.priority, event.asked) == (
        ("nydus", "estargz"),
        "h.io/fast/app:{driver}",
        7,
        True,
    )
    assert event.options == {"fs_version": "5", "docker2oci": "true", "compressor": "zstd"}
    (event,) = parse(encoded({"source": "nginx", "driver": "nydus"}), {})
    assert (str(event.reference), event.drivers, event.priority, event.delivery) == (
        "docker.io/library/nginx:latest",
        ("nydus",),
        None,
        "",
    )


PUSH = {"type": "PUSH_ARTIFACT"}


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b'{"type": NaN}', "no JSON"),
        (b'{"source": "h.io/\\ud800"}', "no JSON"),
        (encoded({"source": "a" * 3000 + ".io/a:1"}), "source: a reference of 3007 characters; at most 800"),
        (b"\xff\xfe", "no JSON"),
        (b"[]", "no JSON object"),
        (b'"Ok"', "no JSON object"),
        (b" " * (MAX_BODY + 1), f"at most {MAX_BODY}"),
        (encoded({}), 'want {"source": REFERENCE}'),
        (encoded({"type": 1}), "type is no text"),
        (encoded({**PUSH, "event_data": []}), "event_data is no object"),
        (encoded({**PUSH, "event_data": {"resources": {}}}), "event_data.resources is no list of objects"),
        (encoded({**PUSH, "event_data": {"resources": ["x"]}}), "event_data.resources is no list of objects"),
        (encoded({**PUSH, "event_data": {"resources": [{}] * 1001}}), "1001 members; at most 1000"),
        (encoded({**PUSH, "event_data": {"resources": [{}]}}), "event_data.resources[0].resource_url is missing"),
        (
            encoded({**PUSH, "event_data": {"resources": [{"resource_url": "h.io/A b"}]}}),
            "event_data.resources[0].resource_url: ",
        ),
        (
            encoded({**PUSH, "event_data": {"resources": [{"resource_url": "h.io/a:1", "digest": "sha256:xyz"}]}}),
            "event_data.resources[0].digest: ",
        ),
        (encoded({"specversion": "1.0", "type": "harbor.artifact.pushed", "data": {}}), "has no id"),
        (encoded({"specversion": "1.0", "type": 5, "id": "1"}), "type is no text"),
        (encoded({"specversion": "1.0", "id": "1", "type": "x.image.updated"}), "?registry=HOST"),
        (
            encoded({"specversion": "1.0", "id": "1", "source": "https://h.io", "type": "x.image.updated"}),
            "data.name and data.reference are missing",
        ),
        (encoded({"events": {}}), "events is no list of objects"),
        (encoded({"events": [{"action": "push", "target": []}]}), "events[0].target is no object"),
        (
            encoded({"events": [{"action": "push", "target": {"mediaType": MANIFEST, "repository": "a", "tag": "1"}}]}),
            "events[0].request.host is missing",
        ),
        (
            encoded({"events": [{"action": "push", "target": {"mediaType": MANIFEST, "url": "http://h/x"}}]}),
            "events[0].target names no repository",
        ),
        (encoded({"source": 1}), "source is no text"),
        (encoded({"source": "h.io/UPPER"}), "source: "),
        (encoded({"source": "h.io/a", "drivr": "nydus"}), "unknown key 'drivr'; accepted: source, driver"),
        (encoded({"source": "h.io/a", "driver": 1}), "driver is neither"),
        (encoded({"source": "h.io/a", "driver": [""]}), "driver is neither"),
        (encoded({"source": "h.io/a", "options": {"a": None}}), "options.a is neither"),
        (encoded({"source": "h.io/a", "priority": True}), "priority is no whole number"),
        (encoded({"source": "h.io/a", "priority": 1001}), "from -1000 to 1000"),
    ],
)
def test_other_bodies_are_refused_with_what_is_wrong(raw: bytes, message: str) -> None:
    with pytest.raises(PayloadError) as caught:
        parse(raw, JSON)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
