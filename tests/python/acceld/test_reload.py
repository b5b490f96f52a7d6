"""What another configuration may change while the daemon runs."""

from __future__ import annotations

from typing import Any

import accel
from acceld.reload import without_fixed


def config(**sections: Any) -> accel.Config:
    return accel.Config.from_dict(sections)


def test_what_cannot_change_stays_and_is_named() -> None:
    now = config(server={"port": 1, "rate": 5}, queue={"url": "sqlite:////a/b.db"}, converter={"worker": 1})
    wanted = config(
        server={"port": 2, "rate": 7},
        queue={"url": "sqlite:////c/d.db", "retention": "9d"},
        converter={"worker": 3},
        provider={"work_dir": "/elsewhere", "cache_size": 7},
    )
    held, later = without_fixed(wanted, now)
    assert later == ["server.port", "provider.work_dir", "queue.url"]
    assert (held.server.port, held.server.rate) == (1, 7)
    assert held.queue.url.get_secret_value() == "sqlite:////a/b.db"
    assert (held.queue.retention, held.converter.worker, held.provider.cache_size) == (9 * 86400, 3, 7)
    assert held.provider.work_dir == now.provider.work_dir
    assert "work_dir" not in held.provider.model_fields_set


def test_the_same_configuration_changes_nothing() -> None:
    now = config(server={"port": 1}, provider={"work_dir": "/w"})
    assert without_fixed(now, now) == (now, [])
