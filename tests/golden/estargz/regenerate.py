#!/usr/bin/env python3
"""Makes the golden layers again with the reference writers (see README.md). Needs Go and the modules of layertool."""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
GOLDEN = HERE.parent
LAYERTOOL = GOLDEN.parent / "interop" / "layertool"
TAGS = "exclude_graphdriver_btrfs exclude_graphdriver_devicemapper"

# name -> (folder, kind for layertool, its flags)
LAYERS = {
    "default": ("estargz", "estargz", []),
    "chunked": ("estargz", "estargz", ["--chunk-size", "1000"]),
    "min_chunk": ("estargz", "estargz", ["--min-chunk-size", "500"]),
    "prioritized": ("estargz", "estargz", ["--prioritize", "hard,not-there"]),
    "external": ("estargz", "estargz-external", []),
    "stargz": ("zstdchunked", "zstd-stargz", ["--chunk-size", "1000", "--level", "3"]),
    "containers": ("zstdchunked", "zstd-containers", ["--level", "3"]),
}


def noise(size: int) -> bytes:
    """Bytes that do not compress: the generator of zstdchunked.md section 3.4, seed 1."""
    x, out = 1, bytearray()
    for _ in range(size):
        x = (x * 1664525 + 1013904223) % 2**32
        out.append(x >> 24)
    return bytes(out)


def sample() -> bytes:
    """One entry of every kind a layer may hold."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:

        def add(name: str, content: bytes = b"", **fields: object) -> None:
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(content), 1700000000
            for key, value in fields.items():
                setattr(info, key, value)
            tar.addfile(info, io.BytesIO(content))

        add("./", type=tarfile.DIRTYPE, mode=0o755)
        add("./bin/", type=tarfile.DIRTYPE, mode=0o755, uid=1, gid=2, uname="daemon", gname="bin")
        add("./bin/tool", noise(3500), mode=0o4755, mtime=1700000000.5)
        add("./empty", mtime=0)
        add("./small", b"hello\n", pax_headers={"SCHILY.xattr.user.note": "v\x01alue"})
        add("./hollow", b"a" * 10 + bytes(70000) + noise(600))
        add("./link", type=tarfile.SYMTYPE, linkname="bin/tool")
        add("./hard", type=tarfile.LNKTYPE, linkname="./bin/tool")
        add("./null", type=tarfile.CHRTYPE, devmajor=1, devminor=3)
        add("./pipe", type=tarfile.FIFOTYPE)
        add("./" + "d" * 120 + "/" + "n" * 120, b"long name\n")
        add("./\u00fc", b"not ascii\n")
        add("./.wh.gone")
    return out.getvalue()


def main() -> None:
    """Writes all layers of golden/estargz and golden/zstdchunked anew."""
    with tempfile.TemporaryDirectory() as work:
        tool = Path(work) / "layertool"
        environment = os.environ | {"CGO_ENABLED": "0"}
        build = ["go", "build", "-tags", TAGS, "-o", str(tool), "."]
        subprocess.run(build, cwd=LAYERTOOL, env=environment, check=True)
        tar = HERE / "sample.tar"
        tar.write_bytes(sample())
        for name, (folder, kind, flags) in LAYERS.items():
            base = GOLDEN / folder / name
            files = ["--tar", str(tar), "--out", f"{base}.blob"]
            if kind == "estargz-external":
                files += ["--toc-out", f"{base}.toc"]
            made = subprocess.run([str(tool), "write", kind, *files, *flags], check=True, capture_output=True)
            facts = json.loads(made.stdout)
            lines = [f"diff_id {facts['diff_id']}"]
            lines += [f"{key} {value}" for key, value in sorted(facts["annotations"].items())]
            Path(f"{base}.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
