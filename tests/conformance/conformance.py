"""Tests one strategy under the interpreter that runs this.

    python -B conformance.py EXT_DIR STRATEGY

What only that strategy promises is tested in STRATEGY_test.py, if there is one.
"""
import importlib
import os
import sys

import memcheck
import support


def main(argv):
    ext_dir = support.begin(argv, "EXT_DIR STRATEGY")
    import subject
    subject.choose(ext_dir, argv[2].replace("_", "-"))
    if support.PYPY:
        import pypy_strategies
        import contract
        support.run_tests(pypy_strategies, *[contract] * (not subject.absent))
    import contract
    import finalization
    import generations
    import heap
    import moments
    import outofband
    import processes
    modules = [contract, heap, generations, moments, finalization, processes,
               outofband]
    if memcheck.HEAP == "own":      # it is all the same to these
        modules = []
    own = argv[2].replace("-", "_") + "_test"
    if os.path.exists(os.path.join(os.path.dirname(__file__), own + ".py")):
        modules.append(importlib.import_module(own))
    support.run_tests(*modules, strategy=subject.name)


if __name__ == "__main__":
    main(sys.argv)
