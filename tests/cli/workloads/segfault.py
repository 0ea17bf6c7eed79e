"""Reads address 0 in request 3."""
import resource


def warm(scale):
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def request(state, n):
    if n == 3:
        # Here and not above, as in some builds the import is what crashes.
        import ctypes
        ctypes.string_at(0)
