"""Copying images between any two places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accel._check import parse_platforms
from accel._core import convert as native
from accel._environment import ProgressCallback, call_hooks, make_environment
from accel._results import CopyResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accel._config import Config
    from accel._core.base import CancelToken


def copy(
    source: str,
    target: str,
    *,
    all_platforms: bool = False,
    platform: str | Sequence[str] | None = None,
    referrers: bool = False,
    decrypt_key: str | Sequence[str] = (),
    encryption_key: str | Sequence[str] = (),
    encrypt_layer: Sequence[int] = (),
    jobs: int | None = None,
    config: Config | None = None,
    progress: ProgressCallback | None = None,
    cancel: CancelToken | None = None,
) -> CopyResult:
    """Copies an image byte for byte, verifying every blob; with keys, layers are decrypted or encrypted on the way.

    Encryption is that of ocicrypt, which skopeo, buildah and containerd know as well.

    Args:
        source: An image location.
        target: Where it goes.
        all_platforms: The whole index. Otherwise only `platform`, or this machine's.
        platform: `os/arch[/variant]`, one or several.
        referrers: Also what points to the image: signatures, SBOMs, attestations.
        decrypt_key: Private keys for encrypted layers, as `FILE`, `FILE:pass=TEXT`, `FILE:file=FILE` or
            `FILE:fd=NUMBER`. Without any they are copied encrypted.
        encryption_key: Whom layers are encrypted for: `jwe:FILE` (public key), `pkcs7:FILE` (certificate), `pgp:NAME`.
        encrypt_layer: Which layers: 0 is the first, -1 the last. Default: all.
        jobs: Parallel transfers; one per core by default.
        config: Registries.
        progress: Called with each ProgressEvent, on this thread.
        cancel: Stops the work when cancelled.

    Raises:
        Error: one of its subclasses; the target's tag is then untouched.
    """
    request = native.CopyRequest()
    request.source = source
    request.target = target
    request.all_platforms = all_platforms
    request.platforms = parse_platforms(platform)
    request.referrers = referrers
    request.decrypt_keys = [decrypt_key] if isinstance(decrypt_key, str) else list(decrypt_key)
    request.encryption_keys = [encryption_key] if isinstance(encryption_key, str) else list(encryption_key)
    request.encrypt_layers = list(encrypt_layer)
    environment = make_environment(config, jobs, None)
    with call_hooks(progress, cancel) as hooks:
        return CopyResult.from_report(source, target, native.copy(request, environment, hooks))
