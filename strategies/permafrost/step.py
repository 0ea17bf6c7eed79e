"""On PyPy: major collections go on between requests only, one step at a time."""
import gc

from permafrost import purestrategy


class Step(purestrategy.WithoutMajor):
    NAME = "step"
    SUMMARY = ("gc.disable(), and one gc.collect_step() behind every EVERY-th "
               "request")
    OPTIONS = (purestrategy.Number("every", "requests from one step to the next",
                                   "1", 1, 1000000),)
    supported = staticmethod(purestrategy.needs_pypy)

    def __init__(self, *args):
        purestrategy.WithoutMajor.__init__(self, *args)
        self._waited = 0

    def after_request(self):
        if gc.isenabled():      # not begun, undone, or by the application
            return
        self._waited += 1
        if self._waited >= self.values[0]:
            self._waited = 0
            gc.collect_step()


purestrategy.define(globals(), Step)
