"""The Dockerfile: hadolint finds nothing, and what it copies and runs is there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import accel

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "examples/deploy/container/Dockerfile"
HADOLINT = Path(sys.executable).parent / "hadolint"


def instructions() -> list[str]:
    """The instructions of the Dockerfile, each on one line."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [line for line in text.replace("\\\n", " ").splitlines() if line]


@pytest.mark.skipif(not HADOLINT.exists(), reason="hadolint has no package for this processor")
def test_hadolint_finds_nothing() -> None:
    done = subprocess.run([HADOLINT, DOCKERFILE], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(not HADOLINT.exists(), reason="hadolint has no package for this processor")
def test_hadolint_finds_a_fault(tmp_path: Path) -> None:
    wrong = tmp_path / "Dockerfile"
    wrong.write_text("FROM debian\nCMD acceld\n", encoding="utf-8")
    done = subprocess.run([HADOLINT, wrong], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0


def test_the_last_stage_is_not_root_and_has_no_compiler() -> None:
    lines = instructions()
    final = lines[max(index for index, line in enumerate(lines) if line.startswith("FROM")) :]
    assert "USER 65532:65532" in final
    assert not [line for line in final if re.search(r"g\+\+|gcc|cmake|-dev\b|\bpip\b", line)]
    assert any(line.startswith("HEALTHCHECK") for line in final)
    assert any(line.startswith('ENTRYPOINT ["/usr/bin/tini"') for line in final)


def test_what_is_copied_from_the_tree_is_let_in_by_dockerignore() -> None:
    allowed = {
        line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")
    }
    assert all((ROOT / name).exists() for name in allowed)
    named = [line.split()[1] for line in instructions() if line.startswith("COPY") and "--from" not in line]
    assert [name for name in named if name != "." and name.split("/")[0] not in allowed] == []


def test_libraries_of_the_extension_module_come_with_the_image() -> None:
    """Each library that `_core` needs beside those of the C++ runtime belongs to a package of the last stage."""
    core = next(Path(accel.__file__).parent.glob("_core*.so"))
    needed = subprocess.run(["objdump", "-p", core], capture_output=True, text=True, check=True, timeout=60).stdout
    libraries = set(re.findall(r"NEEDED\s+(\S+)", needed))
    runtime = {
        "libstdc++.so.6",
        "libgcc_s.so.1",
        "libc.so.6",
        "libm.so.6",
        "ld-linux-x86-64.so.2",
        "ld-linux-aarch64.so.1",
    }
    package = {
        "libssl.so.3": "libssl3",
        "libcrypto.so.3": "libssl3",
        "libsqlite3.so.0": "libsqlite3-0",
        "libisal.so.2": "libisal2",
        "libdeflate.so.0": "libdeflate0",
        "libzstd.so.1": "libzstd1",
        "liblz4.so.1": "liblz4-1",
        "libz.so.1": "zlib1g",
    }
    installed = next(line for line in instructions() if "tini" in line and line.startswith("RUN"))
    assert libraries >= {"libzstd.so.1"}
    assert [name for name in libraries - runtime if package.get(name, name) not in installed.split()] == []
