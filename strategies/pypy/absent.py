"""Stands, under its name, for each strategy that PyPy cannot have."""
from permafrost import Unsupported

THRESHOLDS = "PyPy's collector has no thresholds by counts of objects"
IN_C = "PyPy gets no strategy that is written in C only"
REASONS = {
    "threshold_zero": THRESHOLDS,
    "tuned": THRESHOLDS,
    "ksm": IN_C,
    "skeleton": IN_C,
}

_name = __name__.rsplit(".", 1)[-1]
raise Unsupported("%s: %s" % (_name.replace("_", "-"), REASONS.get(
    _name, "PyPy has no CPython heap, which this strategy prepares")))
