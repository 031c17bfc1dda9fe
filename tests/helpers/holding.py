"""How many bytes the objects of a process hold, whatever pages its allocators keep for the next ones."""

import ctypes
import gc
import os
import re
import sys
import tempfile

BLOCKS = re.compile(rb"bytes in allocated blocks\s+=\s+([\d,]+)")


class _Malloc(ctypes.Structure):
    """glibc's `struct mallinfo2` (2.33 and newer): bytes."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in ("arena", "ordblks", "smblks", "hblks", "mapped", "usmblks", "fsmblks", "used", "free", "top")
    ]


def held() -> int:
    """The bytes of all that is allocated in this process: Python's small blocks, and what malloc gave out."""
    gc.collect()
    told = ctypes.CDLL(None).mallinfo2
    told.restype = _Malloc
    malloc = told()
    [blocks] = BLOCKS.findall(_stats())
    return int(blocks.replace(b",", b"")) + int(malloc.used) + int(malloc.mapped)


def _stats() -> bytes:
    """What Python says of its allocator, which it says to standard error alone."""
    with tempfile.TemporaryFile() as said:
        kept = os.dup(2)
        os.dup2(said.fileno(), 2)
        try:
            sys._debugmallocstats()
        finally:
            os.dup2(kept, 2)
            os.close(kept)
        said.seek(0)
        return said.read()
