"""Lists a tar file as Python's tarfile reads it, one line a member: what tests compare accel's reader with.

Fields, tab-separated: type, mode, uid, gid, user, group, size, mtime, device, name, link target, xattrs, SHA-256 of
the content. Bytes outside printable ASCII, tabs and backslashes are written as \\xHH; a final "/" of names is left
out, because tarfile takes it off directories.
"""

import hashlib
import sys
import tarfile

_TYPES = {
    tarfile.DIRTYPE: "directory",
    tarfile.SYMTYPE: "symlink",
    tarfile.LNKTYPE: "hardlink",
    tarfile.CHRTYPE: "character",
    tarfile.BLKTYPE: "block",
    tarfile.FIFOTYPE: "fifo",
}
_XATTR = "SCHILY.xattr."


def _escape(text: str) -> str:
    """The bytes of `text` as printable ASCII."""
    raw = text.encode("utf-8", "surrogateescape")
    return "".join(chr(b) if 0x20 <= b < 0x7F and b != 0x5C else f"\\x{b:02x}" for b in raw)


def _time(member: tarfile.TarInfo) -> str:
    """Seconds and nanoseconds, exact: `TarInfo.mtime` is a float."""
    text = member.pax_headers.get("mtime", str(int(member.mtime)))
    whole, _, fraction = text.partition(".")
    nanoseconds = int(fraction.ljust(9, "0")[:9])
    seconds = int(whole)
    if whole.startswith("-") and nanoseconds:
        seconds, nanoseconds = seconds - 1, 1_000_000_000 - nanoseconds
    return f"{seconds}.{nanoseconds:09d}"


def list_member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    """One line for one member."""
    digest = "-"
    if member.isreg():
        content = archive.extractfile(member)
        assert content is not None
        digest = hashlib.sha256(content.read()).hexdigest()
    xattrs = sorted((k[len(_XATTR) :], v) for k, v in member.pax_headers.items() if k.startswith(_XATTR))
    fields = [
        _TYPES.get(member.type, "regular"),
        f"{member.mode:o}",
        str(member.uid),
        str(member.gid),
        _escape(member.uname),
        _escape(member.gname),
        str(member.size if member.isreg() else 0),
        _time(member),
        f"{member.devmajor}:{member.devminor}" if member.isdev() and not member.isfifo() else "-",
        _escape(member.name.rstrip("/")),
        _escape(member.linkname) if member.issym() or member.islnk() else "",
        ",".join(f"{_escape(k)}={_escape(v)}" for k, v in xattrs),
        digest,
    ]
    return "\t".join(fields)


def list_tar(path: str) -> str:
    """All members of the file at `path`."""
    with tarfile.open(path, "r:") as archive:
        return "".join(list_member(archive, member) + "\n" for member in archive)


if __name__ == "__main__":
    sys.stdout.write(list_tar(sys.argv[1]))
