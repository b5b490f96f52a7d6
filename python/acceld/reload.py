"""What of a new configuration can hold while the daemon runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import accel

# Section → keys that hold from start to end: addresses, the database and where it lies, names of metrics.
FIXED = {
    "server": ("name", "host", "port", "uds", "uds_mode"),
    "metric": ("enabled",),
    "provider": ("work_dir",),
    "queue": ("url", "lease"),
}


def without_fixed(wanted: accel.Config, now: accel.Config) -> tuple[accel.Config, list[str]]:
    """`wanted` with the values of `now` where they cannot change, and the keys whose change has to wait."""
    later = []
    sections = {}
    for name, keys in FIXED.items():
        old, new = getattr(now, name), getattr(wanted, name)
        kept = {key: getattr(old, key) for key in keys if getattr(old, key) != getattr(new, key)}
        if name == "server" and (old.tls is None) != (new.tls is None):
            kept["tls"] = old.tls
        later += [f"{name}.{key}" for key in kept]
        sections[name] = new.model_copy(update=kept)
        # What was left to its default still is: a store in everybody's /tmp is none of ours.
        sections[name].model_fields_set.difference_update(kept.keys() - old.model_fields_set)
    return wanted.model_copy(update=sections), later
