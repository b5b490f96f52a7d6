"""`accelctl copy`."""

from __future__ import annotations

from typing import Any

import click

from accelctl import shared_options
from accelctl.errors import settling
from accelctl.output import print_json

EPILOG = """\b
Examples:
  accelctl copy docker-archive:app.tar registry.example/app:1
  accelctl copy --all registry.example/app:1 oci:layout:app
  accelctl copy --all --referrers registry.example/app:1 mirror.example/app:1
  accelctl copy --encryption-key jwe:anna.pub registry.example/app:1 registry.example/app:locked
  accelctl copy --decrypt-key anna.pem:file=password registry.example/app:locked oci:layout:app
"""


@click.command(epilog=EPILOG)
@click.argument("source")
@click.argument("target")
@click.option("--all", "all_platforms", is_flag=True, help="All platforms. Default: --platform, else this machine's.")
@click.option("--referrers", is_flag=True, help="Also signatures, SBOMs and attestations that point to the image.")
@click.option(
    "--decrypt-key",
    "--decryption-key",
    "decrypt_keys",
    metavar="FILE[:pass=TEXT|:file=FILE|:fd=N]",
    multiple=True,
    help="Private key (PEM, DER, JWK, OpenPGP) to decrypt encrypted layers with; repeatable.",
)
@click.option(
    "--encryption-key",
    "encryption_keys",
    metavar="jwe:FILE|pkcs7:FILE|pgp:NAME",
    multiple=True,
    help="Encrypt layers for the owner of this public key, certificate or OpenPGP key; repeatable.",
)
@click.option(
    "--encrypt-layer",
    "encrypt_layers",
    metavar="N",
    type=int,
    multiple=True,
    help="With --encryption-key: only this layer; 0 is the first, -1 the last. Repeatable. Default: all.",
)
@shared_options.config_option
@shared_options.platform_option
@shared_options.jobs_option
@shared_options.progress_option
@shared_options.output_option
@shared_options.registry_options
@shared_options.debug_option
def command(
    *,
    source: str,
    target: str,
    all_platforms: bool,
    referrers: bool,
    decrypt_keys: tuple[str, ...],
    encryption_keys: tuple[str, ...],
    encrypt_layers: tuple[int, ...],
    config_file: str | None,
    platforms: tuple[str, ...],
    jobs: int | None,
    progress: str,
    output: str,
    debug: bool,
    **registry: Any,
) -> None:
    """Copy an image byte for byte between any two places.

    With keys, layers are decrypted or encrypted on the way, as skopeo does it.
    """
    import accel  # noqa: PLC0415 - --help must not wait for it

    shared_options.show_log(debug=debug)
    if all_platforms and platforms:
        raise click.UsageError("--all and --platform exclude each other")
    if encrypt_layers and not encryption_keys:
        raise click.UsageError("--encrypt-layer needs --encryption-key")
    with settling():
        config = shared_options.load_config(config_file, [source, target], **registry)
    result = accel.copy(
        source,
        target,
        all_platforms=all_platforms,
        platform=platforms,
        referrers=referrers,
        decrypt_key=decrypt_keys,
        encryption_key=encryption_keys,
        encrypt_layer=encrypt_layers,
        jobs=jobs,
        config=config,
        progress=shared_options.make_progress(progress),
    )
    if output == "json":
        print_json(result.to_dict())
        return
    units, moved, blobs = accel.units, result.bytes, result.blobs
    click.echo(f"{result.target} {result.digest}")
    click.echo(
        f"{units.counted(blobs['copied'], 'blob')} copied ({units.size_text(moved.uploaded)}), "
        f"{blobs['mounted']} mounted, {blobs['existing']} already there; {units.duration_text(result.elapsed.total)}"
    )
