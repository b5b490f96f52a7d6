"""`accelctl inspect`."""

from __future__ import annotations

import stat
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from accelctl import shared_options
from accelctl.errors import settling
from accelctl.output import print_json, print_table, printable

if TYPE_CHECKING:
    import accel

EPILOG = """\b
Examples:
  accelctl inspect registry.example/app:1-estargz
  accelctl inspect oci:layout:app --files --platform linux/arm64
  accelctl inspect docker-archive:app.tar --output json
  accelctl inspect registry.example/app:1-nydus --files --config acceld.yaml
"""

_TYPE_BITS = {
    "regular": stat.S_IFREG,
    "directory": stat.S_IFDIR,
    "symlink": stat.S_IFLNK,
    "character": stat.S_IFCHR,
    "block": stat.S_IFBLK,
    "fifo": stat.S_IFIFO,
}


@click.command(epilog=EPILOG)
@click.argument("image")
@click.option("--files", is_flag=True, help="List the merged tree, whiteouts applied.")
@shared_options.config_option
@shared_options.backend_options
@shared_options.platform_option
@shared_options.jobs_option
@shared_options.output_option
@shared_options.max_ratio_option
@shared_options.max_layer_size_option
@shared_options.registry_options
@shared_options.debug_option
def command(
    *,
    image: str,
    files: bool,
    config_file: str | None,
    backend_type: str | None,
    backend_config: str | None,
    platforms: tuple[str, ...],
    jobs: int | None,
    output: str,
    max_ratio: int | None,
    max_layer_size: int | None,
    debug: bool,
    **registry: Any,
) -> None:
    """Show an image's format, layers, sizes, chunks and compression."""
    import accel  # noqa: PLC0415 - --help must not wait for it

    shared_options.show_log(debug=debug)
    with settling():
        config = shared_options.load_config(config_file, [image], **registry)
    limits = shared_options.make_limits(max_ratio, max_layer_size)
    found = accel.inspect(
        image,
        backend_type=backend_type,
        backend_config=backend_config,
        platform=platforms,
        jobs=jobs,
        limits=limits,
        config=config,
    )
    if output == "json":
        document = found.to_dict()
        if files:
            for one, entry in zip(found.images, document["images"], strict=True):
                entry["files"] = [file.to_dict() for file in one.files()]
        print_json(document)
        return
    click.echo(f"{found.reference}\n{found.digest}  {found.media_type}")
    for one in found.images:
        _print_image(one)
        if files:
            sys.stdout.writelines(f"{_file_line(file)}\n" for file in one.files())


def _print_image(image: accel.Image) -> None:
    from accel.units import counted, short_digest, size_text  # noqa: PLC0415 - as above

    layers = f"{counted(len(image.layers), 'layer')}, {size_text(image.size)}"
    click.echo(f"\n{image.platform or 'no platform'}  {image.digest}  {layers}")
    rows = [
        (
            short_digest(layer.digest),
            layer.format,
            size_text(layer.size),
            size_text(layer.uncompressed_size) if layer.uncompressed_size else "",
            str(layer.entries or ""),
            str(layer.chunks or ""),
            ", ".join(f"{name} {short_digest(value)}" for name, value in layer.details.items()),
        )
        for layer in image.layers
    ]
    print_table(("LAYER", "FORMAT", "SIZE", "UNPACKED", "ENTRIES", "CHUNKS", ""), rows, right=(2, 3, 4, 5))


def _file_line(file: accel.FileEntry) -> str:
    """One line as of `ls -l`, the path from the root."""
    mode = stat.filemode(_TYPE_BITS[file.type] | file.mode)
    size = f"{file.device[0]}, {file.device[1]}" if file.device else str(file.size)
    time = datetime.fromtimestamp(file.mtime_ns // 10**9, UTC).strftime("%Y-%m-%d %H:%M:%S")
    link = f" -> {file.link_target}" if file.type == "symlink" else ""
    return printable(f"{mode} {file.uid}:{file.gid} {size:>12} {time} /{file.path}{link}")
