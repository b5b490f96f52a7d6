"""All threads of the daemon take memory from one heap."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

# Prints for each thread whether what it gets lies in the process's one heap.
_PROGRAM = """
import ctypes, re, sys, threading
from acceld.memory import share_heap
if sys.argv[1:]:
    assert share_heap()
malloc = ctypes.CDLL(None).malloc
malloc.restype = ctypes.c_void_p
def look():
    found = malloc(5000)
    with open("/proc/self/maps", encoding="ascii") as maps:
        heap = next(line for line in maps if line.endswith("[heap]\\n"))
    first, last = (int(number, 16) for number in re.match("(\\\\w+)-(\\\\w+)", heap).groups())
    print(first <= found < last)
for thread in [threading.Thread(target=look) for _ in range(3)]:
    thread.start()
    thread.join()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a setting of glibc")
@pytest.mark.parametrize(("arguments", "expected"), [(["shared"], "True"), ([], "False")])
def test_threads_share_the_heap(arguments: list[str], expected: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout.split()) == (0, [expected] * 3), done.stderr
