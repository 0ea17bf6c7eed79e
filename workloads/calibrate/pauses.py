"""Known answer: collections of each generation that take SCALE milliseconds."""
import gc
import time
import weakref


class Node(object):
    pass


def warm(scale):
    gc.disable()
    return scale / 1000.0


def request(state, n):
    node = Node()
    node.self = node

    def sleep(ref):
        time.sleep(state)
    keep = weakref.ref(node, sleep)
    del node
    gc.collect(n % 3)
    if keep() is not None:
        raise AssertionError("the collection did not find the cycle")
