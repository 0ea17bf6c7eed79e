"""Known answer: SCALE MiB of shared memory that nobody has mapped are counted."""
import gc
import os
import tempfile


def warm(scale):
    gc.disable()
    if hasattr(os, "memfd_create"):
        held = os.fdopen(os.memfd_create("calibrate"), "wb", 0)
    else:               # before 3.8: a file without a name
        held = tempfile.TemporaryFile(dir="/dev/shm")
    for _ in range(scale):
        held.write(bytes(bytearray(1 << 20)))
    held.flush()
    return held


def request(state, n):
    pass
