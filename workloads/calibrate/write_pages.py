"""Known answer: a worker that writes SCALE pages of the template's copies as many."""
import gc
import mmap

PAGE = mmap.PAGESIZE
UNTOUCHED = 1000        # pages of the template that no worker writes


def warm(scale):
    gc.disable()        # a collection would copy pages of its own
    pages = mmap.mmap(-1, (scale + UNTOUCHED) * PAGE,
                      flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    for at in range(0, len(pages), PAGE):
        pages[at:at + 1] = b"t"
    return pages, scale


def request(state, n):
    pages, scale = state
    at = 0
    while at < scale * PAGE:
        pages[at:at + 1] = b"w"
        at += PAGE
