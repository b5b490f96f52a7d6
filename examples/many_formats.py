"""Makes several formats of several images: each image is read once, the images are converted side by side.

usage: python many_formats.py IMAGE... TARGET_FOLDER
"""

from __future__ import annotations

import asyncio
import sys

import accel
from accel.units import size_text

# A name may hold options for its driver alone; plain names go to every driver that has such an option.
OPTIONS = {"estargz.compression_level": 9, "zstdchunked.dialect": "joint"}


async def convert_all(images: list[str], folder: str) -> list[accel.ConvertResult]:
    """One conversion for each image. When one fails, those still running are cancelled and clean up."""
    drivers = [known.name for known in accel.formats()]
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(
                accel.aio.convert(image, f"oci:{folder}:image{number}-{{driver}}", driver=drivers, options=OPTIONS)
            )
            for number, image in enumerate(images)
        ]
    return [task.result() for task in tasks]


def main(images: list[str], folder: str) -> int:
    for result in asyncio.run(convert_all(images, folder)):
        print(f"{result.source.reference}  {size_text(result.source.size)}")
        for made in result.targets:
            print(f"  {made.driver:<12} {size_text(made.size):>10}  {made.reference}")
    return 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:-1], sys.argv[-1]))
