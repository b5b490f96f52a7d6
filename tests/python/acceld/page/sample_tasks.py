"""A database as a service has it after a day: tasks of all states, two of them at work, logs, counts by time."""

from __future__ import annotations

import hashlib
import json
import random
import time
import uuid
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from acceld.tasks import counters
from acceld.tasks.schema import ask, log_line, tally
from acceld.tasks.schema import task as task_table

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from acceld.tasks.db import Database

REGISTRIES = ("harbor.example.com", "registry.example.org:5000")
NAMES = ("shop/cart", "shop/checkout", "ml/trainer", "ml/notebook", "infra/gateway", "infra/build-agent", "web/front")
PROFILES = ("default", "nydus", "large")
FORMATS = {"default": ("estargz",), "nydus": ("nydus",), "large": ("nydus", "zstdchunked")}
ERRORS = (
    'pull ml/trainer:2.4.1: registry answered 401 UNAUTHORIZED; check it with "accelctl doctor harbor.example.com"',
    "layer sha256:9f2c1d0b7a64: gzip data ends in the middle of member 3 at byte 48211034; push the image again",
    "push infra/gateway:7-nydus: registry answered 507 INSUFFICIENT STORAGE; make room in the project",
)
LOG = (
    ("info", "source is an index of 2 platforms, 9 distinct layers"),
    ("info", "cache image harbor.example.com/cache:accel has 6 of 9 layers"),
    ("debug", "layer sha256:3b1f0c77e2aa: 412 files, 38.1 MB"),
    ("warning", "registry answered 429, waiting 2 s as it asked"),
    ("info", "layer sha256:3b1f0c77e2aa is estargz now, 36.9 MB"),
)


def digest_of(text: str) -> str:
    """A digest that is always the same for the same text."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def fill(database: Database, count: int = 300, *, seed: int = 7) -> dict[str, str]:
    """Adds `count` tasks of the last day.

    Returns:
        The id of one task in each state.
    """
    chance = random.Random(seed)
    now = time.time()
    ended = chance.choices(["done", "failed", "cancelled", "skipped"], [90, 6, 2, 5], k=count - 5)
    states = ["running", "running", "queued", "queued", "queued", *ended]
    ids: dict[str, str] = {}
    rows, tallied = [], dict[tuple[int, str, str], float]()
    for index, state in enumerate(states):
        row = _row(state, now - 30 - 280 * index * chance.uniform(0.9, 1.0), chance, index)
        rows.append(row)
        ids.setdefault(state, row["id"])
        _count(row, tallied)
    rows.sort(key=lambda row: row["created"])
    for number, row in enumerate(rows, 1):
        row["number"] = number

    def write(connection: Connection) -> None:
        connection.execute(insert(task_table), rows)
        chosen = {row["id"]: row["number"] for row in rows if row["id"] in ids.values()}
        for number in chosen.values():
            connection.execute(insert(ask), [{"task": number, "asker": "harbor 7c1e6d", "at": now - 60}])
            lines = [
                {"task": number, "at": now - 50 + step, "level": level, "message": message}
                for step, (level, message) in enumerate(LOG * 3)
            ]
            connection.execute(insert(log_line), lines)
        keys = [
            {"at": at, "name": name, "label": label, "value": value} for (at, name, label), value in tallied.items()
        ]
        connection.execute(insert(tally), keys)

    database.write(write)
    return ids


def _row(state: str, created: float, chance: random.Random, index: int) -> dict[str, Any]:
    profile = chance.choice(PROFILES)
    registry = REGISTRIES[chance.random() < 0.3]
    source = f"{registry}/{chance.choice(NAMES)}:{chance.randint(1, 9)}.{chance.randint(0, 20)}.{index % 10}"
    took = chance.lognormvariate(3, 0.8)
    ended = state not in {"running", "queued"}
    started = None if state in {"queued", "skipped"} else created + chance.uniform(0.2, 8)
    return {
        "id": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
        "kind": "convert",
        "key": f"key {index}",
        "open": not ended,
        "joins_running": True,
        "exclusive": None,
        "lane": registry,
        "source": source,
        "digest": digest_of(source),
        "profile": "" if state == "skipped" else profile,
        "arguments": "{}",
        "state": state,
        "priority": 0,
        "due": created,
        "attempt": 0 if started is None else 1 + (state == "failed") * 4,
        "max_attempts": 5,
        "token": "t" if state == "running" else None,
        "worker": "converter-1:4711/2" if started else "",
        "lease": time.time() + 3600 if state == "running" else None,
        "cancel_requested": False,
        "created": created,
        "started": started,
        "finished": (started or created) + took if ended else None,
        "error": _error(state, chance),
        "result": json.dumps(_result(source, profile, chance)) if state == "done" else "{}",
        "progress": json.dumps(progress(chance)) if state == "running" else "{}",
    }


def _error(state: str, chance: random.Random) -> str:
    if state == "failed":
        return chance.choice(ERRORS)
    return {"cancelled": "cancelled", "skipped": "a signature, not an image"}.get(state, "")


def progress(chance: random.Random) -> dict[str, Any]:
    """What a worker reports of a task with several layers."""
    layers: list[dict[str, Any]] = []
    for number in range(6):
        total = int(chance.lognormvariate(17.5, 1))
        share = max(0.0, min(1.0, 1.3 - 0.3 * number))
        pulled = int(total * share)
        layers.append(
            {
                "digest": digest_of(f"layer {number} {total}"),
                "pull": [pulled, total],
                "convert": [int(2.4 * pulled), int(2.4 * total) if share == 1 else 0],
                "push": [int(pulled * 0.8), int(pulled * 0.8) if share == 1 else 0],
            }
        )
    sums: dict[str, int] = {step: sum(layer[step][0] for layer in layers) for step in ("pull", "convert", "push")}
    return {"total": sum(layer["pull"][1] for layer in layers), **sums, "layers": layers}


def _result(source: str, profile: str, chance: random.Random) -> dict[str, Any]:
    layers: list[dict[str, Any]] = []
    for number in range(chance.randint(3, 9)):
        size = int(chance.lognormvariate(16.5, 1.3))
        layers.append(
            {
                "platform": "linux/amd64",
                "source": digest_of(f"{source} {number}"),
                "source_size": size,
                "cached": chance.random() < 0.55,
            }
        )
    total = sum(layer["source_size"] for layer in layers)
    targets = []
    for driver in FORMATS[profile]:
        made: list[dict[str, Any]] = [
            {**layer, "target": digest_of(f"{driver} {layer['source']}"), "target_size": _made(layer, chance)}
            for layer in layers
        ]
        targets.append(
            {
                "driver": driver,
                "reference": f"{source}-{driver}",
                "digest": digest_of(f"{driver} {source}"),
                "media_type": "application/vnd.oci.image.manifest.v1+json",
                "size": sum(layer["target_size"] for layer in made),
                "layers": made,
                "notes": [],
                "skipped": False,
            }
        )
    cached = [layer for layer in layers if layer["cached"]]
    mounted = sum(layer["source_size"] for layer in cached)
    return {
        "source": {"reference": source, "digest": digest_of(source), "size": total},
        "targets": targets,
        "source_size": total,
        "target_size": sum(target["size"] for target in targets),
        "elapsed": {"total": 12.0, "pull": 8.0, "convert": 9.0, "push": 7.0},
        "bytes": {"read": total - mounted, "written": total, "uploaded": total - mounted, "mounted": mounted},
        "cache": {"reference": "", "hits": len(cached), "misses": len(layers) - len(cached), "added": 0, "dropped": 0},
    }


def _made(layer: dict[str, Any], chance: random.Random) -> int:
    return int(layer["source_size"] * chance.uniform(0.88, 1.04))


def _count(row: dict[str, Any], tallied: dict[tuple[int, str, str], float]) -> None:
    """What the queue and the workers would have counted."""

    def add(when: float, name: str, label: str, value: float) -> None:
        key = (int(when) // counters.INTERVAL * counters.INTERVAL, name, label)
        tallied[key] = tallied.get(key, 0) + value

    if row["state"] == "skipped":
        return
    add(row["created"], "queued", "", 1)
    if row["started"]:
        add(row["started"] + 90 * (int(row["created"]) % 11), "queued", "", -1)
    if row["finished"]:
        add(row["finished"], "ended", row["state"], 1)
    result = json.loads(row["result"])
    if result:
        for name, value in result["bytes"].items():
            add(row["finished"], "bytes", name, value)
        for name in ("hits", "misses"):
            add(row["finished"], "cache", name, result["cache"][name])
        for side in ("source", "target"):
            add(row["finished"], "size", side, result[f"{side}_size"])
