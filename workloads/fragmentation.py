"""Arenas kept alive by single objects: memory the allocator holds and nobody uses.

One unit of scale is 50 records, of which warming keeps one and frees the others when all
have been made: what an application does that reads a large file into objects and keeps an
index.  The survivors lie far apart, so that no arena can go back to the system and every
pool has free blocks.  Requests read survivors and make as many short-lived records as one
unit has, which fall into these holes: on pages that the workers share.
"""

SCALE = 20000

RECORDS = 50
READS = 50


class Record(object):
    """A small object of a fixed size, as rows and tree nodes are."""

    __slots__ = ('number', 'name')

    def __init__(self, number):
        self.number = number
        self.name = 'record %d' % number


def warm(scale):
    """Return the ``scale`` survivors; ValueError unless scale >= 1."""
    if scale < 1:
        raise ValueError('fragmentation: scale must be at least 1, not %r' % (scale,))
    records = [Record(number) for number in range(RECORDS * scale)]
    return records[::RECORDS]


def request(state, n):
    """Serve request ``n``: read survivors, and make and drop some records.

    The sum of what was read is returned, so that a test can tell that the right
    survivors were visited.
    """
    total = 0
    for j in range(READS):
        total += state[(READS * n + j) % len(state)].number
    made = [Record(number) for number in range(RECORDS)]
    del made
    return total


def check(state):
    """Raise AssertionError unless the survivors are as ``warm`` left them."""
    for index, record in enumerate(state):
        if type(record) is not Record or record.number != RECORDS * index or \
                record.name != 'record %d' % record.number:
            raise AssertionError('survivor %d is damaged' % index)
