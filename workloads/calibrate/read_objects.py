"""Known answer: reading SCALE objects, each on a page of its own, copies these.

The count of each goes up and down again, so nothing is left of it.
"""
import gc
import mmap

BYTES = mmap.PAGESIZE * 3 // 2      # so no two begin on the same page
UNREAD = 1000


def warm(scale):
    gc.disable()
    objects = [bytes(bytearray(BYTES)) for _ in range(scale + UNREAD)]
    pages = set(id(o) // mmap.PAGESIZE for o in objects[:scale])
    if len(pages) != scale:
        raise AssertionError("%d objects begin on %d pages" % (scale, len(pages)))
    return objects, scale


def request(state, n):
    objects, scale = state
    i = 0
    while i < scale:
        objects[i]
        i += 1
