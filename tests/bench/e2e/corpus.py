"""Builds the images that `make bench` converts, from Debian packages, Python wheels and npm packages.

A: one base layer. B: five layers, large files. C: many small files. Each is an OCI layout with gzip layers
(`<cache>/<name>`), so that any tool can push it to a registry. Everything is cached; a second call does nothing.
The packages are those of the day: figures are compared within one run, never between days.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.python.support.layout import LAYER, Layer, Layout

if TYPE_CHECKING:
    from collections.abc import Callable

GZIP_LAYER = LAYER + "+gzip"
REQUIRED = ["apt", "debian-archive-keyring", "tzdata"]
SYSTEM = ["python3-minimal", "libpython3.11-stdlib", "git", "curl", "libssl3", "libc6-dev"]
WHEELS = [
    "numpy==2.2.*",
    "scipy==1.15.*",
    "pandas==2.2.*",
    "pyarrow==19.*",
    "scikit-learn==1.6.*",
    "matplotlib==3.10.*",
]
WHEELS_LARGE = ["polars==1.20.*", "duckdb==1.2.*", "onnxruntime==1.20.*", "llvmlite==0.44.*", "numba==0.61.*"]
NODE_TOOLS = [
    "typescript@5",
    "webpack@5",
    "eslint@9",
    "jest@29",
    "@angular/core@19",
    "@angular/compiler-cli@19",
    "react-scripts@5",
    "next@15",
    "@mui/material@6",
    "date-fns@4",
    "lodash@4",
    "aws-sdk@2",
    "rxjs@7",
    "three@0.170",
    "antd@5",
    "core-js@3",
    "googleapis@144",
    "@babel/preset-env@7",
]


def run(*command: str, cwd: Path | None = None) -> str:
    """Runs a command and returns its output; fails with its error text."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"error: {' '.join(command[:6])}: {done.stderr.strip()[-2000:]}")
    return done.stdout


def required_packages() -> list[str]:
    """Names of Debian's required packages: what a minimal base image holds."""
    stanzas = run("apt-cache", "dumpavail").split("\n\n")
    names = [s.splitlines()[0].removeprefix("Package: ") for s in stanzas if "\nPriority: required\n" in f"\n{s}\n"]
    return sorted(set(names + REQUIRED))


def unpack_debs(names: list[str], root: Path, cache: Path) -> None:
    """Unpacks Debian packages into root as dpkg would lay them out, without running their scripts."""
    cache.mkdir(parents=True, exist_ok=True)
    # With an empty status file apt resolves the whole closure, as if nothing were installed.
    plan = run(
        "apt-get",
        "-s",
        "-o",
        "Dir::State::status=/dev/null",
        "--no-install-recommends",
        "install",
        *names,
        *([] if "perl-base" not in names else ["perl-"]),
    )
    packages = sorted({line.split()[1].split(":")[0] for line in plan.splitlines() if line.startswith("Inst ")})
    run("apt-get", "download", *packages, cwd=cache)
    status = root / "var/lib/dpkg/info"
    status.mkdir(parents=True, exist_ok=True)
    for deb in sorted(cache.glob("*.deb")):
        if deb.name.split("_")[0] in packages:
            run("dpkg-deb", "-x", str(deb), str(root))
            (status / f"{deb.name.split('_')[0]}.list").write_text(run("dpkg-deb", "-c", str(deb)))


def unpack_wheels(names: list[str], root: Path) -> None:
    """Installs wheels without their dependencies."""
    site = root / "usr/local/lib/python3.11/site-packages"
    run(
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--no-compile",
        "--only-binary=:all:",
        "--target",
        str(site),
        *names,
    )


def unpack_npm(names: list[str], root: Path) -> None:
    """Installs npm packages with their dependencies."""
    app = root / "srv/app"
    app.mkdir(parents=True, exist_ok=True)
    (app / "package.json").write_text('{"name":"app","version":"1.0.0","private":true}\n')
    run("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--legacy-peer-deps", *names, cwd=app)


Facts = dict[str, int]  # bytes of the tar, bytes of the blob, entries


def write_layer(root: Path, layout: Layout) -> tuple[Layer, Facts]:
    """Packs root as a gzip layer of the layout."""
    plain = layout.path / "layer.tar"
    files = 0
    with tarfile.open(plain, "w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(root.rglob("*"), key=lambda p: p.relative_to(root).as_posix()):
            info = tar.gettarinfo(str(path), path.relative_to(root).as_posix())
            info.uid = info.gid = 0
            info.uname = info.gname = "root"
            info.mtime = 1_700_000_000
            files += 1
            if info.isreg():
                with path.open("rb") as content:
                    tar.addfile(info, content)
            else:
                tar.addfile(info)
    with plain.open("rb") as content:
        diff_id = "sha256:" + hashlib.file_digest(content, "sha256").hexdigest()
    tar_size = plain.stat().st_size
    run("pigz", "-n", "-6", str(plain))
    descriptor = layout.adopt_blob(layout.path / "layer.tar.gz", GZIP_LAYER)
    return Layer(descriptor, diff_id), {"tar": tar_size, "gzip": descriptor["size"], "files": files}


def finish(layout: Layout, layers: list[tuple[Layer, Facts]]) -> None:
    """Tags the image and writes what marks the layout as complete."""
    layout.tag(layout.add_image([layer for layer, _ in layers]), "latest")
    facts = {key: sum(one[key] for _, one in layers) for key in ("tar", "gzip", "files")}
    (layout.path / "facts.json").write_text(json.dumps(facts))


def build(name: str, cache: Path) -> Path:
    """Builds image A, B or C below cache unless it is there; returns the layout's folder."""
    path = cache / name
    if (path / "facts.json").exists():
        return path
    work = cache / f"{name}.work"
    for folder in (path, work):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    layout = Layout(path)
    roots = [work / f"root{i}" for i in range(5)]
    debs = cache / "debs"
    steps: list[Callable[[Path], None]]
    if name == "A":
        steps = [lambda root: unpack_debs(required_packages(), root, debs)]
    elif name == "B":
        steps = [
            lambda root: unpack_debs(required_packages(), root, debs),
            lambda root: unpack_debs(SYSTEM, root, debs),
            lambda root: unpack_wheels(WHEELS, root),
            lambda root: unpack_wheels(WHEELS_LARGE, root),
            lambda root: unpack_wheels(["rich", "click", "pygments"], root),
        ]
    else:
        steps = [lambda root: unpack_debs(required_packages(), root, debs), lambda root: unpack_npm(NODE_TOOLS, root)]
    layers = []
    for root, step in zip(roots, steps, strict=False):
        root.mkdir()
        step(root)
        layers.append(write_layer(root, layout))
        shutil.rmtree(root)
    finish(layout, layers)
    shutil.rmtree(work)
    return path


def build_huge(cache: Path, size: int = 8 << 30) -> Path:
    """Builds the image `huge`: one layer holding one file of `size` bytes, an eighth of it incompressible."""
    path = cache / "huge"
    if (path / "facts.json").exists():
        return path
    shutil.rmtree(path, ignore_errors=True)
    layout = Layout(path)
    plain = hashlib.sha256()
    block = os.urandom(1 << 17) + bytes(range(256)) * (7 << 9)
    with (path / "layer").open("wb") as out:
        gzip = subprocess.Popen(["pigz", "-n", "-1"], stdin=subprocess.PIPE, stdout=out)
        pipe = gzip.stdin
        assert pipe is not None

        def write(data: bytes) -> None:
            plain.update(data)
            pipe.write(data)

        info = tarfile.TarInfo("big.bin")
        info.size = size
        write(info.tobuf(tarfile.GNU_FORMAT))
        for i in range(size // len(block)):
            shift = i * 4096 % len(block)
            write(block[shift:] + block[:shift])
        write(bytes(1024))
        pipe.close()
        if gzip.wait() != 0:
            sys.exit("error: pigz failed")
    descriptor = layout.adopt_blob(path / "layer", GZIP_LAYER)
    layer = Layer(descriptor, f"sha256:{plain.hexdigest()}")
    finish(layout, [(layer, {"tar": size, "gzip": descriptor["size"], "files": 1})])
    return path


def default_cache() -> Path:
    """Where the corpus is kept: $ACCEL_BENCH_CACHE, else ~/.cache/accel-bench."""
    return Path(os.environ.get("ACCEL_BENCH_CACHE", Path.home() / ".cache/accel-bench"))


def main() -> None:
    """Builds the images named on the command line and prints their facts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=["A", "B", "C"])
    parser.add_argument("--cache", type=Path, default=default_cache())
    arguments = parser.parse_args()
    for name in arguments.names:
        layout = build(name, arguments.cache)
        print(name, layout, (layout / "facts.json").read_text())


if __name__ == "__main__":
    main()
