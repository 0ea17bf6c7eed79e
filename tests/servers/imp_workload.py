"""Loads a file of workloads/ as a module, whatever the interpreter."""
import os

WORKLOADS = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))), "workloads")


def load(name):
    module = type(os)("permafrost_workload")
    module.__file__ = os.path.join(WORKLOADS, name)
    with open(module.__file__, "rb") as source:
        code = compile(source.read(), module.__file__, "exec", 0, True)
    exec(code, module.__dict__)
    return module
