#!/bin/sh
# An interpreter that is not what it was at configure is named with the reason;
# the others go on.
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter

# A build tree whose first interpreter is a link that this test can change.
mkdir "$tmp/harness" "$tmp/ext"
cp "$HARNESS" "$tmp/harness/harness"
HARNESS=$tmp/harness/harness
for name in $tags $pypy_tags; do
	ln -s "$top_builddir/ext/$name" "$tmp/ext/$name"
done
changed=$tmp/python
sed "s,\"executable\": \"$python\",\"executable\": \"$changed\"," \
	"$top_builddir/ext/interpreters.json" >"$tmp/ext/interpreters.json"
other=$(echo "$tags" | sed -n 2p)
db=$tmp/new.db

# expect_outcome STATUS REASON: of both cells of the changed interpreter, alone
# and beside another.
expect_outcome() {
	# shellcheck disable=SC2086 # a list of options
	harness run --db="$db" --python="$tag" $small --format=json
	case $1 in
	failed) expect_status 3 ;;
	unsupported) expect_status 4 ;;
	esac
	cp "$tmp/out" "$tmp/changed.json"
	expect_same "outcomes" "$1
$1" "$(ask "$tmp/changed.json" '[c["status"] for c in d["cells"]]')"
	for number in 0 1; do
		reason=$(ask "$tmp/changed.json" "d['cells'][$number]['reason']")
		# shellcheck disable=SC2254 # a pattern
		case $reason in
		*"
"* | *[[:space:]] | *: | *\?) fail "the reason is no clean line: '$reason'" ;;
		$2) ;;
		*) fail "the reason is '$reason'" ;;
		esac
	done
	expect_metrics "$tmp/changed.json"
	[ -n "$other" ] || return
	# shellcheck disable=SC2086 # a list of options
	harness run --db="$db" --python="$tag,$other" $small --format=csv
	case $1 in
	failed) expect_status 3 ;;
	unsupported) expect_status 0 ;;
	esac
	expect_same "outcomes beside $other" "$(for one in "$tag $1" "$other ok"; do
		printf '%s\n' "$one" "$one"
	done | sort)" "$(tail -n +2 "$tmp/out" | cut -d , -f 3,13 | tr , ' ' | sort)"
}

# listed EXPRESSION: about the entry `i` of the changed interpreter.
listed() {
	harness list interpreters --format=json
	expect_status 0
	expect_nothing err
	expect_json "$tmp/out" "[$1 for i in d['interpreters']
		if i['tag'] == '$tag'] == [True]"
}

# As it was.
ln -s "$python" "$changed"
listed 'i["supported"] and i["reason"] is None'
# shellcheck disable=SC2086 # a list of options
harness run --db="$db" --python="$tag" $small --format=csv
expect_status 0

# Gone.
rm "$changed"
listed "not i['supported'] and i['reason'].startswith('$changed: No such file')"
harness list interpreters
expect_status 0
expect_match out "^$tag .*$changed: No such file"
expect_outcome failed "$changed: No such file*configure*"
harness cell "$tag/freeze/w2/n20/c10/s2000/r1/x1/objectgraph"
expect_status 3
expect_nothing err
expect_json "$tmp/out" "d['status'] == 'failed' and
	d['reason'] == 'cannot start $changed: No such file or directory'"
harness list strategies
expect_status 0

# Replaced by something that is no interpreter.
become() {
	printf '#!/bin/sh\n%s\n' "$1" >"$changed"
	chmod +x "$changed"
}
become "exit 1"
expect_outcome failed "$changed ended with status 1"
harness list strategies --format=json
expect_status 0
mv "$tmp/err.all" "$tmp/err"
expect_line err "^harness: warning: $changed ended with status 1\$"
become "echo first >&2; echo last >&2; exit 1"
expect_outcome failed "$changed ended with status 1: last"
become "echo no JSON"
expect_outcome failed "$changed did not answer with JSON*"
become "echo []"
expect_outcome failed "*"
become 'kill -SEGV $$'
expect_outcome failed "$changed was killed by signal 11 (Segmentation fault)"
chmod -x "$changed"
[ -x "$changed" ] || expect_outcome failed "$changed: Permission denied*"
rm "$changed"

# Replaced by another version: no module is loaded that does not fit.
if [ -n "$other" ]; then
	ln -s "$(executable_of "$other")" "$changed"
	expect_outcome unsupported "*${tag#cp}*"
	harness cell "$tag/freeze/w2/n20/c10/s2000/r1/x1/objectgraph"
	expect_status 3
	expect_nothing err
	expect_json "$tmp/out" 'd["status"] == "failed" and d["reason"]'
	rm "$changed"
fi

# fault: an interpreter vanishes, or is replaced by something else
# when: before planning; between plan and cell
# then: its cells fail with the reason, the others go on
ln -s "$python" "$changed"
echo 1 >"$tmp/hold"
# shellcheck disable=SC2086 # a list of options
start run --db="$db" --python="$tag" $small --format=json \
	--workload="$bad/hold.py"
wait_for "$tmp/held"
rm "$changed" "$tmp/hold"
await
expect_status 3
cp "$tmp/out" "$tmp/gone.json"
expect_same outcomes "failed
ok" "$(ask "$tmp/gone.json" 'sorted(c["status"] for c in d["cells"])')"
expect_line err "^harness: failed: $tag/.*cannot start $changed: No such file or \
directory\$"

# The list itself is gone or damaged.
echo '{"interpreters": [' >"$tmp/ext/interpreters.json"
harness list interpreters
expect_status 1
expect_nothing out
expect_line err "cannot read $tmp/ext/interpreters.json: .*; run configure"

expect_no_processes
finish
