"""How much longer things take on a machine that has other work."""

from __future__ import annotations

import os


def seconds(wanted: float) -> float:
    """What `wanted` seconds of an idle machine may take on this one now, as its processors are shared by so many."""
    return wanted * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
