"""A WSGI application for the tests of real servers: a heap that was loaded
before the fork, and answers that tell what a worker knows of its strategy.

The query is the number of objects to touch; `collect` makes a full collection.
Counting what is frozen makes answers slow: they say nothing of throughput.
"""
import gc
import json
import os

import permafrost

heap = [{"n": [n], "name": str(n)} for n in range(60000)]
loaded_by = os.getpid()


def passes():
    """Passes of reshare in this worker and the template."""
    try:
        from permafrost import reshare
    except ImportError:
        return None
    return reshare.statistics()["passes"]


def report():
    answer = permafrost.status()
    answer.update(pid=os.getpid(), loaded_by=loaded_by, passes=passes(),
                  frozen=gc.get_freeze_count())
    return answer


def application(environ, start_response):
    query = environ.get("QUERY_STRING", "")
    if query == "collect":
        gc.collect()
    elif query:
        for item in heap[:int(query)]:
            item["n"]
    body = json.dumps(report()).encode("ascii")
    start_response("200 OK", [("Content-Type", "application/json"),
                              ("Content-Length", str(len(body)))])
    return [body]
