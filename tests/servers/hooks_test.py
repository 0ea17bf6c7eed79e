"""Tests the hooks for servers under the interpreter that runs this, with objects
in the place of servers, and with real forks.

    python -B hooks_test.py EXT_DIR
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(1, os.path.join(os.path.dirname(HERE), "conformance"))

import support


def main(argv):
    support.begin(argv, "EXT_DIR")
    import answer_test
    import celery_test
    import fork_test
    import guard_test
    import gunicorn_test
    import uwsgi_test
    import wsgi_test
    support.run_tests(guard_test, gunicorn_test, uwsgi_test, celery_test,
                      fork_test, wsgi_test, answer_test)


if __name__ == "__main__":
    main(sys.argv)
