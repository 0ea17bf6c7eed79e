"""The baseline on PyPy."""
from permafrost import purestrategy


class None_(purestrategy.Use):
    NAME = "none"
    SUMMARY = "leave the collector and the heap alone (the baseline)"


purestrategy.define(globals(), None_)
