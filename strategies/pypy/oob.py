"""oob on PyPy: see oob.c.  gc.disable() leaves minor collections as they are."""
import gc

from permafrost import purestrategy


class Oob(purestrategy.WithoutMajor):
    NAME = "oob"
    SUMMARY = "collect between requests only, after every N (behind freeze)"
    OPTIONS = (purestrategy.Number("requests", "requests between two collections",
                                   "10", 1, 2 ** 31 - 1),)

    def __init__(self, *args):
        purestrategy.WithoutMajor.__init__(self, *args)
        self._served = 0

    def after_fork_child(self):
        self._served = 0

    def after_request(self):
        if gc.isenabled():      # not begun, undone, or by the application
            return
        self._served += 1
        if self._served >= self.values[0]:
            self._served = 0
            gc.collect()

    def before_exit(self):
        self.undo()


purestrategy.define(globals(), Oob)
