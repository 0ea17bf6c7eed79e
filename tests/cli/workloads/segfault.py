"""Reads address 0 in request 3."""
import ctypes
import resource


def warm(scale):
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def request(state, n):
    if n == 3:
        ctypes.string_at(0)
