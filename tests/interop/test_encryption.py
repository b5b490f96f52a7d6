"""Encrypted layers: what skopeo encrypts we decrypt, what we encrypt skopeo decrypts, for every kind of recipient."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

import accel
from tests.python.support.images import sample_image, sample_index
from tests.python.support.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def run(*command: object, **more: Any) -> None:
    subprocess.run([str(part) for part in command], check=True, capture_output=True, timeout=120, **more)


@dataclass(frozen=True)
class Pair:
    """Whom something is encrypted for, and what opens it again, as both tools name them."""

    recipient: str
    keys: tuple[str, ...]


def make_pair(folder: Path, kind: str) -> Pair:
    """A new key of that kind."""
    key, public = folder / f"{kind}.pem", folder / f"{kind}.pub"
    if kind.startswith("ec"):
        run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:P-{kind[2:]}", "-out", key)
    else:
        run("openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", key)
    if kind == "pkcs7":
        run("openssl", "req", "-x509", "-new", "-key", key, "-subj", "/CN=test", "-days", "2", "-out", public)
        return Pair(f"pkcs7:{public}", (str(key), str(public)))  # skopeo needs the certificate to decrypt as well
    run("openssl", "pkey", "-in", key, "-pubout", "-out", public)
    return Pair(f"jwe:{public}", (str(key),))


KINDS = ["rsa", "ec256", "ec384", "ec521", "pkcs7"]


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pair]:
    folder = tmp_path_factory.mktemp("keys")
    return {kind: make_pair(folder, kind) for kind in KINDS}


def key_options(option: str, values: tuple[str, ...]) -> list[str]:
    return [part for value in values for part in (option, value)]


def layers_of(layout: Path, tag: str) -> list[dict[str, Any]]:
    """The layers' descriptors of an image in a layout."""
    index = json.loads((layout / "index.json").read_text())
    name = "org.opencontainers.image.ref.name"
    digest = next(m["digest"] for m in index["manifests"] if m.get("annotations", {}).get(name) == tag)
    manifest = json.loads((layout / "blobs" / digest.replace(":", "/")).read_text())
    layers: list[dict[str, Any]] = manifest["layers"]
    return layers


@pytest.mark.parametrize("kind", KINDS)
def test_we_decrypt_what_skopeo_encrypts(
    tmp_path: Path, skopeo: Callable[..., str], pairs: dict[str, Pair], kind: str
) -> None:
    source = sample_image(Layout(tmp_path / "source"))
    locked, opened = f"oci:{tmp_path}/locked:app", f"oci:{tmp_path}/opened:app"
    skopeo("copy", "--encryption-key", pairs[kind].recipient, source, locked)
    assert all(layer["mediaType"].endswith("+encrypted") for layer in layers_of(tmp_path / "locked", "app"))
    accel.copy(locked, opened, decrypt_key=pairs[kind].keys)
    assert accel.check(source, opened).equal
    # Our way needs no certificate beside the key.
    accel.copy(locked, f"oci:{tmp_path}/again:app", decrypt_key=pairs[kind].keys[0])


@pytest.mark.parametrize("kind", KINDS)
def test_skopeo_decrypts_what_we_encrypt(
    tmp_path: Path, skopeo: Callable[..., str], pairs: dict[str, Pair], kind: str
) -> None:
    source = sample_image(Layout(tmp_path / "source"))
    locked, opened = f"oci:{tmp_path}/locked:app", f"oci:{tmp_path}/opened:app"
    accel.copy(source, locked, encryption_key=pairs[kind].recipient)
    skopeo("copy", *key_options("--decryption-key", pairs[kind].keys), locked, opened)
    assert accel.check(source, opened).equal


def test_every_one_of_several_recipients_reads_in_both_tools(
    tmp_path: Path, skopeo: Callable[..., str], pairs: dict[str, Pair]
) -> None:
    source = sample_image(Layout(tmp_path / "source"))
    ours, theirs = f"oci:{tmp_path}/ours:app", f"oci:{tmp_path}/theirs:app"
    everybody = tuple(pair.recipient for pair in pairs.values())
    accel.copy(source, ours, encryption_key=everybody)
    skopeo("copy", *key_options("--encryption-key", everybody), source, theirs)
    for kind, pair in pairs.items():
        skopeo("copy", *key_options("--decryption-key", pair.keys), ours, f"oci:{tmp_path}/{kind}-theirs:app")
        assert accel.check(source, f"oci:{tmp_path}/{kind}-theirs:app").equal
        accel.copy(theirs, f"oci:{tmp_path}/{kind}-ours:app", decrypt_key=pair.keys)
        assert accel.check(source, f"oci:{tmp_path}/{kind}-ours:app").equal


@pytest.mark.parametrize("number", [0, -1])
def test_one_layer_by_its_number(
    tmp_path: Path, skopeo: Callable[..., str], pairs: dict[str, Pair], number: int
) -> None:
    source = sample_image(Layout(tmp_path / "source"))
    ours, theirs = f"oci:{tmp_path}/ours:app", f"oci:{tmp_path}/theirs:app"
    accel.copy(source, ours, encryption_key=pairs["rsa"].recipient, encrypt_layer=[number])
    skopeo("copy", "--encryption-key", pairs["rsa"].recipient, f"--encrypt-layer={number}", source, theirs)
    marks = [
        [layer["mediaType"].endswith("+encrypted") for layer in layers_of(tmp_path / name, "app")]
        for name in ("ours", "theirs")
    ]
    assert marks[0] == marks[1]
    assert sum(marks[0]) == 1
    skopeo("copy", "--decryption-key", pairs["rsa"].keys[0], ours, f"oci:{tmp_path}/opened:app")
    assert accel.check(source, f"oci:{tmp_path}/opened:app").equal


def test_index_comes_back_with_its_layers(tmp_path: Path, pairs: dict[str, Pair]) -> None:
    source = sample_index(Layout(tmp_path / "source"))
    locked, opened = f"oci:{tmp_path}/locked:app", f"oci:{tmp_path}/opened:app"
    accel.copy(source, locked, all_platforms=True, encryption_key=pairs["ec256"].recipient)
    with pytest.raises(accel.UnsupportedError, match="is encrypted; decrypt the image first"):
        accel.check(source, locked)
    accel.copy(locked, opened, all_platforms=True, decrypt_key=pairs["ec256"].keys)
    report = accel.check(source, opened)
    assert report.equal
    # A manifest that was printed by us comes back byte for byte.
    again = f"oci:{tmp_path}/again:app"
    accel.copy(opened, f"{locked}-2", all_platforms=True, encryption_key=pairs["ec256"].recipient)
    copied = accel.copy(opened, f"oci:{tmp_path}/copied:app", all_platforms=True)
    assert accel.copy(f"{locked}-2", again, all_platforms=True, decrypt_key=pairs["ec256"].keys).digest == copied.digest


def test_wrong_key_is_a_clear_error_before_anything_is_written(tmp_path: Path, pairs: dict[str, Pair]) -> None:
    source = sample_image(Layout(tmp_path / "source"))
    locked = f"oci:{tmp_path}/locked:app"
    accel.copy(source, locked, encryption_key=pairs["rsa"].recipient)
    with pytest.raises(accel.ConfigError, match=r"layer sha256:[0-9a-f]{12}: none of the keys opens .* for jwe"):
        accel.copy(locked, f"oci:{tmp_path}/opened:app", decrypt_key=pairs["ec256"].keys)
    assert not list((tmp_path / "opened").rglob("sha256/*")), "nothing was copied"


def test_changed_layer_is_refused(tmp_path: Path, skopeo: Callable[..., str], pairs: dict[str, Pair]) -> None:
    source = sample_image(Layout(tmp_path / "source"))
    skopeo("copy", "--encryption-key", pairs["rsa"].recipient, source, f"oci:{tmp_path}/locked:app")
    shutil.copytree(tmp_path / "locked", tmp_path / "changed")
    change_first_layer(tmp_path / "changed")
    with pytest.raises(accel.DigestMismatch, match="HMAC"):
        accel.copy(f"oci:{tmp_path}/changed:app", f"oci:{tmp_path}/opened:app", decrypt_key=pairs["rsa"].keys)


def change_first_layer(layout: Path) -> None:
    """Flips a bit of the first layer and mends all digests above it: only the HMAC can tell."""

    def put(content: bytes) -> tuple[str, int]:
        digest = hashlib.sha256(content).hexdigest()
        (layout / "blobs/sha256" / digest).write_bytes(content)
        return f"sha256:{digest}", len(content)

    index = json.loads((layout / "index.json").read_text())
    manifest = json.loads((layout / "blobs" / index["manifests"][0]["digest"].replace(":", "/")).read_text())
    layer = manifest["layers"][0]
    content = bytearray((layout / "blobs" / layer["digest"].replace(":", "/")).read_bytes())
    content[len(content) // 2] ^= 1
    layer["digest"], layer["size"] = put(bytes(content))
    index["manifests"][0]["digest"], index["manifests"][0]["size"] = put(json.dumps(manifest).encode())
    (layout / "index.json").write_text(json.dumps(index))


@pytest.fixture
def gnupg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A key ring of its own with the key of Anna, whose secret half is exported to anna.gpg."""
    home = tmp_path / "gnupg"
    home.mkdir(mode=0o700)
    monkeypatch.setenv("GNUPGHOME", str(home))
    gpg = ["gpg", "--batch", "--no-tty", "--pinentry-mode", "loopback", "--passphrase", ""]
    try:
        run(*gpg, "--quick-gen-key", "Anna <anna@example.org>", "rsa2048", "default", "never")
        fingerprint = (
            subprocess.run(
                ["gpg", "--list-keys", "--with-colons"], check=True, capture_output=True, text=True, timeout=60
            )
            .stdout.split("fpr:::::::::")[1]
            .split(":")[0]
        )
        run(*gpg, "--quick-add-key", fingerprint, "rsa2048", "encr", "never")
        run(*gpg, "--output", tmp_path / "anna.gpg", "--export-secret-keys", "anna@example.org")
    except FileNotFoundError:
        pytest.skip("gpg is not installed")
    yield home
    subprocess.run(["gpgconf", "--kill", "all"], check=False, timeout=60)


@pytest.mark.usefixtures("gnupg")
def test_openpgp_recipients_read_in_both_tools(tmp_path: Path, skopeo: Callable[..., str]) -> None:
    source = sample_image(Layout(tmp_path / "source"))
    ours, theirs = f"oci:{tmp_path}/ours:app", f"oci:{tmp_path}/theirs:app"
    accel.copy(source, ours, encryption_key="pgp:anna@example.org")
    skopeo("copy", "--decryption-key", str(tmp_path / "anna.gpg"), ours, f"oci:{tmp_path}/theirs-opened:app")
    assert accel.check(source, f"oci:{tmp_path}/theirs-opened:app").equal
    skopeo("copy", "--encryption-key", "pgp:anna@example.org", source, theirs)
    accel.copy(theirs, f"oci:{tmp_path}/ours-opened:app", decrypt_key=str(tmp_path / "anna.gpg"))
    assert accel.check(source, f"oci:{tmp_path}/ours-opened:app").equal


@pytest.mark.usefixtures("gnupg")
@pytest.mark.parametrize("options", [{}, {"compressor": "none"}, {"batch_size": "0x10000"}], ids=str)
def test_nydus_images_for_every_kind_of_recipient(
    tmp_path: Path, skopeo: Callable[..., str], pairs: dict[str, Pair], options: dict[str, str]
) -> None:
    """The bootstrap layer is encrypted as others encrypt layers; it holds the key of the blobs."""
    source = sample_image(Layout(tmp_path / "source"))
    locked = f"oci:{tmp_path}/locked:app"
    recipients = ",".join([pairs["rsa"].recipient, pairs["ec256"].recipient, pairs["pkcs7"].recipient])
    recipients += ",pgp:anna@example.org"
    accel.convert(source, locked, driver="nydus", options={**options, "encrypt_recipients": recipients})
    *blobs, bootstrap = layers_of(tmp_path / "locked", "app")
    assert bootstrap["mediaType"].endswith("+encrypted")
    assert {blob["mediaType"] for blob in blobs} == {"application/vnd.oci.image.layer.nydus.blob.v1"}
    stored = [(tmp_path / "locked/blobs" / blob["digest"].replace(":", "/")).read_bytes() for blob in blobs]
    assert not any(b"snow" in content or b"a long name" in content for content in stored), "file content is hidden"
    for read in (lambda: accel.check(source, locked), lambda: list(accel.open(locked).files())):
        with pytest.raises(accel.UnsupportedError, match=r"layer sha256:\w+ is encrypted; decrypt the image first"):
            read()
    assert accel.open(locked).layers[-1].format == "encrypted"

    keys = {kind: pairs[kind].keys for kind in ("rsa", "ec256", "pkcs7")} | {"pgp": (str(tmp_path / "anna.gpg"),)}
    for kind, files in keys.items():
        theirs, ours = f"oci:{tmp_path}/{kind}-theirs:app", f"oci:{tmp_path}/{kind}-ours:app"
        skopeo("copy", *key_options("--decryption-key", files), locked, theirs)
        assert accel.check(source, theirs).equal
        accel.copy(locked, ours, decrypt_key=files)
        assert accel.check(source, ours).equal
    with pytest.raises(accel.ConfigError, match=r"none of the keys opens .* for jwe, pgp, pkcs7"):
        accel.copy(locked, f"oci:{tmp_path}/nobody:app", decrypt_key=pairs["ec521"].keys)
    assert not list((tmp_path / "nobody").rglob("sha256/*")), "nothing was copied"


def test_nydus_option_encrypt_recipients_is_checked_first(tmp_path: Path) -> None:
    source = sample_image(Layout(tmp_path / "source"))
    for recipients, message in (("jwe:/not/there", "/not/there"), ("anna", "write jwe:FILE"), ("pkcs11:x", "pkcs11")):
        with pytest.raises(accel.Error, match=message):
            accel.convert(
                source, f"oci:{tmp_path}/made:app", driver="nydus", options={"encrypt_recipients": recipients}
            )
    assert not list((tmp_path / "made").rglob("sha256/*"))
