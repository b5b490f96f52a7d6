"""Makes the tar files of this folder with the programs that are installed, and the listings beside them.

Run as root (for owners, devices and xattrs): python3 regenerate.py
A program that is missing leaves its files as they are.
"""

import io
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from list_tar import list_tar

_HERE = Path(__file__).parent
_TIME = 1_700_000_000
_LONG = "d" * 80 + "/" + "e" * 80


def _make_tree(root: Path, *, long_names: bool) -> None:
    """Files of every type that tar knows."""
    (root / "dir").mkdir()
    (root / "dir" / "file").write_bytes(b"content\n")
    (root / "dir" / "empty").touch()
    (root / "dir" / "suid").write_bytes(b"#!/bin/sh\n")
    (root / "dir" / "suid").chmod(0o4755)
    os.link(root / "dir" / "file", root / "dir" / "hardlink")
    (root / "dir" / "symlink").symlink_to("../dir/file")
    os.mkfifo(root / "dir" / "fifo")
    if long_names:
        (root / _LONG).mkdir(parents=True)
        (root / _LONG / ("n" * 120)).write_bytes(b"long\n")
        (root / "dir" / "long-target").symlink_to("t" * 150)
        (root / "dir" / "caf\u00e9").write_bytes(b"utf-8\n")
        (root / "dir" / os.fsdecode(b"latin\xe9")).write_bytes(b"latin-1\n")
    for path in [root, *root.rglob("*")]:
        os.utime(path, ns=(_TIME * 10**9, _TIME * 10**9 + 123_456_789), follow_symlinks=False)


def _make_sparse(root: Path) -> None:
    """Three sparse files: few pieces, more than a header holds, nothing but a hole."""
    for name, pieces, size in [("few", 2, 100_000), ("many", 6, 6 * 65_536), ("hole", 0, 1 << 20)]:
        with (root / name).open("wb") as file:
            file.truncate(size)
            for piece in range(pieces):
                file.seek(piece * 65_536 + 4096)
                file.write(b"piece %d" % piece)
        os.utime(root / name, (_TIME, _TIME))


def _gnu_tar(output: str, root: Path, *options: str) -> None:
    command = ["tar", "--sort=name", "--blocking-factor=1", "--create", f"--file={_HERE / output}", *options]
    subprocess.run([*command, "-C", str(root), "."], check=True)


def _gnu(scratch: Path) -> None:
    owner = ("--owner=user:1000", "--group=group:2000")
    old, full, sparse = scratch / "old", scratch / "full", scratch / "sparse"
    for root in (old, full, sparse):
        root.mkdir()
    _make_tree(old, long_names=False)
    _make_tree(full, long_names=True)
    _make_sparse(sparse)
    _gnu_tar("gnu-v7.tar", old, "--format=v7", "--exclude=fifo", *owner)  # v7 knows no fifos
    _gnu_tar("gnu-ustar.tar", old, "--format=ustar", *owner)
    _gnu_tar("gnu-gnu.tar", full, "--format=gnu", "--owner=:4000000000", "--group=group:2000", "--mtime=@-5")
    _gnu_tar("gnu-posix.tar", full, "--format=posix", "--pax-option=delete=atime,delete=ctime", *owner)
    _gnu_tar("gnu-sparse.tar", sparse, "--format=gnu", "--sparse", *owner, f"--mtime=@{_TIME}")
    for version in ("0.0", "0.1", "1.0"):
        pax = ("--format=posix", f"--sparse-version={version}", "--pax-option=delete=atime,delete=ctime")
        _gnu_tar(f"gnu-sparse-{version}.tar", sparse, "--sparse", *pax, *owner, f"--mtime=@{_TIME}")


def _bsd(scratch: Path) -> None:
    root = scratch / "bsd"
    root.mkdir()
    _make_tree(root, long_names=True)
    os.setxattr(root / "dir" / "file", "user.binary", b"\x00\x01=\n\xff")
    owner = ["--uid", "1000", "--gid", "2000", "--uname", "user", "--gname", "group"]
    output = ["--create", "--format=pax", "--xattrs", "-b", "1", "--file", str(_HERE / "bsd-pax.tar")]
    subprocess.run(["bsdtar", *output, *owner, "-C", str(root), "dir"], check=True)


def _go(_: Path) -> None:
    subprocess.run(["go", "run", str(_HERE / "write_go.go"), str(_HERE / "go.tar")], check=True)


def _python_members() -> list[tuple[tarfile.TarInfo, bytes]]:
    members = []
    described: list[tuple[str, bytes, dict[str, Any], bytes]] = [
        ("dir", tarfile.DIRTYPE, {"mode": 0o755}, b""),
        ("dir/file", tarfile.REGTYPE, {"uname": "user", "gname": "gr\u00fcppe", "uid": 5_000_000}, b"content\n"),
        ("dir/" + "n" * 200, tarfile.REGTYPE, {"mtime": 1.25}, b"long\n"),
        ("dir/before", tarfile.REGTYPE, {"mtime": -3}, b""),
        ("dir/link", tarfile.SYMTYPE, {"linkname": "caf\u00e9"}, b""),
        ("dir/same", tarfile.LNKTYPE, {"linkname": "dir/file"}, b""),
        ("dir/null", tarfile.CHRTYPE, {"devmajor": 1, "devminor": 3}, b""),
        ("dir/disk", tarfile.BLKTYPE, {"devmajor": 8, "devminor": 17}, b""),
    ]
    for name, kind, changes, content in described:
        info = tarfile.TarInfo(name)
        info.type = kind
        info.mtime = _TIME
        for key, value in changes.items():
            setattr(info, key, value)
        info.size = len(content)
        members.append((info, content))
    return members


def _python(_: Path) -> None:
    for name, form, headers in [
        ("python-pax.tar", tarfile.PAX_FORMAT, {"comment": "a global header"}),
        ("python-gnu.tar", tarfile.GNU_FORMAT, {}),
    ]:
        with tarfile.open(_HERE / name, "w", format=form, pax_headers=headers) as archive:
            for info, content in _python_members():
                if form == tarfile.GNU_FORMAT:
                    info.mtime = int(info.mtime)
                archive.addfile(info, io.BytesIO(content))


def main() -> None:
    """Makes all files."""
    with tempfile.TemporaryDirectory() as folder:
        for program, make in [("tar", _gnu), ("bsdtar", _bsd), ("go", _go), ("python3", _python)]:
            if shutil.which(program):
                make(Path(folder))
    for path in sorted(_HERE.glob("*.tar")):
        path.with_suffix(".txt").write_text(list_tar(str(path)), encoding="ascii")


if __name__ == "__main__":
    main()
