"""A heap of values of many shapes, each of which follows from numbers: the
seed, its slot, its version and its size.  These are kept in shared memory, which
no strategy moves, so that what must be there is known apart from what is there.
"""
import array
import binascii
import collections
import mmap
import random
import struct
import weakref

PAGE = 4096
PERIOD = 4099       # bytes: no two pages of a pattern are equal


def pattern(key, size):
    """`size` bytes."""
    bits = random.Random(key).getrandbits(8 * PERIOD)
    block = binascii.unhexlify(("%0*x" % (2 * PERIOD, bits)).encode("ascii"))
    return (block * (size // PERIOD + 1))[:size]


class Record(object):
    """An object with a __dict__, equal to one of the same content."""

    def __init__(self, number):
        self.number = number
        self.pair = [str(number), number]
        self.link = {"k": number}

    def __eq__(self, other):
        return vars(self) == vars(other)

    def __ne__(self, other):
        return vars(self) != vars(other)

    __hash__ = None


class Shape(object):
    """make(key, size) is a value, which resize() takes to another size in
    place, where it is there; plain() makes values comparable."""
    largest = 1
    resize = None

    @staticmethod
    def plain(value):
        return value


class Blob(Shape):
    largest = 2 << 20

    @classmethod
    def make(cls, key, size):
        return bytearray(pattern(key, size))

    @classmethod
    def resize(cls, value, key, size):
        for i in range(0, len(value), PAGE):    # copied, but not changed
            value[i] = value[i]
        if size < len(value):
            del value[size:]
        else:
            value.extend(cls.make(key, size)[len(value):])


class Fill(Blob):
    """All of these are of two kinds, so that one that is taken for another, or
    for what was at its address before, is found equal to it."""
    largest = 8 << 20

    @classmethod
    def make(cls, key, size):
        return bytearray(b"\0" if key % 4 == 3 else b"t") * size


class Numbers(Shape):
    largest = 60000

    @classmethod
    def make(cls, key, size):
        rng = random.Random(key)
        return [rng.random() for _ in range(size)]

    @classmethod
    def resize(cls, value, key, size):
        if size < len(value):
            del value[size:]
        else:
            value.extend(cls.make(key, size)[len(value):])


class Words(Numbers):
    largest = 3000
    kinds = (u"plain", u"caf\xe9 \xfc", u"\u0442\u0435\u043a\u0441\u0442",
             u"\U0001f40d")

    @classmethod
    def make(cls, key, size):
        rng = random.Random(key)
        return [rng.choice(cls.kinds) * rng.randrange(9) + u"%d" % i
                for i in range(size)]


class Records(Numbers):
    largest = 1500

    @classmethod
    def make(cls, key, size):
        first = random.Random(key).getrandbits(60)
        return [Record(first + i) for i in range(size)]


class Table(Shape):
    largest = 4000

    @classmethod
    def make(cls, key, size):
        rng = random.Random(key)
        return dict(("key%d" % i, rng.random()) for i in range(size))

    @classmethod
    def resize(cls, value, key, size):
        made = cls.make(key, size)
        for name in [name for name in value if name not in made]:
            del value[name]
        for name in made:
            value.setdefault(name, made[name])


class Tuples(Shape):
    largest = 1500

    @classmethod
    def make(cls, key, size):
        rng = random.Random(key)
        return tuple((i, (rng.random(), [str(i)])) for i in range(size))


class Mixed(Shape):
    largest = 2000

    @classmethod
    def make(cls, key, size):
        rng = random.Random(key)
        numbers = [rng.getrandbits(80) for _ in range(size)]
        return [set(numbers), frozenset(numbers[::3]),
                collections.deque(numbers),
                array.array("d", map(float, numbers)), pattern(key, size),
                rng.getrandbits(30 * size + 1), complex(size, 1)]


class Ring(Shape):
    """Cyclic, with weak references: only the collector frees it."""
    largest = 1000

    @classmethod
    def make(cls, key, size):
        records = [Record(key % 1000003 + i) for i in range(size)]
        for i, record in enumerate(records):
            record.next = records[i - 1]
            record.weak = weakref.ref(records[(i + 1) % size])
        return records[0]

    @staticmethod
    def plain(value):
        seen, record = [], value
        while True:
            after = record.weak()
            seen.append((record.number, record.pair, record.link,
                         after.next is record))
            record = record.next
            if record is value:
                return seen


class Crowd(Shape):
    """Small objects by the arena."""
    largest = 20000
    smallest = 10000

    @classmethod
    def make(cls, key, size):
        rng = random.Random(key)
        first = rng.getrandbits(50)
        return [(first + i, str(i), [first - i]) for i in range(size)]


SHAPES = (Blob, Fill, Blob, Fill, Blob, Fill, Numbers, Words, Records, Table,
          Tuples, Mixed, Ring)


class Damaged(Exception):
    """A value is not what it must be."""


class Heap(object):
    """`slots` values, of which the first `crowds` are Crowds."""
    entry = struct.Struct("QQ")

    def __init__(self, seed, slots, crowds):
        self.seed = seed
        self.crowds = crowds
        self.checked = 0
        self.known = mmap.mmap(-1, slots * self.entry.size)
        self.values = [None] * slots
        for slot in range(slots):
            self.renew(slot, 0)

    def known_apart(self):
        """What is known in memory of its own, for a child to set `known` to.
        To be called before the fork, after which this process may change it."""
        known = mmap.mmap(-1, len(self.known))
        known[:] = self.known[:]
        return known

    def _know(self, slot):
        return self.entry.unpack_from(self.known, slot * self.entry.size)

    def _shape(self, slot, version):
        return Crowd if slot < self.crowds else \
            SHAPES[(slot + version) % len(SHAPES)]

    def _key(self, slot, version):
        return (self.seed * 1000003 + slot) * 1000003 + version

    @staticmethod
    def size(rng, shape):
        """Small ones are as likely as large ones."""
        if shape is Crowd:
            return rng.randrange(shape.smallest, shape.largest)
        return int(2 ** rng.uniform(0, shape.largest.bit_length() - 1))

    def _set(self, slot, version, size):
        self.entry.pack_into(self.known, slot * self.entry.size, version, size)

    def drop(self, slot):
        self.values[slot] = None

    def renew(self, slot, version):
        """Version 0 is what the slot began with."""
        shape, key = self._shape(slot, version), self._key(slot, version)
        size = self.size(random.Random(key), shape)
        self.values[slot] = None
        self.values[slot] = shape.make(key, size)
        self._set(slot, version, size)

    def next_version(self, slot):
        return self._know(slot)[0] + 1

    def mutate(self, rng):
        """Changes one value that is no crowd."""
        slot = rng.randrange(self.crowds, len(self.values))
        version, _ = self._know(slot)
        shape = self._shape(slot, version)
        chance = rng.random()
        if shape.resize is not None and chance < 0.6:
            size = self.size(rng, shape)
            shape.resize(self.values[slot], self._key(slot, version), size)
            self._set(slot, version, size)
        else:
            self.renew(slot, 0 if chance > 0.9 else version + 1)

    def check(self, slot):
        version, size = self._know(slot)
        shape, value = self._shape(slot, version), self.values[slot]
        expected = shape.make(self._key(slot, version), size)
        self.checked += 1
        if type(value) is not type(expected) or \
                shape.plain(value) != shape.plain(expected):
            raise Damaged("slot %d, a %s, version %d, size %d, is damaged" % (
                slot, shape.__name__, version, size))

    def check_all(self):
        for slot in range(len(self.values)):
            self.check(slot)
