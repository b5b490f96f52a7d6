"""A gate for a pipeline: fails unless every converted image holds exactly what its source holds.

usage: python check_in_ci.py SOURCE CONVERTED...

Prints one JSON document a pair, for the log. Exit status 0: all equal; 1: an image cannot be read; 3: differences.
"""

from __future__ import annotations

import json
import sys

import accel


def main(source: str, converted: list[str]) -> int:
    status = 0
    for target in converted:
        try:
            report = accel.check(source, target, progress=accel.progress.plain())
        except accel.Error as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
        first = [f"{one.platform} {one.path}: {one.field}" for one in report.differences[:10]]
        print(json.dumps({"target": target, "equal": report.equal, "files": report.files, "differences": first}))
        status = status if report.equal else 3
    return status


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
