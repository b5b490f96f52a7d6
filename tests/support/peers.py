"""Programs of others that scripts/peers or a package manager of their language built below one cache folder."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def peer_program(name: str, program: str) -> str:
    """The program of peer `name`, built or else in PATH; "" when it is not there."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    built = cache / "accel-peers" / name / "bin" / program
    return str(built) if built.exists() else shutil.which(program) or ""
