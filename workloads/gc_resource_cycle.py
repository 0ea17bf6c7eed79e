"""gc_resource in cycles of references: only the collector finds what is to be released.

CPython, too, then holds resources until its collector runs, and that runs when enough
objects have been made, however much memory a few of them hold.
"""
import gc_resource

SCALE = 32


class Ledger(gc_resource.Ledger):
    """Resources that refer to themselves."""

    def forget(self, resource):
        resource.itself = resource


def warm(scale):
    """Return a ledger; ValueError as from ``gc_resource.new``."""
    return gc_resource.new(Ledger, scale)


request = gc_resource.request
check = gc_resource.check
