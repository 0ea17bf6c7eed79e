"""Tests workloads/servers/wsgi.py: how it reads files of requests, and that it calls
an application as PEP 3333 wants it.
"""
import os
import sys
import tempfile
import unittest

WORKLOADS = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                         os.pardir, os.pardir, "workloads")
sys.path.append(WORKLOADS)

import driver

wsgi = driver.load_workload(os.path.join(WORKLOADS, "servers", "wsgi.py"))
del sys.path[0]     # where that lies


def read(text):
    """The requests of a file with this text, bytes or text."""
    handle, path = tempfile.mkstemp()
    try:
        with os.fdopen(handle, "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode("utf-8"))
        return wsgi.read_requests(path)
    finally:
        os.unlink(path)


class FileTest(unittest.TestCase):
    def test_requests(self):
        first, second, third, fourth = read(
            u"# a shop\r\nHost: shop.example\r\n\r\n"
            u"GET /a%20b/%C3%A9?q=%20x\r\n"
            u"POST /cart user=ann&note=a b -> c -> 302\n"
            u"\tX-Two: 2\n"
            u"    Content-Type: text/plain\n"
            u"X-Later: yes\n"
            u'POST /api {"a": "\xe9"}\n'
            u"DELETE /api/7 -> 204")
        self.assertEqual(first.environ["PATH_INFO"], "/a b/\xc3\xa9")
        self.assertEqual(first.environ["QUERY_STRING"], "q=%20x")
        self.assertEqual(first.environ["HTTP_HOST"], "shop.example")
        self.assertEqual((first.name, first.expected),
                         ("GET /a%20b/%C3%A9?q=%20x (line 4)", None))
        self.assertNotIn("CONTENT_LENGTH", first.environ)
        self.assertEqual((second.body, second.expected),
                         (b"user=ann&note=a b -> c", 302))
        self.assertEqual(second.environ["CONTENT_LENGTH"], "22")
        self.assertEqual(second.environ["CONTENT_TYPE"], "text/plain")
        self.assertEqual(second.environ["HTTP_X_TWO"], "2")
        self.assertEqual(third.body, u'{"a": "\xe9"}'.encode("utf-8"))
        self.assertEqual(third.environ["CONTENT_TYPE"], "application/json")
        self.assertEqual(third.environ["HTTP_X_LATER"], "yes")
        self.assertNotIn("HTTP_X_TWO", third.environ)
        self.assertNotIn("HTTP_X_LATER", second.environ)
        self.assertEqual((fourth.expected, fourth.body), (204, b""))
        for request in first, second, third, fourth:
            for name, value in request.environ.items():
                if not name.startswith("wsgi."):
                    self.assertIs(type(value), str, name)

    def test_errors_name_the_line(self):
        for line, words in (
                (u"GET", u"neither"), (u"get /", u"neither"),
                (u"GET shop", u"neither"), (u"GET /a b", u"has no body"),
                (u"GET /\xe9", u"neither"), (u"GET / -> 500", u"200 to 499"),
                (u"GET / -> 99", u"200 to 499"), (u"X\xe9: b", u"neither"),
                (u"X: \xe9", u"percent-encode"), (u"  GET /", u"indented"),
                (u"GET /\0", u"control"), (u"  Content-Length: 3", u"counted"),
                (b"GET /\xff", u"UTF-8")):
            raw = line if isinstance(line, bytes) else line.encode("utf-8")
            with self.assertRaises(ValueError) as caught:
                read(b"GET /\n\n" + raw + b"\nGET /\n")
            self.assertIn(": line 3: ", str(caught.exception))
            self.assertIn(words, str(caught.exception))
        for text, words in ((u"", "no request"), (u"# none", "no request"),
                            (u"  X: y", "no request above")):
            with self.assertRaises(ValueError) as caught:
                read(text)
            self.assertIn(words, str(caught.exception))


class Body(object):
    """An iterable that tells when it is closed."""

    def __init__(self, *parts):
        self.parts = parts
        self.closed = 0

    def __iter__(self):
        for part in self.parts:
            if isinstance(part, Exception):
                raise part
            yield part

    def close(self):
        self.closed += 1


class CallTest(unittest.TestCase):
    def visit(self, application, text=u"GET /"):
        return wsgi.Visitors(application, read(text)).visit(0)

    def fails(self, application, words, text=u"GET /"):
        with self.assertRaises(wsgi.RequestFailed) as caught:
            self.visit(application, text)
        self.assertIn(words, str(caught.exception))
        self.assertIn("(line 1)", str(caught.exception))

    def test_body_is_read_and_closed(self):
        body = Body(b"abc", b"", b"de")

        def application(environ, start_response):
            self.assertEqual(environ["wsgi.input"].read(), b"x=1")
            self.assertEqual(environ["wsgi.version"], (1, 0))
            environ["own"] = 1
            write = start_response("201 Created", [])
            write(b"12")
            return body

        self.assertEqual(self.visit(application, u"POST / x=1 -> 201"),
                         (201, 7))
        self.assertEqual(body.closed, 1)

    def test_status_may_come_with_the_body(self):
        def application(environ, start_response):
            start_response("200 OK", [])
            yield b"late"

        self.assertEqual(self.visit(application), (200, 4))

    def test_failures(self):
        def answer(status, body):
            def application(environ, start_response):
                if status is not None:
                    start_response(status, [])
                return body
            return application

        broken = Body(b"a", ValueError(u"torn \xe9"))
        self.fails(answer("200 OK", broken), "raised ValueError: torn ")
        self.assertEqual(broken.closed, 1)
        self.fails(answer(None, []), "before start_response")
        self.fails(answer(None, [b"x"]), "before start_response")
        self.fails(answer("OK", []), "the status 'OK'")
        self.fails(answer(200, []), "the status 200")
        self.fails(answer("200 OK", [1]), "has int, not bytes")
        self.fails(answer("200 OK", None), "raised TypeError")
        self.fails(answer("500 Oh no", []), "answered 500 Oh no")
        self.fails(answer("404 Not Found", []), "answered 404")
        self.fails(answer("200 OK", []), "answered 200 OK, not 404",
                   u"GET / -> 404")
        self.assertEqual(self.visit(answer("404 No", []), u"GET / -> 404"),
                         (404, 0))

    def test_second_start_response(self):
        def application(sent, exc_info):
            def called(environ, start_response):
                try:
                    start_response("200 OK", [])(sent)
                    raise KeyError("first")
                except KeyError:
                    start_response("400 Bad",
                                   [], sys.exc_info() if exc_info else None)
                return []
            return called

        self.assertEqual(self.visit(application(b"", True), u"GET / -> 400"),
                         (400, 0))
        self.fails(application(b"sent", True), "raised KeyError")
        self.fails(application(b"", False), "called twice")

    def test_cookies(self):
        seen = []

        def application(environ, start_response):
            seen.append((environ.get("HTTP_COOKIE"),
                         environ.get("HTTP_X_CSRFTOKEN")))
            path = environ["PATH_INFO"]
            start_response("200 OK", {
                "/in": [("Set-Cookie", "b=2; Path=/; HttpOnly"),
                        ("set-cookie", "csrftoken=t; Max-Age=31449600")],
                "/out": [("Set-Cookie", 'b=""; expires=Thu, 01 Jan 1970 '
                                        "00:00:00 GMT; Max-Age=0; Path=/")],
            }.get(path, []))
            return []

        visitors = wsgi.Visitors(application, read(
            u"GET /in\nPOST /a\nGET /out\n  Cookie: z=1\nPUT /b\n"))
        for n in range(6):
            visitors.visit(n)
        self.assertEqual(seen, [
            (None, None), ("b=2; csrftoken=t", "t"),
            ("z=1; b=2; csrftoken=t", None), ("csrftoken=t", "t"),
            (None, None), ("b=2; csrftoken=t", "t")])   # the next visitor


class WarmTest(unittest.TestCase):
    def test_connections_of_django_do_not_cross_the_fork(self):
        closed = []
        database = type(os)("django.db")
        database.connections = database
        database.close_all = lambda: closed.append(len(served))
        served = []

        def application(environ, start_response):
            served.append(environ["PATH_INFO"])
            sys.modules["django.db"] = database
            start_response("204 No Content", [])
            return []

        module = type(os)("wsgi_test_application")
        module.application = application
        sys.modules[module.__name__] = module
        before = os.getcwd(), list(sys.path), sys.argv
        os.environ["PERMAFROST_WSGI"] = "wsgi:%s:application//" % module.__name__
        try:
            visitors = wsgi.warm(3)
            self.assertEqual((os.getcwd(), sys.path[0], len(sys.argv)),
                             ("/", "/", 1))
            self.assertEqual((served, closed), (["/"] * 3, [3]))
            self.assertEqual(wsgi.request(visitors, 0), (204, 0))
        finally:
            os.chdir(before[0])
            sys.path[:], sys.argv = before[1:]
            for name in module.__name__, "django.db":
                sys.modules.pop(name, None)
            del os.environ["PERMAFROST_WSGI"]
