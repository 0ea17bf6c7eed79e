"""Instances, lists and dicts that refer to each other: the plainest collector load.

One unit of scale is one instance.  Each holds in its ``__dict__`` an int, a
two-item list and a dict with a reference to another instance, so every unit
costs the collector an instance, a list and one or two dicts, all tracked.
Requests read fifty ints, and thereby touch the reference counts of a few pages,
make two hundred short-lived dicts, and drop one cycle for the collector to find.
Nothing but the interpreter's core is used: what is measured here is the
collector and the allocator, not a library.
"""

SCALE = 100000

READS = 50
DICTS = 200
STRIDE = 7


class Node(object):
    """One instance; it has a ``__dict__`` on purpose, as most application objects do."""

    def __init__(self, number):
        self.number = number


def warm(scale):
    """Return the list of ``scale`` linked instances; ValueError unless scale >= 1."""
    if scale < 1:
        raise ValueError('objectgraph: scale must be at least 1, not %r' % (scale,))
    nodes = [Node(number) for number in range(scale)]
    # A second pass, since a link may point to an instance not made in the first.
    for number, node in enumerate(nodes):
        node.pair = [str(number), number]
        node.link = {'k': number, 'p': nodes[(STRIDE * number) % scale]}
    return nodes


def request(state, n):
    """Serve request ``n``: read some instances, allocate, and drop one cycle.

    The sum of what was read is returned so that a test can tell that the right
    instances were visited; it is a plain int and keeps nothing alive.
    """
    scale = len(state)
    total = 0
    for j in range(READS):
        total += state[(READS * n + j) % scale].number
    made = []
    for j in range(DICTS):
        made.append({'items': [j]})
    cycle = []
    cycle.append({'owner': cycle})
    return total


def check(state):
    """Raise AssertionError unless every instance is exactly as ``warm`` left it."""
    # The exceptions are raised rather than asserted, because a check that
    # disappears under ``python -O`` would pass on any damage.
    if type(state) is not list or not state:
        raise AssertionError('the state is not a list of instances')
    scale = len(state)
    for number, node in enumerate(state):
        if type(node) is not Node:
            raise AssertionError('item %d is %r, not an instance' % (number, type(node)))
        held = vars(node)
        if sorted(held) != ['link', 'number', 'pair']:
            raise AssertionError('instance %d holds %s' % (number, sorted(held)))
        if type(held['number']) is not int or held['number'] != number:
            raise AssertionError('instance %d has the number %r' % (number, held['number']))
        if type(held['pair']) is not list or held['pair'] != [str(number), number]:
            raise AssertionError('instance %d has the pair %r' % (number, held['pair']))
        link = held['link']
        if type(link) is not dict or sorted(link) != ['k', 'p'] or link['k'] != number:
            raise AssertionError('instance %d has a damaged link' % number)
        if link['p'] is not state[(STRIDE * number) % scale]:
            raise AssertionError('instance %d links to the wrong instance' % number)
