"""Limits its address space, and asks for more."""
import resource


def warm(scale):
    return None


def request(state, n):
    if n == 3:
        resource.setrlimit(resource.RLIMIT_AS, (1 << 28, 1 << 28))
        bytearray(1 << 29)
