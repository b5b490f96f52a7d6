"""The files of this repository, as the rules of the house see them."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

CPP = (".hpp", ".cpp")
PYTHON = (".py",)
CODE_FOLDERS = ("cpp", "bindings", "python", "tests", "examples", "scripts")
SKIPPED = {"__pycache__", "build", "node_modules", ".ipynb_checkpoints", "testdata"}


def code_files(*suffixes: str, under: tuple[str, ...] = CODE_FOLDERS) -> list[Path]:
    """All files below the given top-level folders that end in one of `suffixes`, relative to the root, sorted."""
    found = []
    for folder in under:
        for path in (ROOT / folder).rglob("*"):
            relative = path.relative_to(ROOT)
            if path.suffix in suffixes and path.is_file() and not SKIPPED.intersection(relative.parts):
                found.append(relative)
    return sorted(found)


def scripts() -> list[Path]:
    """The programs without a suffix in scripts/ and .ci/, relative to the root."""
    candidates = [path for folder in ("scripts", ".ci") for path in (ROOT / folder).iterdir() if path.is_file()]
    return sorted(path.relative_to(ROOT) for path in candidates if not path.suffix)


def read(path: Path) -> str:
    """The text of a file given relative to the root."""
    return (ROOT / path).read_text(encoding="utf-8")


def modules() -> list[str]:
    """The C++ modules: the folders of cpp/accel."""
    return sorted(path.name for path in (ROOT / "cpp/accel").iterdir() if path.is_dir())
