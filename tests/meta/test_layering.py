"""Who may include or import whom: cpp/layers.txt for C++, the layout's rules for third parties and Python."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.meta.tree import CPP, ROOT, code_files, modules, read

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)

# Third-party headers and the modules they may appear in.
HOMES = {
    r"boost/": {"net", "registry"},
    r"(zlib\.h|zstd.*\.h|zdict\.h|libdeflate\.h|igzip_lib\.h|isa-l/igzip_lib\.h|lz4.*\.h)$": {"codec"},
    r"(isa-l/)?crc\.h$": {"codec", "hash"},
    r"openssl/": {"hash", "crypt", "net"},
    r"nlohmann/json\.hpp$": {"base", "oci", "formats", "registry", "store", "convert"},
    r"nlohmann/json_fwd\.hpp$": {"base", "oci", "formats", "registry", "store", "convert"},
    r"sqlite3\.h$": {"store"},
    r"(pybind11/|Python\.h$)": {"bindings"},
}

# Python package → those of ours it may import.
PYTHON_EDGES = {"accel": {"accel"}, "accelctl": {"accelctl", "accel"}, "acceld": {"acceld", "accel"}}


# Third-party packages of the service alone: `accel` and `accelctl` work without them.
SERVICE_PACKAGES = {
    "sqlalchemy",
    "psycopg",
    "cronsim",
    "fastapi",
    "starlette",
    "uvicorn",
    "prometheus_client",
    "structlog",
}


def layer_edges() -> dict[str, set[str]]:
    edges = {}
    for line in read(Path("cpp/layers.txt")).splitlines():
        if line and not line.startswith("#"):
            module, _, allowed = line.partition(":")
            edges[module.strip()] = set(allowed.split())
    return edges


def owner(path: Path) -> str:
    """The module a C++ file belongs to."""
    return path.parts[2] if path.parts[0] == "cpp" else path.parts[0]


def include_faults(path: Path, text: str, edges: dict[str, set[str]]) -> list[str]:
    """What the includes of a C++ file break, one sentence each."""
    module = owner(path)
    faults = []
    for header in INCLUDE.findall(text):
        if match := re.match(r"accel/([^/]+)/", header):
            target = match[1]
            foreign = target != module
            if foreign and module != "bindings" and target not in edges.get(module, set()):
                faults.append(f'{path}: "{header}": layers.txt has no edge {module} → {target}')
            if foreign and "/detail/" in header:
                faults.append(f'{path}: "{header}" is private to {target}')
        elif path.suffix == ".hpp" and header == "nlohmann/json.hpp":
            faults.append(f"{path}: headers include <nlohmann/json_fwd.hpp>, only .cpp files <{header}>")
        for pattern, homes in HOMES.items():
            if re.match(pattern, header) and module not in homes:
                faults.append(f"{path}: <{header}> belongs into {', '.join(sorted(homes))}")
    return faults


def import_faults(path: Path, text: str) -> list[str]:
    """What the imports of a Python file break, one sentence each."""
    package = path.parts[1]
    faults = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            top = name.partition(".")[0]
            if top in PYTHON_EDGES and top not in PYTHON_EDGES[package]:
                faults.append(f"{path}:{node.lineno}: {package} must not import {name}")
            if package != "acceld" and top in SERVICE_PACKAGES:
                faults.append(f"{path}:{node.lineno}: {name} is for acceld only; users of {package} do not have it")
            if package != "accel" and re.match(r"accel\._", name):
                faults.append(f"{path}:{node.lineno}: {name} is private to accel; use a public name")
    return faults


def cycles(edges: dict[str, set[str]]) -> list[str]:
    """Modules that can reach themselves."""

    def reachable(start: str) -> set[str]:
        seen: set[str] = set()
        todo = list(edges[start])
        while todo:
            module = todo.pop()
            if module not in seen:
                seen.add(module)
                todo.extend(edges.get(module, ()))
        return seen

    return [module for module in edges if module in reachable(module)]


def test_layers_name_every_module_and_only_modules() -> None:
    edges = layer_edges()
    named = set(edges).union(*edges.values())
    assert named == set(modules())


def test_layers_have_no_cycle() -> None:
    assert not cycles(layer_edges())
    assert cycles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == ["a", "b", "c"]


@pytest.mark.parametrize("module", [*modules(), "bindings"])
def test_module_includes_only_what_lies_below(module: str) -> None:
    edges = layer_edges()
    files = [path for path in code_files(*CPP, under=("cpp", "bindings")) if owner(path) == module]
    faults = [fault for path in files for fault in include_faults(path, read(path), edges)]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("package", sorted(PYTHON_EDGES))
def test_package_imports_only_what_lies_below(package: str) -> None:
    files = [path for path in code_files(".py", under=("python",)) if path.parts[1] == package]
    faults = [fault for path in files for fault in import_faults(path, read(path))]
    assert not faults, "\n".join(faults)


def test_every_accel_include_names_a_file() -> None:
    missing = [
        f"{path}: {header}"
        for path in code_files(*CPP)
        for header in INCLUDE.findall(read(path))
        if header.startswith("accel/") and not (ROOT / "cpp" / header).is_file()
    ]
    assert not missing


@pytest.mark.parametrize(
    ("path", "include", "expected"),
    [
        ("cpp/accel/tar/reader.cpp", '"accel/fs/tree.hpp"', "no edge tar → fs"),
        ("cpp/accel/formats/estargz/encoder.cpp", '"accel/registry/client.hpp"', "no edge formats → registry"),
        ("cpp/accel/fs/tree.cpp", '"accel/tar/detail/numbers.hpp"', "private to tar"),
        ("cpp/accel/store/local.cpp", "<boost/asio.hpp>", "belongs into net, registry"),
        ("cpp/accel/formats/estargz/encoder.cpp", "<libdeflate.h>", "belongs into codec"),
        ("cpp/accel/codec/gzip.cpp", "<openssl/evp.h>", "belongs into crypt, hash, net"),
        ("cpp/accel/oci/json.hpp", "<nlohmann/json.hpp>", "json_fwd"),
        ("cpp/accel/convert/converter.cpp", "<pybind11/pybind11.h>", "belongs into bindings"),
        ("bindings/codec.cpp", "<zstd.h>", "belongs into codec"),
        ("cpp/accel/convert/converter.cpp", "<sqlite3.h>", "belongs into store"),
        ("cpp/accel/codec/gzip.cpp", '"accel/io/source.hpp"', None),
        ("bindings/oci.cpp", '"accel/oci/digest.hpp"', None),
    ],
)
def test_include_rules_tell_right_from_wrong(path: str, include: str, expected: str | None) -> None:
    edges = {"codec": {"base", "hash", "io"}, "tar": {"base", "io"}, "fs": {"tar"}}
    faults = include_faults(Path(path), f"#include {include}\n", edges)
    if expected is None:
        assert not faults
    else:
        assert expected in "\n".join(faults)


@pytest.mark.parametrize(
    ("path", "line", "wrong"),
    [
        ("python/accelctl/cli.py", "import acceld.app", True),
        ("python/acceld/app.py", "from accelctl import output", True),
        ("python/accel/_convert.py", "import accelctl", True),
        ("python/accelctl/cli.py", "from accel import _core", True),
        ("python/accelctl/cli.py", "import accel._core", True),
        ("python/accel/_convert.py", "from accel import _core", False),
        ("python/accelctl/cli.py", "import accel", False),
        ("python/accelctl/cli.py", "import sqlalchemy.exc", True),
        ("python/accel/_config.py", "from cronsim import CronSim", True),
        ("python/acceld/tasks/db.py", "from sqlalchemy import select", False),
    ],
)
def test_import_rules_tell_right_from_wrong(path: str, line: str, wrong: bool) -> None:
    assert bool(import_faults(Path(path), line)) == wrong
