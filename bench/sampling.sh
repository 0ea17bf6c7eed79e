#!/bin/sh
# sampling.sh TOOL VENV PYTHON... - runs sampling.py and checkpoint.py, the former
# with a Python that has
# psutil: one of those named, or one in VENV, where psutil is installed once from
# the package registry.  Without either, sampling.py says that psutil was skipped.
tool=$1 venv=$2
shift 2
here=$(dirname "$0")
has() { "$1" -c 'import psutil' 2>/dev/null; }
modern() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 6))' 2>/dev/null; }

python= usable=
for candidate in "$venv/bin/python" "$@"; do
	modern "$candidate" || continue
	if has "$candidate"; then python=$candidate; break; fi
	[ "$candidate" = "$venv/bin/python" ] || usable=$candidate
done
if [ -z "$usable$python" ]; then
	echo "sampling: skipped: no Python of version 3.6 or later"
	exit 0
fi
if [ -z "$python" ]; then
	rm -rf "$venv"
	if "$usable" -m venv "$venv" >"$venv.log" 2>&1 &&
	   timeout 120 "$venv/bin/python" -m pip install --quiet \
		--disable-pip-version-check --retries 1 --timeout 15 psutil \
		>>"$venv.log" 2>&1 && has "$venv/bin/python"; then
		python=$venv/bin/python
	else
		echo "sampling: psutil could not be installed: $(tail -n 1 "$venv.log")"
		python=$usable
	fi
fi
for mib in 0 60 250; do
	"$python" "$here/sampling.py" "$tool" "$mib" || exit 1
done
"$python" "$here/checkpoint.py" "$tool"
