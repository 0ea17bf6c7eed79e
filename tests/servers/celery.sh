#!/bin/sh
# A real Celery worker with a strategy, on an interpreter of the matrix that has it.
. "$top_srcdir/tests/cli/lib.sh"
. "$top_srcdir/tests/servers/live.sh"
need_interpreter
need_module celery python3-celery
run_live celery_live.py
