"""rss-collect on PyPy: see rss_collect.c, which has the rule by which the next level
is decided.  PyPy does not tell how much a collection has freed; whether the process
is smaller after it stands for that.
"""
import gc

from permafrost import purestrategy


class RssCollect(purestrategy.WithoutMajor):
    NAME = "rss-collect"
    SUMMARY = "collect between requests, when memory grew by SIZE (see oob)"
    OPTIONS = (purestrategy.Size(
        "size", "growth that causes a collection, in bytes or with K, M, G",
        "32M", 1 << 20, 1 << 30),)
    supported = staticmethod(purestrategy.needs_statm)

    def __init__(self, *args):
        purestrategy.WithoutMajor.__init__(self, *args)
        self._level = None

    def _set_level(self, size, level):
        """Decides to collect next at `level`, but at most SIZE away and at least
        an eighth of it."""
        step = self.values[0]
        self._level = min(max(level, size + step // 8), size + step)

    def after_fork_child(self):
        size = purestrategy.anonymous_bytes()
        self._set_level(size, size + self.values[0])

    def after_request(self):
        if gc.isenabled():      # not begun, undone, or by the application
            return
        if self._level is None:
            self.after_fork_child()
            return
        before = purestrategy.anonymous_bytes()
        if before < self._level:
            return
        gc.collect()
        size = purestrategy.anonymous_bytes()
        self._set_level(size, self._level if size < before else
                        size + self.values[0])

    def before_exit(self):
        self.undo()


purestrategy.define(globals(), RssCollect)
