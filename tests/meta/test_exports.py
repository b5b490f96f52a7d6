"""The public surface of the Python package."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import accel
from accel import _core
from tests.meta.tree import ROOT

PUBLIC_MODULES = {"aio", "progress", "units"}


def test_all_is_sorted_without_repeats_and_complete() -> None:
    assert list(accel.__all__) == sorted(set(accel.__all__), key=str)
    assert not [name for name in accel.__all__ if not hasattr(accel, name)]


def test_public_names_are_not_private() -> None:
    assert not [name for name in accel.__all__ if name.startswith("_") and name != "__version__"]


def test_modules_are_private_except_those_promised() -> None:
    found = {module.name for module in pkgutil.iter_modules(accel.__path__)}
    assert {name for name in found if not name.startswith("_")} == PUBLIC_MODULES


def test_public_things_are_documented() -> None:
    silent = [name for name in accel.__all__ if callable(value := getattr(accel, name)) and not value.__doc__]
    assert not silent


def test_every_module_imports_alone() -> None:
    for module in pkgutil.iter_modules(accel.__path__):
        importlib.import_module(f"accel.{module.name}")


def test_every_native_submodule_has_its_stub() -> None:
    stubs = {path.stem for path in (ROOT / "python/accel/_core").glob("*.pyi")} - {"__init__"}
    natives = {name for name, value in vars(_core).items() if type(value).__name__ == "module"}
    assert stubs == natives


def test_package_is_marked_as_typed() -> None:
    assert (Path(accel.__file__).parent / "py.typed").is_file()
