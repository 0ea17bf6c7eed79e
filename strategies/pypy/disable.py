"""gc.disable() on PyPy."""
from permafrost import purestrategy


class Disable(purestrategy.WithoutMajor):
    NAME = "disable"
    SUMMARY = ("gc.disable(): no major collection, no finalizer unless the "
               "application enables them")


purestrategy.define(globals(), Disable)
