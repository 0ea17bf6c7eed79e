"""A full collection before the fork, on PyPy."""
import gc

from permafrost import purestrategy


class Collect(purestrategy.Use):
    NAME = "collect"
    SUMMARY = "a full collection before the fork (first in a stack)"

    def before_fork(self):
        gc.collect()


purestrategy.define(globals(), Collect)
