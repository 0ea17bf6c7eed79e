"""Tests workloads/servers/permafrost_answer.py: what passes between a server, a
workload and its application.
"""
import os
import sys
import unittest

SERVERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir,
                       os.pardir, "workloads", "servers")
sys.path.insert(0, SERVERS)
from permafrost_answer import Answer
del sys.path[0]

# The generator's request as a server gives it, and what a workload asks instead.
SERVER = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "HTTP_USER_AGENT": "hey",
          "CONTENT_TYPE": "text/html", "RAW_URI": "/", "REQUEST_URI": "/",
          "wsgi.input": "the server's", "wsgi.errors": "the server's",
          "wsgi.file_wrapper": None, "gunicorn.socket": 4}
ASKED = {"REQUEST_METHOD": "POST", "PATH_INFO": "/a", "CONTENT_LENGTH": "3",
         "wsgi.input": "the workload's", "wsgi.errors": "the workload's"}


class Parts(object):
    closed = 0

    def __iter__(self):
        return iter([b"one", b"two"])

    def close(self):
        self.closed += 1


class AnswerTest(unittest.TestCase):
    def setUp(self):
        self.answer = Answer(dict(SERVER))
        self.told = []

    def start_response(self, *told):
        self.told.append(told)

    def pass_on(self, application, **asked):
        return self.answer.through(application, dict(ASKED, **asked),
                                   self.start_response)

    def test_environ(self):
        seen = {}
        self.pass_on(lambda environ, start: seen.update(environ) or [])
        self.assertEqual(seen, {
            "REQUEST_METHOD": "POST", "PATH_INFO": "/a", "CONTENT_LENGTH": "3",
            "wsgi.input": "the workload's", "wsgi.errors": "the server's",
            "gunicorn.socket": 4})
        self.assertEqual(self.answer.environ, SERVER)

    def test_both_get_the_answer(self):
        parts, headers = Parts(), [("Content-Length", "6")]

        def application(environ, start):
            start("200 OK", headers)
            return parts
        self.assertEqual(self.pass_on(application), [b"one", b"two"])
        self.assertEqual(self.answer.parts, [b"one", b"two"])
        self.assertEqual((self.answer.status, self.answer.headers),
                         ("200 OK", headers))
        self.assertEqual(self.told, [("200 OK", headers, None)])
        self.assertEqual(parts.closed, 1)

    def test_write(self):
        def application(environ, start):
            start("200 OK", [])(b"zero")
            return [b"one"]
        self.assertEqual(self.pass_on(application), [b"zero", b"one"])
        self.assertEqual(self.told, [("200 OK", [], None)])

    def test_second_thought(self):
        def application(environ, start):
            start("200 OK", [])
            start("500 No", [("A", "b")], "information")
            yield b""
        self.pass_on(application)
        self.assertEqual((self.answer.status, self.answer.headers),
                         ("500 No", [("A", "b")]))
        self.assertEqual(self.told[1], ("500 No", [("A", "b")], "information"))

    def test_head(self):
        """The generator asked for GET, and would wait for the body."""
        def application(environ, start):
            start("200 OK", [("content-Length", "6"), ("A", "b")])
            return []
        self.pass_on(application, REQUEST_METHOD="HEAD")
        self.assertEqual(self.answer.headers, [("A", "b")])

    def test_error(self):
        parts = Parts()

        def application(environ, start):
            start("200 OK", None)
            return parts
        self.assertRaises(TypeError, self.pass_on, application)
        self.assertEqual(parts.closed, 0)

        class Broken(Parts):
            def __iter__(self):
                return iter([1 / 0])
        parts = Broken()
        self.assertRaises(ZeroDivisionError, self.pass_on,
                          lambda environ, start: parts)
        self.assertEqual(parts.closed, 1)
