"""On PyPy: tells the collector of memory that it does not know of.

PyPy starts a major collection when its own heap has grown.  Memory that objects hold
elsewhere (malloc, mmap, in C libraries) is nothing to it, and so a few small objects
can keep much memory until they are found.  Libraries tell of theirs by
__pypy__.add_memory_pressure(); this does so for all of them at once, behind each
request: by what the process has grown, as far as the collector's heap and the
compiler's code have not.

Memory is the anonymous part of the resident size: /proc/self/statm, resident less
shared (proc(5)).  When the collector gives up an arena that stays resident, that is
no growth of the process and so no pressure.
"""
import gc

try:
    from __pypy__ import add_memory_pressure
except ImportError:     # then it is unsupported
    pass

from permafrost import purestrategy


def _supported():
    return purestrategy.needs_pypy() or purestrategy.needs_statm()


def _sizes():
    """(anonymous resident size, what the interpreter itself has allocated),
    bytes."""
    stats = gc._get_stats()
    return (purestrategy.anonymous_bytes(),
            stats.total_allocated_memory + stats.jit_backend_allocated)


class Pressure(purestrategy.Use):
    NAME = "pressure"
    SUMMARY = ("tell the collector of memory that grew outside of its heap "
               "(add_memory_pressure), behind each request")
    supported = staticmethod(_supported)

    def __init__(self, *args):
        purestrategy.Use.__init__(self, *args)
        self._last = None

    def after_fork_child(self):
        self._last = _sizes()

    def after_request(self):
        if self._last is None:
            self._last = _sizes()
            return
        resident, own = _sizes()
        grown = resident - self._last[0]
        outside = grown - (own - self._last[1])
        self._last = resident, own
        if min(grown, outside) > 0:
            add_memory_pressure(min(grown, outside))


purestrategy.define(globals(), Pressure)
