#!/bin/sh
# `harness report` writes one page that stands alone, with the plan's document and
# the runs' data as they are, and nothing in the data becomes markup or script.
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter
db=$tmp/run.db
page=$tmp/report.html

# A workload whose path would be markup, and end a script.
mkdir "$tmp/<"
evil="$tmp/</script><script>hacked=1<!--<img src=x onerror=hacked=1>&amp;@@js@@.py"
cp "$top_srcdir/workloads/objectgraph.py" "$evil" || exit 99

harness report --db="$db" --out="$page"
expect_status 1
expect_line err "no database $db"
expect_no_file "$page"

# shellcheck disable=SC2086 # a list of options
harness run --db="$db" --python="$tag" --strategy=none,freeze $small \
	--workload="objectgraph,$evil" --format=csv
expect_status 0

# What cannot be done is said in one line, and leaves what was there.
echo before >"$page"
harness report --db="$db" --run=7 --out="$page"
expect_usage "no run 7"
harness report --db="$db" --workload=nosuch --out="$page"
expect_status 2
harness report --db="$db" --memory=much --out="$page"
expect_usage "memory takes a size"
harness report --db="$db" more
expect_usage "too many arguments"
expect_same "the old page" before "$(cat "$page")"
mkdir "$tmp/folder"
for out in "$tmp/folder" "$tmp/nosuch/report.html" /dev/null; do
	harness report --db="$db" --out="$out"
	expect_status 1
	expect_nothing out
	expect_line err "^harness: cannot write $out: "
done
[ -c /dev/null ] || fail "/dev/null was replaced"

# Host facts and stacks would be markup, too.
if "$python" -B -c 'import sqlite3' 2>/dev/null; then
	"$python" -B - "$db" <<-'END' || fail "cannot change the database"
	import json, sqlite3, sys
	db = sqlite3.connect(sys.argv[1])
	evil = "</script><script>hacked=1</script><img src=x onerror=hacked=1>"
	for run, host in list(db.execute("SELECT id, host FROM runs")):
	    host = json.loads(host)
	    host["cpu"] = evil
	    host[evil] = '"\'' + evil
	    db.execute("UPDATE runs SET host = ? WHERE id = ?",
	               (json.dumps(host), run))
	db.execute("UPDATE cells SET strategy = strategy || ? "
	           "WHERE strategy = 'freeze'", (evil,))
	db.commit()
	END
else
	echo "host facts and stacks not tested: $python has no sqlite3"
fi

harness report --db="$db" --out="$page" --memory=2G
expect_status 0
expect_same "what is printed" "$page" "$(cat "$tmp/out")"
expect_no_file "$page".*
cp "$page" "$tmp/first.html"
harness report --db="$db" --out="$page" --memory=2G
cmp -s "$page" "$tmp/first.html" || fail "the same page is written differently"
harness plan --db="$db" --memory=2G --format=json
cp "$tmp/out" "$tmp/plan.json"
harness export --db="$db"
cp "$tmp/out" "$tmp/run.json"
harness export --db="$db" --format=csv
cp "$tmp/out" "$tmp/cells.csv"

# Reads the page as a browser would, as far as that can be told without one.
PYTHONIOENCODING=utf-8 "$python" -B - "$tmp" "${GNUPLOT:+figures}" >"$tmp/wrong" 2>&1 <<'END'
import io, json, os, re, sys
try:
    from html.parser import HTMLParser
except ImportError:
    from HTMLParser import HTMLParser
tmp, figures = sys.argv[1:]


def text(name):
    with io.open(os.path.join(tmp, name), encoding="utf-8", newline="") as f:
        return f.read()


class Page(HTMLParser):
    void = "meta link input br wbr hr img".split()

    def __init__(self):
        HTMLParser.__init__(self)
        self.ids, self.labels, self.references = [], [], []
        self.fields, self.open, self.scripts = [], [], []
        self.drawings, self.shown = 0, u""

    def handle_starttag(self, tag, attributes):
        a = dict(attributes)
        if tag not in self.void:
            self.open.append(tag)
        if "id" in a:
            self.ids.append(a["id"])
        if tag in ("img", "iframe", "object", "embed", "base"):
            print("an element %s" % tag)
        for name, value in attributes:
            if name.startswith("on"):
                print("an attribute %s" % name)
            if name in ("href", "xlink:href", "src", "action", "srcset"):
                if value.startswith("#"):
                    self.references.append(value[1:])
                elif not value.startswith("data:"):
                    print("a reference to %s" % value)
            if name in ("aria-labelledby", "for"):
                self.references.append(value)
            self.references += re.findall(r"url\(#([^)]*)\)", value or "")
        if tag == "label":
            self.labels.append(a.get("for"))
        if tag in ("input", "select"):
            self.fields.append(a)
        if tag == "script":
            self.scripts.append([a, u""])
        self.drawings += tag == "svg"

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.void:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            print("</%s> ends something else" % tag)

    def handle_entityref(self, name):	# where HTMLParser leaves that to us
        self.handle_data({"amp": u"&", "lt": u"<", "gt": u">", "quot": u'"',
                          "nbsp": u" "}[name])

    def handle_charref(self, number):
        self.handle_data(u"%c" % int(number))

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts[-1][1] += data
        elif "svg" not in self.open:
            self.shown += data


page = Page()
page.feed(text("report.html"))
page.close()
if page.open:
    print("not ended: %s" % page.open)
for name in set(page.ids):
    if page.ids.count(name) > 1:
        print("id %s is there more than once" % name)
for name in page.references:
    if name not in page.ids:
        print("nothing has the id %s" % name)
for field in page.fields:
    if field.get("id") not in page.labels and "aria-label" not in field:
        print("no label: %s" % field)
data = dict((a["id"], code) for a, code in page.scripts if "id" in a)
code = [code for a, code in page.scripts if "id" not in a]
if len(code) != 1 or sorted(data) != ["cells", "origin", "plan",
                                             "runs"]:
    print("scripts: %d, %s" % (len(code), sorted(data)))
if "hacked" in code[0] or "@@" in code[0]:
    print("data are in the script")
for name, wanted in (("plan", json.loads(text("plan.json"))),
                     ("runs", [json.loads(text("run.json"))]),
                     ("cells", text("cells.csv"))):
    if json.loads(data[name]) != wanted:
        print("%s is not what the commands print" % name)
if u"onerror=hacked=1>&amp;@@js@@.py" not in page.shown:
    print("the workload's path is not shown as it is")
if figures and page.drawings < 4:
    print("%d drawings" % page.drawings)
END
[ ! -s "$tmp/wrong" ] || fail "the page:" "$(head -n 5 "$tmp/wrong")"

# The page's own words: what is missing, and that nothing fits.
harness report --db="$db" --out="$page" --memory=1M
expect_status 0
grep -q '<h1[^>]*>Nothing to recommend for .* in 1.0 MiB</h1>' "$page" ||
	fail "the page does not say that nothing fits"
# Without gnuplot there is a page without figures, which says so.
mkdir "$tmp/bin"
last="report without gnuplot"
timeout -s KILL 90 env PATH="$tmp/bin" "$HARNESS" report --db="$db" \
	--out="$page" >"$tmp/out" 2>"$tmp/err" </dev/null
status=$?
expect_status 0
expect_match err "gnuplot is not installed"
grep -q 'Figures are missing here' "$page" || fail "the page hides that"
finish
