"""What the exit status says. Fixed: scripts rely on it."""

from __future__ import annotations

DONE = 0
FAILED = 1
USAGE = 2  # wrong usage or configuration
DIFFERENT = 3  # `check` found differences
INTERRUPTED = 130
