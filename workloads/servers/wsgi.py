"""Your own WSGI application, called with the requests that --urls=FILE lists.

The environment variable PERMAFROST_WSGI holds the workload's name as it is in keys,
``wsgi:MODULE:APP//FOLDER[//FILE]`` (see harness/wsgi.h).  The application is imported
from FOLDER, which is also the current one, as gunicorn does; APP may be a factory,
``name()``.  One unit of scale is one pass over the requests before the fork.

FILE is UTF-8, one request per line: a method, a path, and for all but GET and HEAD a
body, to the end of the line.  Empty lines and those that begin with # are comments.
``-> STATUS`` at the end is the status to expect; without it a status of 400 or more
is a failure, and one of 500 or more always is.  ``Name: value`` is a header of all
requests that follow, or, when the line is indented, of the request above only:

    Host: shop.example
    GET /products/?page=2
    GET /no/such/page -> 404
    POST /login/ user=ann&password=secret -> 302
    POST /api/orders {"product": 7}
        X-Requested-With: XMLHttpRequest

Requests come in the order of the file, again and again.  Each pass is a new visitor, who
begins without cookies, keeps those of all paths, and sends Django's token, the cookie
csrftoken, back with what is not GET, HEAD or OPTIONS.

Facts about the interface are from PEP 3333.
"""

import importlib
import io
import os
import re
import sys
import traceback

try:
    from urllib.parse import unquote_to_bytes
except ImportError:     # Python 2
    from urllib import unquote as unquote_to_bytes

SCALE = 10
WSGI = True

HEADER = re.compile(r'([A-Za-z0-9-]+):[ \t]*(.*)$')
REQUEST = re.compile(r'([A-Z]+) +(/[!-~]*)(?: +(.*))?$')
CONTROL = re.compile(u'[\0-\x08\x0a-\x1f\x7f]')
EXPIRED = re.compile(r'max-age\s*=\s*(0|-\d+)\s*(;|$)|expires\s*=[^;]*\b1970\b', re.I)
STATUS = re.compile(r'[1-5]\d\d( |$)')
TEXT = (str, type(u''))     # Real servers take Python 2's unicode strings, too.


class RequestFailed(Exception):
    """The application did not answer as it should; the text names the request."""


def native(text):
    """ASCII text as the interpreter's own kind of string; ValueError for others."""
    try:
        return str(text.encode('ascii').decode('ascii'))
    except UnicodeError:
        raise ValueError('%r is not ASCII; percent-encode it' % text)


def read_header(name, value):
    """The name a header has in the environment, and its value."""
    key = native(name).upper().replace('-', '_')
    if key == 'CONTENT_LENGTH':
        raise ValueError('the Content-Length is counted; leave it out')
    return key if key == 'CONTENT_TYPE' else 'HTTP_' + key, native(value)


class Request(object):
    """One line of the file: what to send, and the status to expect or None."""

    def __init__(self, text, headers):
        head, _, tail = text.rpartition(u' -> ')
        self.expected = None
        if head and tail.isdigit():
            text, self.expected = head.rstrip(), int(tail)
            if not 200 <= self.expected < 500:
                raise ValueError('-> takes a status from 200 to 499, not %d' % self.expected)
        match = REQUEST.match(text)
        if match is None:
            raise ValueError("this is neither 'METHOD /path', as in 'GET /', nor a header, "
                             "'Name: value'")
        method, target, body = match.groups()
        self.name = native(u'%s %s' % (method, target))
        self.body = (body or u'').encode('utf-8')
        if body and method in ('GET', 'HEAD'):
            raise ValueError('%s has no body; percent-encode spaces in a path' % method)
        path, _, query = native(target).partition('?')
        path = unquote_to_bytes(path)
        self.environ = {
            'REQUEST_METHOD': native(method), 'SCRIPT_NAME': '',
            'PATH_INFO': path if isinstance(path, str) else path.decode('latin-1'),
            'QUERY_STRING': query, 'SERVER_NAME': 'localhost', 'SERVER_PORT': '80',
            'SERVER_PROTOCOL': 'HTTP/1.1', 'REMOTE_ADDR': '127.0.0.1',
            'HTTP_HOST': 'localhost', 'wsgi.version': (1, 0), 'wsgi.url_scheme': 'http',
            'wsgi.multithread': False, 'wsgi.multiprocess': True, 'wsgi.run_once': False}
        if self.body:
            self.environ['CONTENT_TYPE'] = (
                'application/json' if self.body[:1] in (b'{', b'[')
                else 'application/x-www-form-urlencoded')
        if method not in ('GET', 'HEAD'):
            self.environ['CONTENT_LENGTH'] = str(len(self.body))
        self.environ.update(headers)

    def safe(self):
        return self.environ['REQUEST_METHOD'] in ('GET', 'HEAD', 'OPTIONS')


def take_line(line, requests, headers):
    """Add what a line holds to the requests, or to the headers for all that follow;
    ValueError when it is wrong."""
    try:
        line = line.decode('utf-8').rstrip()
    except UnicodeError:
        raise ValueError('it is not UTF-8')
    text = line.lstrip()
    if not text or text.startswith(u'#'):
        return
    if CONTROL.search(text):
        raise ValueError('it has control characters')
    match = HEADER.match(text)
    if line == text and match is None:
        requests.append(Request(text, headers))
    elif line == text:
        headers.append(read_header(*match.groups()))
    elif match is None:
        raise ValueError("an indented line is a header of the request above, 'Name: value'")
    elif not requests:
        raise ValueError('there is no request above that this header could belong to')
    else:
        requests[-1].environ.update([read_header(*match.groups())])


def read_requests(path):
    """Return the requests of a file; ValueError names the file and the line."""
    requests, headers = [], []
    with io.open(path, 'rb') as source:
        for number, line in enumerate(source.read().split(b'\n'), 1):
            before = len(requests)
            try:
                take_line(line.rstrip(b'\r'), requests, headers)
            except ValueError as error:
                raise ValueError('%s: line %d: %s' % (path, number, error))
            if len(requests) > before:
                requests[-1].name += ' (line %d)' % number
    if not requests:
        raise ValueError("%s: it has no request; a line is 'GET /path'" % path)
    return requests


class Answer(object):
    """What an application answers: start_response() and where the body goes."""

    def __init__(self):
        self.status = None
        self.headers = []
        self.length = 0

    def start(self, status, headers, exc_info=None):
        if exc_info is not None:
            try:
                if self.length:
                    raise exc_info[1]
            finally:
                exc_info = None     # It would be a cycle.
        elif self.status is not None:
            raise TypeError('start_response() was called twice, without exc_info')
        if not isinstance(status, TEXT) or not STATUS.match(status):
            raise TypeError('start_response() got the status %r' % (status,))
        for name, value in headers:
            if not isinstance(name, TEXT) or not isinstance(value, TEXT):
                raise TypeError('start_response() got the header %r: %r' % (name, value))
        self.status = status
        self.headers = headers
        return self.write

    def write(self, data):
        if self.status is None:
            raise TypeError('there was a body before start_response() was called')
        if not isinstance(data, bytes):
            raise TypeError('the body has %s, not bytes' % type(data).__name__)
        self.length += len(data)


def call(application, environ, through=None):
    """Call the application as a server does, if there is one `through` it; return its
    answer."""
    answer = Answer()
    parts = (application(environ, answer.start) if through is None
             else through(application, environ, answer.start))
    try:
        for part in parts:
            answer.write(part)
        answer.write(b'')       # An empty body needs a status, too.
    finally:
        if hasattr(parts, 'close'):
            parts.close()
    return answer


class Visitors(object):
    """The application, the requests, and the cookies of who makes them just now."""

    def __init__(self, application, requests):
        self.application = application
        self.requests = requests
        self.jar = {}

    def visit(self, n, through=None):
        """Make request `n`; return the status and the length of the body."""
        if n % len(self.requests) == 0:
            self.jar = {}
        request, jar = self.requests[n % len(self.requests)], self.jar
        environ = dict(request.environ)
        environ['wsgi.input'] = io.BytesIO(request.body)
        environ['wsgi.errors'] = sys.stderr
        if jar:
            given = environ.get('HTTP_COOKIE')
            environ['HTTP_COOKIE'] = '; '.join(
                ([given] if given else [])
                + ['%s=%s' % pair for pair in sorted(jar.items())])
        if 'csrftoken' in jar and not request.safe():
            environ.setdefault('HTTP_X_CSRFTOKEN', jar['csrftoken'])
        try:
            answer = call(self.application, environ, through)
        except Exception as error:
            if sys.version_info[0] < 3:
                traceback.print_exc()       # Later ones chain exceptions.
            # Its str() may be what fails next.
            words = traceback.format_exception_only(type(error), error)[-1]
            raise RequestFailed('%s raised %s' % (request.name, words.strip()))
        code = int(answer.status[:3])
        if code != request.expected if request.expected else code >= 400:
            raise RequestFailed('%s answered %s%s' % (
                request.name, answer.status,
                ', not %d' % request.expected if request.expected else ''))
        for name, value in answer.headers:
            if name.lower() == 'set-cookie':
                keep_cookie(jar, value)
        return code, answer.length


def keep_cookie(jar, header):
    """Take a Set-Cookie header into a visitor's cookies."""
    pair, _, attributes = header.partition(';')
    name, _, value = pair.strip().partition('=')
    if EXPIRED.search(attributes):
        jar.pop(name, None)
    else:
        jar[name] = value


def find_application(name):
    """Return the application MODULE:APP; ImportError or TypeError when it is none."""
    module, _, path = name.partition(':')
    is_factory = path.endswith('()')
    found = importlib.import_module(module)
    for part in (path[:-2] if is_factory else path).split('.'):
        if not hasattr(found, part):
            raise ImportError('%s has no %s' % (module, path))
        found = getattr(found, part)
    if is_factory:
        found = found()
    if not callable(found):
        raise TypeError('%s is no application, it cannot be called' % name)
    return found


def close_connections():
    """Close what must not cross a fork, as far as it is known: Django's database
    connections, which it opens again in each process."""
    database = sys.modules.get('django.db')
    if database is not None:
        database.connections.close_all()


def warm(scale):
    name, _, rest = os.environ['PERMAFROST_WSGI'][len('wsgi:'):].partition('/')
    at = rest.find('//', 1)
    folder, path = (rest, None) if at < 0 else (rest[:at], rest[at + 1:])
    requests = [Request(u'GET /', ())] if path is None else read_requests(path)
    # In place of the folder of this file, which is nobody's to import from.
    sys.path[0] = folder
    sys.argv = sys.argv[:1]
    os.chdir(folder)
    visitors = Visitors(find_application(name), requests)
    for n in range(scale * len(requests)):
        visitors.visit(n)
    close_connections()
    return visitors


def request(state, n, through=None):
    return state.visit(n, through)


def main(argv):
    """Check the file that the only argument names."""
    try:
        read_requests(argv[1])
    except (EnvironmentError, ValueError) as error:
        sys.exit(str(error))


if __name__ == '__main__':
    main(sys.argv)
