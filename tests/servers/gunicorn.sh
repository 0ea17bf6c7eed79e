#!/bin/sh
# A real gunicorn with a strategy, on an interpreter of the matrix that has it.
. "$top_srcdir/tests/cli/lib.sh"
. "$top_srcdir/tests/servers/live.sh"
need_interpreter
need_module gunicorn gunicorn
run_live gunicorn_live.py
