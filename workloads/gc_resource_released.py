"""gc_resource with explicit release: each resource is closed when it has been used.

No interpreter holds more than one at a time then, but it is the program that must know
when nobody needs a resource any more.
"""
import gc_resource

SCALE = 32


class Ledger(gc_resource.Ledger):
    """Resources that the program releases itself."""

    def forget(self, resource):
        self.free(resource.number, resource.memory)


def warm(scale):
    """Return a ledger; ValueError as from ``gc_resource.new``."""
    return gc_resource.new(Ledger, scale)


request = gc_resource.request
check = gc_resource.check
