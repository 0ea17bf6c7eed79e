"""The shop of tests/servers/django for `make bench-django`: a template that serves
permafrost.rehearsals() requests itself before it forks, or BENCH_REHEARSALS."""
import io
import os
import sys

from shop.wsgi import application

PATHS = os.environ['BENCH_PATHS'].split()


def get(path):
    environ = {
        'REQUEST_METHOD': 'GET', 'SCRIPT_NAME': '', 'PATH_INFO': path, 'QUERY_STRING': '',
        'SERVER_NAME': 'localhost', 'SERVER_PORT': '80', 'SERVER_PROTOCOL': 'HTTP/1.1',
        'HTTP_HOST': 'shop.example', 'REMOTE_ADDR': '127.0.0.1', 'wsgi.version': (1, 0),
        'wsgi.url_scheme': 'http', 'wsgi.input': io.BytesIO(), 'wsgi.errors': sys.stderr,
        'wsgi.multithread': False, 'wsgi.multiprocess': True, 'wsgi.run_once': False}
    answer = application(environ, lambda status, headers, exc_info=None: None)
    try:
        for _ in answer:
            pass
    finally:
        answer.close()


def rehearse():
    from django.db import connections
    try:
        import permafrost
        requests = permafrost.rehearsals()
    except ImportError:     # a server without it
        requests = 0
    for n in range(int(os.environ.get('BENCH_REHEARSALS') or requests)):
        get(PATHS[n % len(PATHS)])
    connections.close_all()


rehearse()
