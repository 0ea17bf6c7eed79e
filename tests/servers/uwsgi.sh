#!/bin/sh
# A real uWSGI with a strategy, if its Python is one of the matrix.
. "$top_srcdir/tests/cli/lib.sh"
. "$top_srcdir/tests/servers/live.sh"
need_interpreter
uwsgi=$(command -v uwsgi) ||
	skip "there is no uwsgi (Debian: uwsgi and uwsgi-plugin-python3)"

# Debian's is built without a language, others with one Python.  All that it prints
# is on stderr.
cat >"$tmp/version.py" <<'END'
import sys, sysconfig
print("tag is cp%d.%d.%d%s" % (sys.version_info[:3] + (
    "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else "",)))
END
for plugin in '' --plugin=python3 --plugin=python; do
	tag=$(timeout 60 "$uwsgi" ${plugin:+"$plugin"} --no-server \
		--http-socket="$tmp/socket" --shared-import="$tmp/version.py" \
		2>&1 </dev/null | sed -n 's/^tag is //p')
	[ -z "$tag" ] || break
done
[ -n "$tag" ] ||
	skip "$uwsgi has no Python (Debian: uwsgi-plugin-python3)"
echo "$tags" | grep -qx "$tag" ||
	skip "$uwsgi runs $tag, which was not built for"
python=$(executable_of "$tag")
run_live uwsgi_live.py "$uwsgi" ${plugin:+"$plugin"}
