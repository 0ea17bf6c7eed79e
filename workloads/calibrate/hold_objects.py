"""Known answer: SCALE objects, each on a page of its own, that a worker keeps a
reference to are copied because of their reference counts."""
import gc
import mmap

BYTES = mmap.PAGESIZE * 3 // 2
NOT_HELD = 1000

held = []


def warm(scale):
    gc.disable()
    objects = [bytes(bytearray(BYTES)) for _ in range(scale + NOT_HELD)]
    return objects, scale


def request(state, n):
    objects, scale = state
    held.extend(objects[:scale])
