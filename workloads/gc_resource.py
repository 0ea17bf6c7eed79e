"""Memory of the system's allocator held by finalizers: who gives it back, and when.

One unit of scale is one MiB of a resource, memory that no collector counts.  Each request
takes one resource, uses it and forgets it; a finalizer, here the callback of a weak
reference, gives the memory back.  (Unlike ``__del__`` such a finalizer works in cycles,
too, on 2.7.)  After every 25 resources the program calls the collector itself.

Where references are counted, as in CPython, no more than one resource is held at any time.
Other collectors run when enough objects have been made, and see 25 small ones: until the
program calls it, PyPy's holds all 25, which are 800 MiB by default.  Remedies are the other
workloads of this name: ``gc_resource_released`` releases explicitly,
``gc_resource_pressure`` tells PyPy how much memory there is; and strategies that collect
between requests, ``oob:1`` and ``rss-collect``.  ``gc_resource_cycle`` puts each resource
into a cycle of references, whereby CPython holds all 25, too.
"""
import gc
import mmap
import weakref

SCALE = 32

MOST = 1024     # what is meant for other workloads would take all memory
ROUND = 25
MIB = b'\1' * (1 << 20)


class Resource(object):
    """What the program refers to; ``memory`` is the resource itself."""

    __slots__ = ('number', 'memory', 'itself', '__weakref__')


class Ledger(object):
    """The state: finalizers of the resources that are held, and how many there were."""

    def __init__(self, scale):
        self.mib = scale
        self.taken = 0
        self.most = 0
        self.held = {}

    def take(self):
        """Return a new resource, all of whose pages have been written to."""
        resource = Resource()
        number, memory = self.taken, self.allocate()
        resource.number, resource.memory = number, memory
        self.taken += 1
        self.held[number] = weakref.ref(resource, lambda _: self.free(number, memory))
        self.most = max(self.most, len(self.held))
        return resource

    def allocate(self):
        memory = mmap.mmap(-1, self.mib << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        for _ in range(self.mib):
            memory.write(MIB)
        return memory

    def free(self, number, memory):
        memory.close()
        del self.held[number]

    def forget(self, resource):
        """The program has used the resource, and will drop its last reference."""


def new(kind, scale):
    """Return a ledger of this kind; ValueError unless 1 <= scale <= 1024.

    The first round, too, begins behind a collection, so that none comes in its midst.
    """
    if not 1 <= scale <= MOST:
        raise ValueError('gc_resource: scale is MiB, 1 to %d, not %r' % (MOST, scale))
    gc.collect()
    return kind(scale)


def warm(scale):
    """Return a ledger; ValueError as from ``new``.  Nothing is taken yet."""
    return new(Ledger, scale)


def request(state, n):
    """Serve request ``n``: take a resource, read it, and forget it.

    The sum of what was read is returned, so that a test can tell that it was all there.
    """
    resource = state.take()
    total = 0
    for at in range(state.mib):
        total += bytearray(resource.memory[at << 20:(at << 20) + 1])[0]
    state.forget(resource)
    del resource
    if n % ROUND == ROUND - 1:
        gc.collect()
    return total


def check(state):
    """Raise AssertionError unless a collection finalizes all that is held."""
    if not len(state.held) <= state.most <= ROUND:
        raise AssertionError('%d resources were held at a time' % state.most)
    gc.collect()
    if state.held:
        raise AssertionError('%d of %d resources are held and cannot be collected'
                             % (len(state.held), state.taken))
