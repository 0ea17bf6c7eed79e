"""Cycles of objects with finalizers: what the collector does besides freeing memory.

One unit of scale is one pair of resources that refer to each other and stay.  Requests
read some of them and drop ten pairs more, one in five of which resurrects one of its two
for a while.  From 3.4 on the collector finalizes each resource once, resurrected or not
(PEP 442); up to 3.8 one that comes back keeps all garbage that was found with it until the
next collection of its generation.  Under 2.7 a cycle with ``__del__`` is never freed and
piles up in ``gc.garbage``.  PyPy finalizes one of a pair, and the other when it finds it
unreachable again, so that waits for a partner that came back.  A stack that keeps the
collector from running postpones the finalizers, and what their objects hold stays held.
"""
import collections
import gc
import sys

SCALE = 20000

READS = 50
PAIRS = 10
DICTS = 100
RETURNS_EVERY = 5
RETURNED = 8
# A collection finalizes what it finds, and the next frees what was resurrected.
COLLECTIONS = 3
PYPY = hasattr(sys, 'pypy_version_info')
SAFE = sys.version_info >= (3, 4) or PYPY


class Ledger(object):
    """The state: the pairs that stay, and what became of all others."""

    def __init__(self):
        self.kept = []
        self.made = 0
        self.finalized = 0
        self.again = 0
        self.returned = collections.deque(maxlen=RETURNED)

    def pair(self, number, returns=False):
        """Return one of two new resources that refer to each other."""
        first, second = Resource(self, number, returns), Resource(self, number, False)
        first.other, second.other = second, first
        self.made += 2
        return first


class Resource(object):
    """Something to be released when nothing refers to it any more."""

    def __init__(self, ledger, number, returns):
        self.ledger = ledger
        self.number = number
        self.returns = returns
        self.finalized = False

    def __del__(self):
        ledger = self.ledger
        ledger.again += self.finalized
        ledger.finalized += 1
        self.finalized = True
        if self.returns:
            ledger.returned.append(self)


def warm(scale):
    """Return a ledger with ``scale`` pairs; ValueError unless scale >= 1."""
    if scale < 1:
        raise ValueError('finalizers: scale must be at least 1, not %r' % (scale,))
    ledger = Ledger()
    for number in range(scale):
        ledger.kept.append(ledger.pair(number))
    return ledger


def request(state, n):
    """Serve request ``n``: read some pairs, allocate, and drop ten pairs.

    The sum of what was read is returned, so that a test can tell that the right pairs
    were visited.
    """
    total = 0
    for j in range(READS):
        total += state.kept[(READS * n + j) % len(state.kept)].other.number
    made = []
    for j in range(DICTS):
        made.append({'items': [j]})
    for j in range(PAIRS):
        state.pair(n, j % RETURNS_EVERY == 0)
    return total


def left_over(state):
    """Return how many resources of this ledger the collector has given up."""
    return sum(isinstance(one, Resource) and one.ledger is state for one in gc.garbage)


def check(state):
    """Raise AssertionError unless the pairs are as ``warm`` left them and each resource
    that was dropped has been finalized once, or under 2.7 is in ``gc.garbage``."""
    for number, first in enumerate(state.kept):
        if first.number != number or first.other.other is not first or \
                first.other is first or first.finalized or first.other.finalized:
            raise AssertionError('pair %d is damaged' % number)
    for _ in range(COLLECTIONS):
        gc.collect()
    dropped = state.made - 2 * len(state.kept)
    finalized, given_up = (dropped, 0) if SAFE else (0, dropped)
    if PYPY:
        finalized -= sum(not one.other.finalized for one in state.returned)
    if state.again:
        raise AssertionError('%d resources were finalized again' % state.again)
    if state.finalized != finalized:
        raise AssertionError('%d of %d dropped resources were finalized'
                             % (state.finalized, dropped))
    if left_over(state) != given_up:
        raise AssertionError('gc.garbage holds %d of %d dropped resources'
                             % (left_over(state), dropped))
