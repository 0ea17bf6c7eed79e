"""What a stress counts, in memory that all processes of a round share, and what
it sees in /proc/self/maps.
"""
import mmap
import struct

COLUMNS = ("request", "requests", "passes", "looked_at", "given_back",
           "skipped", "forks", "unmapped_kib", "anew_kib", "moved", "checks",
           "values")
CELL = struct.Struct("Q")


class Board(object):
    """A row of COLUMNS for each process; "request" is the present one."""

    def __init__(self, rows):
        self.memory = mmap.mmap(-1, rows * len(COLUMNS) * CELL.size)
        self.rows = rows

    def _at(self, row, name):
        return (row * len(COLUMNS) + COLUMNS.index(name)) * CELL.size

    def get(self, row, name):
        return CELL.unpack_from(self.memory, self._at(row, name))[0]

    def set(self, row, name, value):
        CELL.pack_into(self.memory, self._at(row, name), value)

    def add(self, row, name, value=1):
        self.set(row, name, self.get(row, name) + value)

    def total(self):
        return dict((name, sum(self.get(row, name) for row in range(self.rows)))
                    for name in COLUMNS)


def mappings():
    """(start, end, offset in the memfd or None) of all mappings, in order."""
    found = []
    with open("/proc/self/maps") as maps:
        for line in maps:
            fields = line.split()
            start, end = [int(a, 16) for a in fields[0].split("-")]
            ours = "permafrost-reshare" in line and fields[1] == "rw-p"
            found.append((start, end, int(fields[2], 16) if ours else None))
    return found


def overlap(left, right):
    """The parts that two ordered lists of (start, end, ...) share."""
    shared, i, j = [], 0, 0
    while i < len(left) and j < len(right):
        start = max(left[i][0], right[j][0])
        end = min(left[i][1], right[j][1])
        if start < end:
            shared.append((start, end))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return shared


def kib(ranges):
    return sum(r[1] - r[0] for r in ranges) >> 10
