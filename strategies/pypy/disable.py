"""gc.disable() on PyPy."""
from permafrost import purestrategy


class Disable(purestrategy.WithoutMajor):
    NAME = "disable"
    SUMMARY = "gc.disable(): no collection unless the application enables it"


purestrategy.define(globals(), Disable)
