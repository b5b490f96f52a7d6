"""From an event to a task: the key of the work, what may run at once, and what is left alone."""

from __future__ import annotations

from typing import Any

import pytest

import accel
from acceld.events.event import Event
from acceld.events.skip import SkipRules
from acceld.intake import take_in
from acceld.tasks.model import NewTask, SkippedEvent

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64

CONVERTER: dict[str, Any] = {
    "driver": "nydus",
    "rules": [{"tag_suffix": "-nydus"}],
    "untagged": True,
    "profiles": [
        {"name": "big", "match": {"tag": "v*"}, "only_if": {"min_size": "1GB"}, "driver": "estargz", "priority": 5},
        {"name": "releases", "match": {"tag": "v*"}, "driver": "zstdchunked", "priority": 2},
    ],
}


def take(reference: str, *, converter: dict[str, Any] | None = None, **values: Any) -> NewTask | SkippedEvent:
    config = accel.Config.from_dict({"converter": CONVERTER if converter is None else converter})
    event = Event(**{"sender": "harbor", "delivery": "d", "reference": accel.Reference.parse(reference), **values})
    return take_in(event, config, SkipRules.of(config))


def task(reference: str, **values: Any) -> NewTask:
    found = take(reference, **values)
    assert isinstance(found, NewTask), found
    return found


def test_a_push_becomes_a_task_of_its_registry() -> None:
    new = task("h.io/app:1", digest=A)
    assert (new.kind, new.lane, new.source, new.digest) == ("convert", "h.io", "h.io/app:1", A)
    assert (new.profile, new.priority, new.asker, new.once) == ("default", 0, "d", True)
    assert new.joins_running


def test_the_same_digest_profile_and_name_are_the_same_work() -> None:
    key = task("h.io/app:1", digest=A).key
    assert task("h.io/app:1", digest=A, delivery="another").key == key
    others = [
        task("h.io/app:1", digest=B),
        task("h.io/app:2", digest=A),  # has another target
        task("h.io/other:1", digest=A),
        task("h.io/app:v1", digest=A),
        task("h.io/app:1", digest=A, drivers=("estargz",)),
        task("h.io/app:1", digest=A, options={"fs_version": "5"}),
        task("h.io/app:1", digest=A, target="h.io/x:y"),
        task("h.io/app:1"),
    ]
    assert len({key, *(other.key for other in others)}) == 1 + len(others)


def test_pushes_to_one_tag_never_run_at_once() -> None:
    assert task("h.io/app:1", digest=A).exclusive == task("h.io/app:1", digest=B).exclusive
    assert task("h.io/app:1", digest=A).exclusive != task("h.io/app:2", digest=A).exclusive


def test_without_a_digest_a_running_task_is_not_joined() -> None:
    assert not task("h.io/app:1").joins_running


def test_a_digest_without_tag_is_work_of_its_own() -> None:
    new = task(f"h.io/app@{A}", digest=A)
    assert (new.source, new.digest, new.joins_running) == (f"h.io/app@{A}", A, True)
    assert new.exclusive != task(f"h.io/app@{B}", digest=B).exclusive
    (candidate,) = accel.candidates(new.source, config=accel.Config.from_dict({"converter": CONVERTER}))
    assert [target.location for target in candidate.plan.targets] == [f"h.io/app:sha256-{'a' * 64}-nydus"]


def test_profiles_that_may_decide_are_named_and_the_highest_priority_counts() -> None:
    assert (task("h.io/app:v1").profile, task("h.io/app:v1").priority) == ("big|releases", 5)
    assert task("h.io/app:v1", priority=-3).priority == -3


@pytest.mark.parametrize(
    ("reference", "values", "reason"),
    [
        ("h.io/app:1-nydus", {}, "already ends with -nydus"),
        ("h.io/app:v1-estargz-nydus", {}, "already ends with -nydus"),
        ("h.io/app:1", {"media_type": "application/spdx+json"}, "an SBOM"),
        (f"h.io/app:{'t' * 125}", {}, "a tag may have 128"),
    ],
)
def test_what_needs_no_work_is_skipped_with_its_reason(reference: str, values: dict[str, Any], reason: str) -> None:
    found = take(reference, **values)
    assert isinstance(found, SkippedEvent)
    assert reason in found.reason
    assert (found.source, found.lane, found.asker) == (reference, "h.io", "d")


def test_a_push_that_no_profile_is_for_says_which_were_tried() -> None:
    converter = {"profiles": CONVERTER["profiles"]}
    found = take("h.io/app:1", converter=converter)
    assert isinstance(found, SkippedEvent)
    assert "tried big, releases" in found.reason
    with pytest.raises(accel.ConfigError, match="tried big, releases"):
        take("h.io/app:1", converter=converter, asked=True)


def test_what_a_person_asks_for_twice_is_asked_twice() -> None:
    new = task("h.io/app:1", asked=True, delivery="")
    assert (new.asker, new.once) == ("", False)
