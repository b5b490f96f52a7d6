"""The error tree, made by the extension module from cpp/accel/base/error.hpp.

Error ── ConfigError(+ValueError) · InvalidReference(+ValueError) · UnsupportedError · Cancelled
      ├─ FormatError{digest, path, offset}
      ├─ DigestMismatch{expected, actual, length}
      ├─ StoreError(+OSError){path, errno}
      └─ RegistryError{status, code, method, url, retryable}
           └─ Unauthorized · NotFound(+LookupError) · RateLimited{retry_after} · TlsError · Unreachable
"""

from accel._core import (
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

__all__ = [
    "Cancelled",
    "ConfigError",
    "DigestMismatch",
    "Error",
    "FormatError",
    "InvalidReference",
    "NotFound",
    "RateLimited",
    "RegistryError",
    "StoreError",
    "TlsError",
    "Unauthorized",
    "Unreachable",
    "UnsupportedError",
]
