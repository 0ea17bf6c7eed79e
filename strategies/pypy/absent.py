"""Stands, under its name, for each strategy that PyPy cannot have."""
from permafrost import Unsupported

REASONS = {
    "threshold_zero": "PyPy's collector has no thresholds by counts of objects",
    "tuned": "PyPy's collector has no thresholds by counts of objects",
}

_name = __name__.rsplit(".", 1)[-1]
raise Unsupported("%s: %s" % (_name.replace("_", "-"), REASONS.get(
    _name, "PyPy has no CPython heap, which this strategy prepares")))
