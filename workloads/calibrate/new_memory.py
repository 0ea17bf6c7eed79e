"""Known answer: SCALE MiB that a worker allocates are private and no copies."""
import gc

held = []


def warm(scale):
    gc.disable()
    return scale


def request(state, n):
    held.append(b"w" * (state << 20))
