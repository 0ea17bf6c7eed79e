"""Tests one strategy under the interpreter that runs this.

    python -B conformance.py EXT_DIR STRATEGY
"""
import sys

import support


def main(argv):
    ext_dir = support.begin(argv, "EXT_DIR STRATEGY")
    import subject
    subject.choose(ext_dir, argv[2].replace("_", "-"))
    import contract
    import generations
    import heap
    import moments
    import processes
    support.run_tests(contract, heap, generations, moments, processes)


if __name__ == "__main__":
    main(sys.argv)
