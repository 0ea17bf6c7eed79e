"""One template process whose heap becomes immortal, and a worker for each thing
that must go on as ever, or as the strategy says.

    python -B immortal_life.py EXT_DIR SPEC

Writes the names of the scenarios as they pass.  A worker ends by sys.exit, so
that each also takes down an interpreter full of immortal objects.
"""
import collections
import copy
import ctypes
import datetime
import decimal
import functools
import gc
import json
import mmap
import os
import pickle
import re
import sqlite3
import ssl
import sys
import threading
import types
import weakref

import support

SCENARIOS = []
log = []


def scenario(function):
    SCENARIOS.append(function)
    return function


def immortal(thing):
    return sys.getrefcount(thing) > 1 << 30


class Node(object):
    def __init__(self, value=None):
        self.value = value


class Finalized(object):
    """Tells the log, or a pipe, of its end."""
    def __init__(self, name, fd=None):
        self.name, self.fd, self.write, self.log = name, fd, os.write, log

    def __del__(self):
        self.log.append(self.name)
        if self.fd is not None:
            self.write(self.fd, b"end")


class Local(threading.local):
    pass


def suspended():
    try:
        yield 1
    finally:
        log.append("generator")


def text(i):
    """A new text of 12 characters that the interpreter knows nothing of."""
    return "".join(["text", "%08d" % i])


class Heap(object):
    """What has been warmed."""

    def __init__(self):
        self.nodes = [Node([text(i), i * 1000003, i / 7.0]) for i in range(999)]
        self.table = dict((text(i), (i, [i])) for i in range(999))
        self.text, self.bytes = text(7), text(8).encode()
        self.float, self.int = 1.0 / 3, 10 ** 30
        self.tuple = tuple(text(i) for i in range(5))
        self.set = set(map(text, range(50)))
        self.made = type("Made", (Node,), {"shared": [1]})
        self.dropped = []
        self.finalized = Finalized("finalized")
        self.watched = Finalized("watched")
        self.watch = weakref.ref(self.watched, lambda _: log.append("watch"))
        self.generator = suspended()
        next(self.generator)
        self.read_end, self.write_end = os.pipe()
        self.file = os.fdopen(os.dup(self.write_end), "w")
        self.bytearray = bytearray(b"0123")
        self.view = memoryview(self.bytearray)
        self.mapping = mmap.mmap(-1, 4096)
        self.mapped = memoryview(self.mapping)
        self.lock = threading.Lock()
        self.local = Local()
        self.local.node = Node()
        self.json = json.loads('{"a": [1.5, {"b": null}], "c": "\\u20ac"}')
        self.database = sqlite3.connect(":memory:")
        self.database.execute("create table t (a, b)")
        self.database.executemany("insert into t values (?, ?)",
                                  [(i, text(i)) for i in range(100)])
        self.rows = self.database.execute("select * from t").fetchall()
        self.c_type = type("Pair", (ctypes.Structure,), {
            "_fields_": [("a", ctypes.c_int), ("b", ctypes.c_char_p)]})
        self.c_value = self.c_type(5, b"five")
        self.moment = datetime.datetime(2020, 2, 29, 12, tzinfo=datetime.timezone(
            datetime.timedelta(hours=5, minutes=7)))
        self.decimal = decimal.Decimal("1.10")
        self.pattern = re.compile("(?P<word>t[a-z]+)0*([0-9]+)")
        self.ssl = ssl.create_default_context()
        self.deque = collections.deque(map(text, range(20)), 20)
        self.counter = collections.defaultdict(list, a=[1])
        self.ordered = collections.OrderedDict((text(i), i) for i in range(9))
        self.cached = functools.lru_cache(3)(lambda n: [n])
        for i in range(5):
            self.cached(i)
        self.error = ValueError("kept")
        self.frame = None


@scenario
def what_is_immortal(heap):
    for thing in (heap, heap.nodes, heap.nodes[5], heap.nodes[5].value,
                  heap.nodes[5].value[0], heap.nodes[5].value[1],
                  heap.nodes[5].value[2], heap.table, heap.table[text(3)],
                  sorted(heap.table)[3], sorted(heap.set)[3], heap.text,
                  heap.bytes, heap.tuple, heap.made, heap.made.__dict__["shared"],
                  heap.moment, heap.decimal, heap.pattern,
                  heap.deque, heap.deque[0], heap.counter, heap.ordered,
                  list(heap.ordered)[2], heap.rows[5][1], Node, text,
                  text.__code__, text.__code__.co_consts, heap.generator.gi_code,
                  heap.local.__dict__, heap.local.node, sys, os, list.append,
                  heap.json["a"][1], heap.in_thread()):
        assert immortal(thing), thing
    for thing in (heap.finalized, heap.watch, heap.generator, heap.file,
                  heap.file.buffer, heap.view, heap.mapping, heap.lock,
                  heap.error, heap.frame, heap.database, heap.c_value,
                  heap.cached, heap.stack):
        assert not immortal(thing), thing


@scenario
def in_place(heap):
    kept = heap.text, heap.bytes, heap.tuple, heap.float, heap.int
    copies = pickle.dumps(kept)
    for _ in range(3):
        for name in ("text", "bytes", "tuple", "float", "int"):
            value = getattr(heap, name)
            value += value
            setattr(heap, name, value)
    assert pickle.dumps(kept) == copies
    assert heap.tuple == kept[2] * 8 and heap.text == text(7) * 8
    s = kept[0]
    for _ in range(1000):
        s += "x"
    assert s == text(7) + "x" * 1000 and kept[0] == text(7)
    assert [a + b for a, b in zip(kept[2], map(text, range(5)))][1] == \
        2 * text(1)
    pairs = list(enumerate(heap.table.items()))
    assert len(set(pair[1][0] for pair in pairs)) == 999
    total = heap.nodes[3].value[2]
    for node in heap.nodes:
        total = total + node.value[2]
    assert heap.nodes[3].value[2] == 3 / 7.0 and total > 71000


@scenario
def containers(heap):
    alive = weakref.ref(Node())
    assert alive() is None
    for put in (lambda n: heap.table.__setitem__("new", n),
                lambda n: heap.nodes.__setitem__(0, n),
                lambda n: setattr(heap.nodes[9], "value", n),
                lambda n: setattr(heap.nodes[9], "other", n),
                lambda n: setattr(Node, "shared", n),
                lambda n: heap.counter.__setitem__("a", n)):
        node = Node()
        alive = weakref.ref(node)
        put(node)
        del node
        assert type(alive()) is Node
        put(None)
        assert alive() is None
    del heap.nodes[::2]
    heap.nodes.reverse()
    heap.nodes.sort(key=lambda node: id(node))
    heap.nodes.extend(Node() for _ in range(5000))
    del heap.nodes[100:]
    for i in range(0, 999, 2):
        del heap.table[text(i)]
    assert heap.table[text(501)] == (501, [501]) and len(heap.table) == 500 or \
        "new" in heap.table
    heap.table.update((text(i), i) for i in range(5000))
    heap.table.clear()
    heap.set -= set(map(text, range(0, 50, 2)))
    assert heap.set == set(map(text, range(1, 50, 2)))
    heap.deque.extend(range(30))
    assert list(heap.deque) == list(range(10, 30))
    heap.ordered.move_to_end(text(0))
    heap.ordered.popitem(False)
    assert list(heap.ordered) == [text(i) for i in (2, 3, 4, 5, 6, 7, 8, 0)]
    assert [heap.cached(i) for i in range(9)] == [[i] for i in range(9)]
    heap.nodes = heap.table = None
    gc.collect()


@scenario
def weak_references(heap):
    called = []
    ref = weakref.ref(heap.nodes[5], called.append)
    values = weakref.WeakValueDictionary(a=heap.nodes[5], b=heap.finalized)
    heap.nodes = None
    gc.collect()
    assert ref().value[0] == text(5) and called == []
    assert values["a"] is ref()
    heap.finalized = None
    assert list(values) == ["a"]


@scenario
def dropped_weak_references(heap):
    heap.watch = None
    heap.watched = None
    assert log == ["watched"], log


@scenario
def finalizers(heap):
    heap.finalized = heap.generator = None
    assert log == ["finalized", "generator"], log
    fd = heap.file.fileno()
    heap.file.write("flushed")
    heap.file = None
    assert os.read(heap.read_end, 99) == b"flushed"
    try:
        os.fstat(fd)
    except OSError:
        pass
    else:
        raise AssertionError("the file is still open")
    heap.view = None
    heap.bytearray.append(1)
    heap.mapped = None
    heap.mapping.close()


@scenario
def copies(heap):
    for thing in (heap.nodes, heap.table, heap.moment, heap.decimal,
                  heap.ordered, heap.deque, heap.counter, heap.pattern):
        twin = pickle.loads(pickle.dumps(thing))
        assert type(twin) is type(thing) and len(repr(twin)) > 0
        assert not immortal(twin) or twin is thing
        again = copy.deepcopy(thing)
        if thing is not heap.nodes:
            assert twin == thing == again
    assert [n.value for n in copy.deepcopy(heap.nodes)] == \
        [n.value for n in heap.nodes]


@scenario
def exceptions(heap):
    for _ in range(100):
        local = Node()
        alive = weakref.ref(local)
        try:
            raise heap.error
        except ValueError as error:
            assert error.args == ("kept",)
            error.__traceback__ = None
        try:
            heap.table["no such key"]
        except KeyError as error:
            assert error.__traceback__.tb_frame is sys._getframe()
        del local
        assert alive() is None


@scenario
def classes(heap):
    for base in (Node, heap.made, dict, heap.c_type, json.JSONEncoder):
        later = type("Later", (base,), {"__slots__": ("extra",)})
        thing = later()
        thing.extra = heap
        alive = weakref.ref(later)
        assert base.__subclasses__()[-1] is later
        del later, thing
        gc.collect()
        assert alive() is None, base
    Node.method = lambda self: self.value
    assert heap.nodes[1].method()[1] == heap.made(heap.nodes[1]).value.value[1]
    Node.method = heap.made.method = list.append
    del Node.method
    assert not hasattr(heap.nodes[1], "method")
    for cls in (Node, heap.made):
        thing = cls(3)
        thing.itself = thing
        alive = weakref.ref(thing)
        del thing
        gc.collect()
        assert alive() is None
    heap.nodes[3].__class__ = heap.made
    assert heap.nodes[3].shared == [1]
    heap.nodes[4].__dict__["value"] = 9
    assert heap.nodes[4].value == 9


@scenario
def threads(heap):
    def work():
        for _ in range(10):
            for node in heap.nodes:
                mine.append(list(node.value))
            if len(heap.table) != 999 or heap.local.__dict__:
                return
            del mine[:]
        done.append(1)
    done, mine = [], []
    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(done) == 4


@scenario
def subinterpreters(heap):
    try:
        import _interpreters as interpreters
    except ImportError:
        try:
            import _xxsubinterpreters as interpreters
        except ImportError:
            return
    for _ in range(3):
        other = interpreters.create()
        error = interpreters.run_string(
            other, "import json, re, datetime, collections\n"
            "class C(list): pass\n"
            "assert json.loads(json.dumps([1, {'a': 2}])) == [1, {'a': 2}]\n"
            "x = [C() for _ in range(999)]\n")
        assert error is None, error
        interpreters.destroy(other)
    assert heap.table[text(3)] == (3, [3])


@scenario
def libraries(heap):
    assert json.loads(json.dumps(heap.json)) == heap.json
    assert json.dumps([n.value for n in heap.nodes]).count("text") == 999
    heap.database.executemany("insert into t values (?, ?)", heap.rows)
    assert heap.database.execute("select count(*) from t").fetchone() == (200,)
    assert heap.database.execute("select b from t where b = ?",
                                 (heap.text,)).fetchall() == [(text(7),)] * 2
    heap.database.close()
    heap.c_value.a += 1
    assert (heap.c_value.a, heap.c_value.b) == (6, b"five")
    assert ctypes.cast(ctypes.pointer(heap.c_value),
                       ctypes.POINTER(heap.c_type))[0].a == 6
    array = (heap.c_type * 3)(heap.c_value)
    assert array[0].b == b"five"
    called = []
    proto = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)
    proto(lambda n: called.append(n) or n)(4)
    assert called == [4]
    later = heap.moment + datetime.timedelta(days=1)
    assert later.isoformat() == "2020-03-01T12:00:00+05:07"
    assert heap.moment.replace(tzinfo=None).strftime("%Y") == "2020"
    heap.decimal += 1
    assert str(heap.decimal) == "2.10"
    assert decimal.getcontext().divide(heap.decimal, 2) == \
        decimal.Decimal("1.05")
    assert heap.pattern.match(heap.text).groups() == ("text", "7")
    assert heap.pattern.sub("x", " ".join(heap.tuple)) == "x x x x x"
    one, two = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = heap.ssl.wrap_bio(one, two, server_hostname="example.org")
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    assert two.pending > 0
    ssl.create_default_context()


@scenario
def counts_stay(heap):
    sample = [heap, heap.nodes[1], heap.text, heap.table, Node, heap.decimal]
    before = list(map(sys.getrefcount, sample))
    for _ in range(20):
        keep = [list(sample) for _ in range(500)]
        copy.copy(heap.table)
        gc.collect()
        del keep
    assert list(map(sys.getrefcount, sample)) == before


@scenario
def counts_of_older_extensions(heap):
    """The limited API before 3.12 counts without a look."""
    for node in (heap.nodes[1], heap.nodes[2]):
        count = ctypes.c_ssize_t.from_address(id(node))
        step = 1 if node is heap.nodes[1] else -1
        for _ in range(1000):
            count.value += step
            [node] * 3
        assert node.value[0].startswith("text")
        gc.collect()
        for _ in range(1000):
            count.value -= step
            [node] * 3
        for _ in range(5):
            gc.collect()
        heap.nodes[1:3] = [None, None]
        assert node.value[0].startswith("text") and immortal(node)
        heap.nodes[1:3] = [node, node]
        if node is not heap.nodes[2]:
            break


@scenario
def garbage(heap):
    """Cycles through immortal objects' values are collected, new ones that
    immortal objects alone refer to are not."""
    refs = []
    for i in range(100):
        node = Node(heap)
        node.itself = node
        refs.append(weakref.ref(node))
        heap.nodes[i].other = [i, heap.nodes[i]]
    del node
    gc.collect()
    gc.collect()
    assert [ref() for ref in refs] == [None] * 100
    for i in range(100):
        assert heap.nodes[i].other[0] == i


@scenario
def interned(heap):
    """One object for each interned text, whatever it was before."""
    for i in range(100):
        known = heap.nodes[i].value[0]
        assert sys.intern(known) is sys.intern(text(i))
        setattr(heap, known, i)
        assert getattr(heap, text(i)) == i


@scenario
def teardown(heap):
    """A worker's exit still finalizes what modules hold."""
    pid = os.fork()
    if pid == 0:
        sys.exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    for _ in range(2):      # of the module here and of an imported one
        assert os.read(heap.read_end, 3) == b"end"


def filled_meanwhile(stack):
    """C code that fills an object while the heap becomes immortal."""
    def items():
        for i in range(50):
            if i == 25:
                stack.before_fork()
            yield text(i)
    expected = [text(i) for i in range(50)]
    assert tuple(items()) == tuple(expected)
    assert list(items()) == expected
    assert "".join(items()) == "".join(expected)
    assert len(set(items())) == len(dict.fromkeys(items())) == 50
    assert json.loads(json.dumps(list(items()))) == expected
    assert sorted(expected, key=lambda s: [s, stack.before_fork()][0]) == \
        expected


def released_by_the_function(stack, heap):
    """Variables of a running function go when it returns, and with them a
    frame that something holds."""
    def run():
        node, cell = Node(), Node()
        refs.append(weakref.ref(node))
        refs.append(weakref.ref(cell))
        heap.frame = sys._getframe()
        stack.before_fork()
        return 1 if node is None else lambda: cell
    refs = []
    run()
    heap.frame.clear()
    assert refs[0]() is None
    assert refs[1]() is None
    run()
    heap.frame = None
    assert refs[2]() is None and refs[3]() is None


def main(argv):
    global end
    support.begin(argv, "EXT_DIR SPEC")
    import permafrost
    stack = permafrost.Stack(argv[2])
    heap = Heap()
    heap.stack = stack._uses[-1]
    released_by_the_function(stack, heap)
    filled_meanwhile(stack)
    end = Finalized("end", heap.write_end)
    extra = sys.modules["extra"] = types.ModuleType("extra")
    extra.end = Finalized("end", heap.write_end)
    extra.itself = extra
    del extra
    stop, started = threading.Event(), threading.Event()

    def waiting():
        held = [Node()]     # nothing else leads to it
        heap.in_thread = weakref.ref(held[0])
        started.set()
        stop.wait()
    thread = threading.Thread(target=waiting)
    thread.daemon = True        # a failure must not wait for it
    thread.start()
    started.wait()
    heap.frame = sys._getframe()
    only_here = [Node()]
    stack.before_fork()
    assert stack.count() > 10000
    assert immortal(only_here[0]) and not immortal(only_here)
    for run in SCENARIOS:
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            if run is not teardown:     # only its own worker tells the pipe
                end.fd = sys.modules["extra"].end.fd = None
                stop.set()
            del log[:]
            run(heap)
            end.fd = sys.modules["extra"].end.fd = None
            sys.exit(0)
        status = os.waitpid(pid, 0)[1]
        assert status == 0, (run.__name__, status)
        print(run.__name__)
    end.fd = sys.modules["extra"].end.fd = None
    stop.set()


if __name__ == "__main__":
    main(sys.argv)
