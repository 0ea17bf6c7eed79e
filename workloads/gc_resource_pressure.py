"""gc_resource that tells PyPy's collector how much memory each resource takes.

``__pypy__.add_memory_pressure()`` counts it towards the next collection; PyPy 7.3.11 then
holds at most 6.  Releases are not told: a negative size only puts that collection off.
Where there is no such function the workload is gc_resource.
"""
import gc_resource

try:
    from __pypy__ import add_memory_pressure
except ImportError:
    def add_memory_pressure(size):
        """There is no such collector here."""

SCALE = 32


class Ledger(gc_resource.Ledger):
    """Resources whose sizes the collector is told."""

    def allocate(self):
        add_memory_pressure(self.mib << 20)
        return gc_resource.Ledger.allocate(self)


def warm(scale):
    """Return a ledger; ValueError as from ``gc_resource.new``."""
    return gc_resource.new(Ledger, scale)


request = gc_resource.request
check = gc_resource.check
