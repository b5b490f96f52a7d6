"""What a child tells of its progress: all of it, and layer by layer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest

import accel
from acceld.workers import child


class Kept:
    """The end of a pipe that keeps what is sent."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    def send_bytes(self, message: bytes) -> None:
        self.messages.append(json.loads(message))


def test_each_layer_of_a_conversion_is_told_of(image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "_PROGRESS_INTERVAL", 0)
    kept = Kept()
    reporter = child._Reporter(cast("Any", kept), None)
    target = f"oci:{tmp_path}/target:{{driver}}"
    result = accel.convert(image, target, driver=["estargz", "nydus"], progress=reporter.show)
    shown = [message["progress"] for message in kept.messages]
    last = shown[-1]
    layers = {layer.source: layer for layer in result.targets[0].layers}
    told = {layer["digest"]: layer for layer in last["layers"]}
    assert set(told) == set(layers)
    for digest, layer in told.items():
        assert layer["pull"] == [layers[digest].source_size] * 2
        assert layer["convert"][0] == layer["convert"][1] > 0
    assert last["pull"] == sum(layer["pull"][0] for layer in last["layers"])
    assert last["total"] >= last["pull"]
    assert [one["pull"] for one in shown if "pull" in one] == sorted(one["pull"] for one in shown if "pull" in one)
