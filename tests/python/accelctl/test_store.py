"""`accelctl store`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import accel
from accelctl.commands.store import gc
from tests.python.conftest import Outcome

Accelctl = Callable[..., Outcome]


@pytest.fixture
def store(tmp_path: Path) -> accel.Store:
    """Ten blobs of equal size, the last one used most."""
    made = accel.Store(tmp_path / "work")
    digests = [made.add(number.to_bytes(4, "big") * 16_384) for number in range(10)]
    assert made.read(digests[-1])
    return made


@pytest.fixture
def config(tmp_path: Path, store: accel.Store) -> str:
    """A configuration whose threshold the store just fills."""
    total = store.usage().total_bytes
    path = tmp_path / "c.yaml"
    text = f"provider: {{work_dir: {tmp_path}/work, gcpolicy: {{threshold: {total}B}}}}"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_df_shows_what_is_there(accelctl: Accelctl, config: str, store: accel.Store, tmp_path: Path) -> None:
    document = json.loads(accelctl("store", "df", "--config", config, "--output", "json").stdout)
    usage = store.usage()
    assert document == {"directory": f"{tmp_path}/work", "threshold": usage.total_bytes, **usage.to_dict()}
    text = accelctl("store", "df", "--config", config).stdout
    assert "100%" in text
    assert ["blobs", "10"] in [line.split()[:2] for line in text.splitlines()]
    assert "no limit" in accelctl("store", "df", "--work-dir", "work").stdout


def test_df_lists_blobs_in_the_order_of_eviction(accelctl: Accelctl, store: accel.Store) -> None:
    lines = accelctl("store", "df", "--work-dir", "work", "--blobs").stdout.splitlines()
    assert [line.split()[0] for line in lines[1:]] == [blob.digest for blob in store.blobs()]
    listed = json.loads(accelctl("store", "df", "--work-dir", "work", "--blobs", "--output", "json").stdout)[
        "blob_list"
    ]
    assert listed[-1]["uses"] == 2


def test_gc_evicts_down_to_the_part(accelctl: Accelctl, config: str, store: accel.Store) -> None:
    total = store.usage().total_bytes
    dry = accelctl("store", "gc", "--config", config, "--dry-run")
    assert dry.stdout.startswith("2 blobs (131.1 kB) would be evicted")
    assert store.usage().total_bytes == total
    document = json.loads(accelctl("store", "gc", "--config", config, "--output", "json").stdout)
    assert document["evicted_blobs"] == 2
    assert document["after_bytes"] == store.usage().total_bytes == total * 8 // 10
    text = accelctl("store", "gc", "--config", config, "--percent", "40").stdout
    assert text.startswith("4 blobs (262.1 kB) evicted; 262.1 kB of 524.3 kB left")
    accelctl("store", "gc", "--config", config, "--threshold", "1B", "--percent", "10")
    assert store.usage().blobs == 0


def test_default_is_what_the_service_does_after_a_task() -> None:
    (percent,) = [option.default for option in gc.params if option.name == "percent"]
    assert percent == accel.Store.AFTER_TASK_PERCENT


def test_gc_without_a_limit_evicts_nothing(accelctl: Accelctl, store: accel.Store) -> None:
    outcome = accelctl("store", "gc", "--work-dir", "work")
    assert outcome.code == 0
    assert "no limit" in outcome.stdout
    assert store.usage().blobs == 10


@pytest.mark.parametrize("action", ["df", "gc"])
def test_absent_store_is_empty_and_not_made(accelctl: Accelctl, tmp_path: Path, action: str) -> None:
    outcome = accelctl("store", action, "--work-dir", "absent", "--threshold", "1GB")
    assert (outcome.code, outcome.stderr) == (0, "")
    assert not (tmp_path / "absent").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["df"], "which store? give --config FILE or --work-dir DIR"),
        (["gc", "--work-dir", "work", "--threshold", "lots"], "--threshold: want a size such as 1000MB"),
        (["gc", "--work-dir", "work", "--percent", "101"], "--percent"),
        (["df", "--config", "absent.yaml"], "absent.yaml"),
        (["shrink"], "shrink"),
        ([], "see 'accelctl store --help'"),
    ],
)
def test_wrong_usage_says_what_is_wrong(accelctl: Accelctl, arguments: list[str], message: str) -> None:
    outcome = accelctl("store", *arguments)
    assert outcome.code == 2
    assert message in outcome.error


@pytest.mark.parametrize("action", ["df", "gc"])
def test_help_has_examples(accelctl: Accelctl, action: str) -> None:
    text = accelctl("store", action, "--help").stdout
    assert f"accelctl store {action} --" in text


def test_parts_that_are_links_are_one_line(accelctl: Accelctl, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work/blobs").symlink_to(tmp_path)
    outcome = accelctl("store", "df", "--work-dir", "work")
    assert outcome.code == 1
    assert "blobs" in outcome.error
