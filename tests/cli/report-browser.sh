#!/bin/sh
# The calculator of `harness report` in a browser: for many settings it shows the
# numbers of `harness plan`, it works by its fields and sliders as by the page's
# fragment, refuses what plan refuses, and fits a phone.
. "$top_srcdir/tests/cli/lib.sh"
[ -n "$CHROMIUM" ] || skip "Chromium is not installed"
need_interpreter
db=$tmp/run.db

# browse FILE: prints the document that scripts have made of it.  Files may look
# into each other; all is ours, so no sandbox is needed, which root cannot have.
browse() {
	HOME=$tmp timeout -s KILL 120 "$CHROMIUM" --headless --no-sandbox \
		--disable-gpu --user-data-dir="$tmp/profile" \
		--allow-file-access-from-files --virtual-time-budget=60000 \
		--dump-dom "file://$1" 2>"$tmp/browser.err" </dev/null
}

echo '<p id="p"></p><script>p.append("it", "works")</script>' >"$tmp/try.html"
browse "$tmp/try.html" | grep -q itworks ||
	skip "$CHROMIUM does not run here: $(tail -n 1 "$tmp/browser.err")"

# Two numbers of workers and two repeats make four cells, enough for intervals.
for options in "1 objectgraph" "2 objectgraph" "1 webapp" "2 webapp"; do
	harness run --db="$db" --python="$tag" --format=csv --scale=2000 \
		--strategy=none,freeze,threshold-zero --requests=20 --repeat=2 \
		--workers="${options% *}" --workload="${options#* }"
	expect_status 0
done
# More to calculate with: memory that grows, falls and had a peak, workers that cost
# nothing at first, a growth and pauses that are not known.
if "$python" -B -c 'import sqlite3' 2>/dev/null; then
	"$python" -B - "$db" <<-'END' || fail "cannot change the database"
	import sqlite3, sys
	db = sqlite3.connect(sys.argv[1])
	change = ("UPDATE %s SET value = %s WHERE key = '%s' AND cell IN (SELECT id "
	          "FROM cells WHERE workload = '%s' AND strategy = '%s')")
	early = "(requests = 5) * 20000"
	workers = "(SELECT workers FROM cells WHERE id = cell)"
	for words in (
	        ("metric", "40000", "leak_kib_per_1k", "objectgraph", "freeze"),
	        ("metric", "-9000", "leak_kib_per_1k", "webapp", "freeze"),
	        ("metric", "7777.7", "gc_pause_p99_us", "webapp", "threshold-zero"),
	        ("curve", "value + %s" % early, "worker_private_kib", "webapp",
	         "none"),
	        ("curve", "value + %s * %s" % (early, workers), "total_kib",
	         "webapp", "none"),
	        ("curve", "value * (requests > 2)", "worker_private_kib",
	         "objectgraph", "threshold-zero"),
	        ("curve", "value * (requests > 2)", "page_tables_kib",
	         "objectgraph", "threshold-zero")):
	    db.execute(change % words)
	db.execute("DELETE FROM curve WHERE requests NOT IN (SELECT requests FROM "
	           "cells WHERE id = cell) AND cell IN (SELECT id FROM cells WHERE "
	           "workload = 'webapp' AND strategy = 'threshold-zero')")
	db.execute("UPDATE metric SET value = NULL WHERE key = 'leak_kib_per_1k' "
	           "AND cell IN (SELECT id FROM cells WHERE workload = 'webapp' "
	           "AND strategy = 'threshold-zero')")
	db.commit()
	END
else
	echo "only measured models are tested: $python has no sqlite3"
fi
harness report --db="$db" --out="$tmp/report.html" --memory=300M \
	--max-requests=7 --pause-p99=9ms
expect_status 0

# A workload whose path ends scripts and is markup; also see report.sh.
mkdir "$tmp/<"
evil="$tmp/</script><script>hacked=1<!--<img src=x onerror=hacked=1>.py"
cp "$top_srcdir/workloads/objectgraph.py" "$evil" || exit 99
# shellcheck disable=SC2086 # a list of options
harness run --db="$tmp/evil.db" --python="$tag" --strategy=none $small \
	--workload="$evil" --format=csv
expect_status 0
harness report --db="$tmp/evil.db" --out="$tmp/evil.html"
expect_status 0

# What to ask for, in the fragment's form.
cat >"$tmp/settings" <<END
memory=300M&max-requests=7&pause-p99=9ms
memory=300M&pause-p99=9ms
memory=8G
memory=8G&reserve=0
memory=131071K&reserve=12.5%25
memory=64M&workers=7
memory=1G&workers=40
memory=200M&max-requests=3
memory=200M&max-requests=5
memory=200M&max-requests=7
memory=200M&max-requests=10
memory=200M&max-requests=20
memory=200M&max-requests=21
memory=2G&max-requests=5000
memory=16G&max-requests=100000&workers=3
memory=1T&max-requests=1
memory=1G&pause-p99=1us
memory=1G&pause-p99=5.5ms
memory=1G&pause-p99=100s&workload=objectgraph
memory=512M&python=$tag&workload=webapp
memory=1M
memory=10M
memory=12M
END

# What plan says of each: a list of documents.
{
	sep='['
	while read -r settings; do
		options=$(echo "--$settings" | sed 's/&/ --/g; s/%25/%/')
		# shellcheck disable=SC2086 # a list of options
		harness plan --db="$db" --format=json $options
		echo "$sep"
		cat "$tmp/out"
		sep=,
	done <"$tmp/settings"
	echo ']'
} >"$tmp/plans.json"

# A page that asks the report, in a frame of a phone's width, and notes the
# answers.
cat >"$tmp/ask.html" <<END
<!DOCTYPE html>
<meta charset="utf-8">
<iframe id="frame" width="360" height="700" src="report.html"></iframe>
<iframe id="bare" sandbox="allow-same-origin" src="report.html"></iframe>
<iframe id="evil" src="evil.html"></iframe>
<pre id="answers"></pre>
<script>
const settings = \`
$(cat "$tmp/settings")
\`.trim().split("\\n");
END
cat >>"$tmp/ask.html" <<'END'
const frame = document.getElementById("frame");

function look(in_frame = frame)
{
	const page = in_frame.contentDocument, plans = {};
	const shown = (row) => !row.parentElement.hidden;

	for (const row of page.querySelectorAll("#plans tr[data-plan]")) {
		const cells = { name: row.cells[0].textContent,
			recommended: row.classList.contains("best"),
			misses: row.classList.contains("misses"),
			notes: row.cells[row.cells.length - 1].textContent };

		for (const cell of row.querySelectorAll("td:not(.notes)"))
			cells[cell.className] = "value" in cell.dataset ?
				Number(cell.dataset.value) : null;
		if (shown(row))
			plans[row.dataset.plan] = cells;
	}
	const text = (id) => page.getElementById(id).textContent;
	const scroller = page.scrollingElement;
	return { plans: plans, table: text("plans"), title: text("title"), answer: text("answer"),
		cards: page.querySelectorAll(".card h3").length,
		command: page.querySelector("#command code").textContent,
		problem: page.getElementById("problem").hidden ? "" : text("problem"),
		intervals: Array.from(page.querySelectorAll(".interval"),
			(e) => e.checkVisibility()).includes(true),
		overflow: scroller.scrollWidth - scroller.clientWidth,
		width: scroller.clientWidth,
		fragment: decodeURIComponent(frame.contentWindow.location.hash) };
}

/* As a user would: the field gets the text, or the slider moves one step. */
function enter(name, text)
{
	const field = frame.contentDocument.getElementById(name);

	field.value = text;
	field.dispatchEvent(new Event("input", { bubbles: true }));
	return look();
}

function slide(name, steps)
{
	const slider = frame.contentDocument.querySelector(
		`input[type=range][data-for=${name}]`);

	slider.value = Number(slider.value) + steps;
	slider.dispatchEvent(new Event("input", { bubbles: true }));
	return Object.assign(look(), {
		text: frame.contentDocument.getElementById(name).value });
}

async function fragment(text)
{
	const changed = new Promise((done) => frame.contentWindow
		.addEventListener("hashchange", done, { once: true }));

	frame.contentWindow.location.hash = text;
	await changed;
	return look();
}

onload = async () => {
	const bare = document.getElementById("bare");
	const evil = document.getElementById("evil");
	const answers = { first: look(), bare: look(bare), asked: [],
		evil: look(evil), hacked: "hacked" in evil.contentWindow ||
			evil.contentDocument.images.length > 0 };

	for (const text of settings)
		answers.asked.push(await fragment(text));
	await fragment("memory=200M");
	answers.entered = enter("max-requests", "5000");
	answers.wrong = ["", "1", "16X", "-1G", "2000T"].map((text) =>
		enter("memory", text));
	answers.wrong.push(enter("memory", "2G"), enter("reserve", "91"));
	enter("reserve", "10");
	answers.again = enter("max-requests", "");
	answers.slid = slide("memory", 2);
	answers.end = slide("pause-p99", 100);
	answers.slid_back = slide("pause-p99", -100);
	frame.contentDocument.querySelector("button[type=reset]").click();
	answers.reset = look();
	document.getElementById("answers").textContent = JSON.stringify(answers);
	frame.remove();
	bare.remove();
	evil.remove();
};
</script>
END
browse "$tmp/ask.html" >"$tmp/dom.html"
PYTHONIOENCODING=utf-8 "$python" -B - "$tmp" >"$tmp/wrong" 2>&1 <<'END'
import io, json, os, re, sys
tmp = sys.argv[1]


def text(name):
    with io.open(os.path.join(tmp, name), encoding="utf-8") as f:
        return f.read()


found = re.search('<pre id="answers">(.*?)</pre>', text("dom.html"), re.S)
answers = found.group(1)
for entity, character in (("lt", "<"), ("gt", ">"), ("amp", "&")):
    answers = answers.replace("&%s;" % entity, character)
answers = json.loads(answers)
documents = json.loads(text("plans.json"))
settings = text("settings").split()
made_from = json.loads(re.search('id="plan">(.*?)</script>',
                                 text("report.html")).group(1))["plans"]
# Classes of the table's cells, and what they hold.
cells = {"workers": "workers", "total": "total_kib", "lasts":
         "requests_to_limit", "private": "worker_private_kib", "p50":
         "gc_pause_p50_us", "p99": "gc_pause_p99_us", "max":
         "gc_pause_max_us", "cpu": "cpu_ratio", "leak": "leak_kib_per_1k"}
which = ("tag", "workload", "strategy")


def check(what, answer, document):
    shown = dict(([made_from[int(i)][key] for key in which].__str__(), row)
                 for i, row in answer["plans"].items())
    if len(shown) != len(document["plans"]):
        print("%s: %d plans, wanted %d" % (what, len(shown),
                                           len(document["plans"])))
    for plan in document["plans"]:
        name = [plan[key] for key in which].__str__()
        row = shown.get(name)
        if row is None:
            print("%s: %s is missing" % (what, name))
            continue
        for cell, key in cells.items():
            if row[cell] != plan[key]:
                print("%s: %s of %s is %r, wanted %r" % (
                    what, key, name, row[cell], plan[key]))
        for cell, key in (("recommended", "recommended"),
                          ("misses", "misses_pause")):
            if row[cell] != plan[key]:
                print("%s: %s is %s" % (what, name, cell))
        notes = ["recommended"] if plan["recommended"] else \
            [plan["reason"]] if plan["reason"] else []
        notes += ["extrapolated"] if plan["extrapolated"] else []
        notes += [n for n in plan["notes"] if not n.startswith("extrapolated")]
        # Numbers in them may be rounded in another way.
        if re.sub("[0-9.]+", "#", row["notes"]) != \
                re.sub("[0-9.]+", "#", "; ".join(notes)):
            print("%s: %s: notes are %s, wanted %s" % (
                what, name, row["notes"], "; ".join(notes)))
    if answer["cards"] != len(set(p["block"] for p in document["plans"])):
        print("%s: %d cards" % (what, answer["cards"]))
    first = document["recommended"]
    if first is None:
        good = answer["answer"].startswith("Nothing can be")
    else:
        good = re.match(u"%s on CPython %s, %s: %d workers " % (
            re.escape(first["strategy"]), re.escape(first["tag"][2:]),
            first["workload"], first["workers"]), answer["answer"])
    if not good:
        print("%s: %s" % (what, answer["answer"]))
    if answer["problem"] or answer["overflow"] > 0 or answer["width"] > 360:
        print("%s: %s, %d pixels beyond %d" % (
            what, answer["problem"], answer["overflow"], answer["width"]))


check("first", answers["first"], documents[0])
for answer, limits in (
        (answers["first"], "--memory=300M --max-requests=7 --pause-p99=9ms"),
        (answers["asked"][4], "--memory=131071K --reserve=12.5%")):
    wanted = "harness plan --db=%s/run.db %s" % (tmp, limits)
    if answer["command"] != wanted:
        print("the command is %s, wanted %s" % (answer["command"], wanted))
for key in ("table", "title", "answer"):
    if answers["first"][key] != answers["bare"][key]:
        print("without scripts, %s is\n%s\nnot\n%s" % (
            key, answers["bare"][key], answers["first"][key]))
for what, answer, document in zip(settings, answers["asked"], documents):
    check(what, answer, document)
    if answer["intervals"] and document is not documents[0]:
        print("%s: intervals of other settings" % what)
if answers["hacked"] or "<img src=x" not in answers["evil"]["answer"]:
    print("the workload's path: %s" % answers["evil"]["answer"])
if len(answers["asked"]) != len(settings):
    print("%d answers" % len(answers["asked"]))
if not answers["first"]["intervals"]:
    print("no intervals")
for answer in answers["wrong"]:
    if (not answer["problem"]) != (answer is answers["wrong"][-2]):
        print("problem: %r" % answer["problem"])
for name, fragment in (("entered", "#memory=200M&max-requests=5000"),
                       ("again", "#memory=2G"), ("reset", "#calculator")):
    if answers[name]["fragment"] != fragment:
        print("%s: %s" % (name, answers[name]["fragment"]))
if (answers["slid"]["text"], answers["slid"]["fragment"]) != \
        ("4G", "#memory=4G"):
    print("slid: %(text)s, %(fragment)s" % answers["slid"])
if (answers["end"]["text"], answers["slid_back"]["text"]) != ("10s", ""):
    print("slid to the ends: %s, %s" % (answers["end"]["text"],
                                        answers["slid_back"]["text"]))
if answers["reset"] != dict(answers["first"], fragment="#calculator"):
    print("reset shows something else than at first")
END
[ ! -s "$tmp/wrong" ] || fail "$(wc -l <"$tmp/wrong") differences:" \
	"$(head -n 8 "$tmp/wrong")"
finish
