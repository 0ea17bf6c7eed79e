"""A WSGI application with a warmed heap, for `harness observe`: 60000 lists and
strings; each request touches some of them, and each tenth collects."""
import gc

HEAP = [["value %d" % i, [i]] for i in range(30000)]
served = [0]


def application(environ, start_response):
    served[0] += 1
    first = 37 * served[0] % len(HEAP)
    body = ", ".join(pair[0] for pair in HEAP[first:first + 100])
    if served[0] % 10 == 0:
        gc.collect()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [body.encode("ascii")]
