"""What `make demo` runs: converts a sample image of real files to every format, checks each result, prints a table.

No server and no network: source and results are OCI layouts in a temporary directory.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

import accel
from sample_image import make_sample_image

# Every format; where options give different layers, each of them.
VARIANTS: list[tuple[str, dict[str, str]]] = [
    ("estargz", {}),
    ("zstdchunked", {"dialect": "stargz"}),
    ("zstdchunked", {"dialect": "containers"}),
    ("zstdchunked", {"dialect": "joint"}),
    ("nydus", {"fs_version": "6"}),
    ("nydus", {"fs_version": "5"}),
]


def megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def main() -> int:
    """Returns the exit status: 0 when every result holds what the source holds."""
    console = Console(width=None if sys.stdout.isatty() else 100, highlight=False)
    missing = {known.name for known in accel.formats()} - {driver for driver, _ in VARIANTS}
    if missing:
        console.print(f"formats without a line in this demo: {', '.join(sorted(missing))}")
        return 1
    with tempfile.TemporaryDirectory(prefix="accel-demo-") as name:
        folder = Path(name)
        source = make_sample_image(folder / "source")
        image = accel.open(source)
        size = sum(layer.size for layer in image.layers)
        files = sum(1 for _ in image.files())
        console.print(f"sample image: {len(image.layers)} layers, {megabytes(size)}, {files} files\n")

        table = Table("format", "size", "of source", "convert", "check", "result")
        failures = 0
        for driver, options in VARIANTS:
            target = f"oci:{folder / 'results'}:{'-'.join([driver, *options.values()])}"
            result = accel.convert(source, target, driver=driver, options=options)
            begin = time.perf_counter()
            report = accel.check(source, target)
            failures += not report.equal
            table.add_row(
                " ".join([driver, *(f"{key}={value}" for key, value in options.items())]),
                megabytes(result.targets[0].size),
                f"{result.targets[0].size / result.source.size:.0%}",
                f"{result.elapsed.total:.2f} s",
                f"{time.perf_counter() - begin:.2f} s",
                f"{report.files} files equal" if report.equal else f"[red]{len(report.differences)} differences",
            )
            for difference in report.differences[:5]:
                console.print(f"  {difference.path}: {difference.field}: {difference.source} / {difference.target}")

        every = [known.name for known in accel.formats()]
        target = f"oci:{folder / 'together'}:{{driver}}"
        together = accel.convert(source, target, driver=every)
        table.add_section()
        table.add_row(f"{' + '.join(every)} in one pass", "", "", f"{together.elapsed.total:.2f} s", "", "")
        console.print(table)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
