"""Converts one image to eStargz and shows what became of each layer.

usage: python convert_one.py SOURCE TARGET
"""

from __future__ import annotations

import sys

import accel
from accel.units import ratio_text, short_digest, size_text


def main(source: str, target: str) -> int:
    try:
        result = accel.convert(source, target, driver="estargz", verify=True, progress=accel.progress.auto())
    except accel.Error as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    (made,) = result.targets
    print(f"{made.reference}@{made.digest}")
    for layer in made.layers:
        ratio = ratio_text(layer.target_size, layer.source_size)
        print(
            f"  {short_digest(layer.source)} -> {short_digest(layer.target)}  {size_text(layer.target_size)}  {ratio}"
        )
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
