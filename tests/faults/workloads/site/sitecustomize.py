"""Waits in phase `start`: while the template's interpreter starts.

Only the process of a cell has the variable that is asked for here.
"""
import os
import sys

if "PERMAFROST_PADDING" in os.environ:
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    import phases
    del sys.path[0]
    phases.hold("start", phases.count("starts"))
