"""Which file system a directory is on: SQLite's locks do not hold on those of a network."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# f_type as in statfs(2) and linux/magic.h.
NETWORK_FILESYSTEMS = {
    0x6969: "NFS",
    0x517B: "SMB",
    0xFE534D42: "SMB",
    0xFF534D42: "CIFS",
    0x5346414F: "AFS",
    0x6B414653: "AFS",
    0x00C36400: "CephFS",
    0x0BD00BD0: "Lustre",
}

_STATFS_BYTES = 256  # struct statfs is 120 bytes on 64-bit Linux; its first member is f_type, a long


def filesystem_type(directory: Path) -> int:
    """The f_type of statfs(2).

    Raises:
        OSError: the directory cannot be asked.
    """
    library = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(_STATFS_BYTES)
    if library.statfs(os.fsencode(directory), buffer):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(directory))
    return int.from_bytes(buffer.raw[: ctypes.sizeof(ctypes.c_long)], sys.byteorder) & 0xFFFFFFFF


def network_filesystem(directory: Path) -> str:
    """The name of the network file system that holds `directory`; "" for a local one."""
    return NETWORK_FILESYSTEMS.get(filesystem_type(directory), "")
