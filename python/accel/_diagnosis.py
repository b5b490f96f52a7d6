"""Why the extension module cannot be imported."""

from __future__ import annotations

import importlib.machinery
import platform
import sys
from pathlib import Path


def explain(error: ImportError) -> str:
    """What was tried, by which interpreter, and the likely cause."""
    built = sorted(path.name for path in Path(__file__).parent.glob("_core*.so"))
    wanted = importlib.machinery.EXTENSION_SUFFIXES[0]
    if not built:
        cause = "it was not built: run `make build` in the checkout, or `pip install .`"
    elif f"_core{wanted}" not in built:
        cause = f"it was built for another interpreter ({', '.join(built)}): install the package for this one"
    elif "undefined symbol: _ZN5accel" in str(error):
        cause = "its build is incomplete: run `make build` again"
    else:
        cause = "a system library is missing or too old: `ldd` on the file shows which"
    return (
        f"cannot import accel._core with Python {platform.python_version()} on {platform.machine()} "
        f"({sys.executable}): {error}; {cause}"
    )
