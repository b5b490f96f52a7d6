"""Converts container images into formats that start before they are pulled.

    import accel
    result = accel.convert("localhost:5000/app:1", driver="estargz")
    accel.check("localhost:5000/app:1", result.targets[0].reference).equal

`accel.aio` has the same functions for asyncio, `accel.progress` the progress displays. All errors are below
`accel.Error`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

try:
    # A name, not the module: without its file the folder of stubs would be imported as an empty package.
    from accel._core import __version__
except ImportError as error:
    from accel._diagnosis import explain

    raise ImportError(explain(error)) from error

from accel import progress, units
from accel._cache import CacheContent, CachePruned, CacheRecord, inspect_cache, prune_cache
from accel._check import check
from accel._convert import convert, execute
from accel._copy import copy
from accel._core.base import CancelToken, ProgressEvent
from accel._core.convert import DecodeLimits
from accel._core.oci import Platform, Reference
from accel._dictionary import make_dictionary
from accel._doctor import Step, diagnose
from accel._errors import (
    Cancelled,
    ConfigError,
    DigestMismatch,
    Error,
    FormatError,
    InvalidReference,
    NotFound,
    RateLimited,
    RegistryError,
    StoreError,
    TlsError,
    Unauthorized,
    Unreachable,
    UnsupportedError,
)
from accel._formats import FormatInfo, OptionField, formats
from accel._image import FileEntry, Image, ImageLayer, Inspection, inspect
from accel._image import open_image as open  # noqa: A004 - `accel.open` reads well and shadows nothing outside
from accel._plan import Candidate, Plan, PlannedTarget, candidates, plan
from accel._profiles import made_here
from accel._registry import Registries, StoredManifest, TaggedImage, Twin
from accel._results import (
    CacheUse,
    CheckReport,
    ConvertResult,
    CopyResult,
    DictionaryImage,
    DictionaryResult,
    Difference,
    Elapsed,
    Layer,
    Source,
    Target,
    Transferred,
)
from accel._store import CollectReport, Store, StoredBlob, StoreUsage
from accel._templates import glob_matches
from accel._unpack import unpack

if TYPE_CHECKING:
    from accel import aio
    from accel._config import Config

__all__ = [
    "CacheContent",
    "CachePruned",
    "CacheRecord",
    "CacheUse",
    "CancelToken",
    "Cancelled",
    "Candidate",
    "CheckReport",
    "CollectReport",
    "Config",
    "ConfigError",
    "ConvertResult",
    "CopyResult",
    "DecodeLimits",
    "DictionaryImage",
    "DictionaryResult",
    "Difference",
    "DigestMismatch",
    "Elapsed",
    "Error",
    "FileEntry",
    "FormatError",
    "FormatInfo",
    "Image",
    "ImageLayer",
    "Inspection",
    "InvalidReference",
    "Layer",
    "NotFound",
    "OptionField",
    "Plan",
    "PlannedTarget",
    "Platform",
    "ProgressEvent",
    "RateLimited",
    "Reference",
    "Registries",
    "RegistryError",
    "Source",
    "Step",
    "Store",
    "StoreError",
    "StoreUsage",
    "StoredBlob",
    "StoredManifest",
    "TaggedImage",
    "Target",
    "TlsError",
    "Transferred",
    "Twin",
    "Unauthorized",
    "Unreachable",
    "UnsupportedError",
    "__version__",
    "aio",
    "candidates",
    "check",
    "convert",
    "copy",
    "diagnose",
    "execute",
    "formats",
    "glob_matches",
    "inspect",
    "inspect_cache",
    "made_here",
    "make_dictionary",
    "open",
    "plan",
    "progress",
    "prune_cache",
    "units",
    "unpack",
]


def __getattr__(name: str) -> object:
    """What takes long to import, on first use: the settings model of `Config`, and asyncio, which is 5 MiB as well."""
    if name == "Config":
        from accel._config import Config  # noqa: PLC0415 - see above

        globals()["Config"] = Config
        return Config
    if name == "aio":
        return importlib.import_module("accel.aio")  # sets the attribute
    raise AttributeError(f"module 'accel' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
