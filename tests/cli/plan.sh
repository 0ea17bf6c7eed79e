#!/bin/sh
# `harness plan`: what it predicts, what it recommends, what it refuses.
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter
db=$tmp/new.db

plan() {
	harness plan --db="$db" "$@"
}

json() {
	plan --format=json "$@"
	cp "$tmp/out" "$tmp/plan.json"
}

# expect_plan EXPRESSION: true of the plans by stack, `p`, and the document, `d`.
expect_plan() {
	expect_json "$tmp/plan.json" \
		"[$1 for p in [dict((x['strategy'], x) for x in d['plans'])]][0]"
}

# refused PATTERN OPTION...
refused() {
	pattern=$1
	shift
	plan "$@"
	expect_usage "$pattern"
}

# Command lines that are wrong, before there is a database.
refused "how much memory is there"
for size in 0 1 x -1G 1.5G 16X '' 1025T 99999999999999999999G; do
	refused "--memory takes a size .*, not '$size'" --memory="$size"
done
for part in x -1 91% 5%% 1e1 ''; do
	refused "--reserve takes a percentage .*, not '$part'" \
		--memory=1G --reserve="$part"
done
for pause in 50 0ms x -1ms 5m ms 1e3ms ''; do
	refused "--pause-p99 takes a time .*, not '$pause'" \
		--memory=1G --pause-p99="$pause"
done
refused "--workers takes .*, not '0'" --memory=1G --workers=0
refused "--max-requests takes .*, not '0'" --memory=1G --max-requests=0
refused "--run takes numbers" --memory=1G --run=x
refused "--run takes numbers" --memory=1G --run=1,,x
refused "--run takes numbers" --memory=1G --run=
refused "--format takes" --memory=1G --format=csv
refused "too many arguments" --memory=1G 16G

# Databases that are none.
plan --memory=1G
expect_status 1
expect_line err "there is no database $db"
expect_no_file "$db"
: >"$db"
plan --memory=1G
expect_status 1
expect_line err 'empty database'
echo 'this is no database, whatever its name says' >"$db"
plan --memory=1G
expect_status 1
expect_nothing out
rm "$db"

# One repeat of each, with 1 and 2 workers.
for workers in 1 2; do
	harness run --db="$db" --python="$tag" --scale=20000 --requests=100 \
		--workers=$workers --strategy=freeze,threshold-zero \
		--format=json
	expect_status 0
	cp "$tmp/out" "$tmp/run$workers.json"
done
refused "has no run 9" --memory=1G --run=9
refused "none of the 6 cells of .* is of what" --memory=1G --workload=cheese
refused "none of the 6 cells of .* is of what" --memory=1G --python=9.9
refused "no good cell is of the host 'web9'; there are: : (the run's own host)" \
	--memory=1G --host=web9

json --memory=1G
expect_status 0
expect_match err.all 'warning: 3 of 3 plans come from fewer than 4 repeats'
expect_plan "sorted(p) == ['freeze', 'none', 'threshold-zero']"
expect_plan "d['memory_kib'] == 1 << 20 and d['reserve_percent'] == 10 and
	abs(d['limit_kib'] - 0.9 * (1 << 20)) < 1e-6"
expect_plan "[(x['tag'], x['workload'], x['scale'], x['cells'],
	x['workers_measured'], x['requests_measured'], x['age'])
	for x in d['plans']] == [('$tag', 'objectgraph', 20000, 2, [1, 2], 100,
	100)] * 3"
expect_plan "all(x['workers_interval'] is x['total_kib_interval'] is None
	for x in d['plans'])"
expect_plan "p['threshold-zero']['gc_pause_p99_us'] is None and
	p['none']['gc_pause_p99_us'] > 0 and p['none']['cpu_ratio'] == 1"

# The largest number that fits, at its worst moment, and what it occupies: by the
# model in the document.
expect_plan "all(abs(x['total_kib'] - x['model']['curve'][-1][1] -
	x['workers'] * x['worker_private_kib']) < 1e-3 and
	max(s + x['workers'] * w for r, s, w in x['model']['curve'])
	<= d['limit_kib'] <
	max(s + (x['workers'] + 1) * w for r, s, w in x['model']['curve'])
	for x in d['plans'])"
expect_plan "all(x['extrapolated'] == (x['workers'] > 8) for x in d['plans'])"
expect_plan "[x['recommended'] for x in d['plans']] ==
	[x['workers'] == max(y['workers'] for y in d['plans']
	if not y['never_collects']) for x in d['plans']] or
	len(set(x['workers'] for x in d['plans'])) < 3"
expect_plan "[d['recommended'][k] for k in ('python', 'strategy', 'workload')] ==
	[x[k] for x in d['plans'] if x['recommended']
	for k in ('python', 'strategy', 'workload')] and
	sorted(d['recommended']['deploy']) == ['celery', 'gunicorn', 'uwsgi'] and
	'most workers' in d['recommended']['reason']"

# What was measured is what is predicted for it.
json --memory=1G --run=2 --workers=2
expect_status 0
expect_same "totals of 2 workers" "$(ask "$tmp/run2.json" \
	'sorted("%s %.3f" % (c["strategy"], c["total_kib"])
	for c in d["cells"])')" "$(ask "$tmp/plan.json" \
	'sorted("%s %.3f" % (x["strategy"], x["total_kib"])
	for x in d["plans"])')"
expect_plan "len(set(x['extrapolated'] for x in d['plans'])) == 1 and
	d['recommended']['workers'] == 2 and
	[x['recommended'] for x in d['plans']] == [x['total_kib'] ==
	min(y['total_kib'] for y in d['plans'] if not y['never_collects'])
	for x in d['plans']]"
expect_match err.all 'one repeat only'

# Held-out check: 6 workers, by what 1 and 2 have shown.
harness run --db="$tmp/six.db" --python="$tag" --scale=20000 --requests=100 \
	--workers=6 --strategy=freeze,threshold-zero --format=json --seed=7
cp "$tmp/out" "$tmp/run6.json"
json --memory=1G --workers=6
predictions=$(ask "$tmp/plan.json" '["%s %r" % (x["strategy"], x["total_kib"])
	for x in d["plans"]]')
for stack in none freeze threshold-zero; do
	predicted=$(echo "$predictions" | sed -n "s/^$stack //p")
	expect_json "$tmp/run6.json" "abs($predicted / [c['total_kib'] for c in
		d['cells'] if c['strategy'] == '$stack'][0] - 1) < 0.05"
done

# Ages: within what was measured, and beyond.
json --memory=1G --max-requests=50
expect_plan "all(x['age'] == 50 and x['worker_private_kib'] ==
	[w for r, s, w in x['model']['curve'] if r == 50][0]
	for x in d['plans'])"
json --memory=1G --max-requests=1100
expect_match err.all 'are extrapolated to 1100 requests'
expect_plan "all(x['extrapolated'] and abs(x['worker_private_kib'] -
	x['model']['curve'][-1][2] - 1000 *
	x['model']['slope_kib_per_request']) < 1e-3 and
	abs(x['model']['slope_kib_per_request'] -
	max(0, x['leak_kib_per_1k']) / 1000) < 1e-6 for x in d['plans'])"

# Limits that cannot be met.
json --memory=4M
expect_status 4
expect_line err 'no stack can be recommended'
expect_plan "all(x['workers'] == 0 and not x['fits'] and
	'not one worker fits' in x['reason'] for x in d['plans']) and
	d['recommended'] is None"
json --memory=1G --workers=100000
expect_status 4
expect_plan "all('100000 workers do not fit' in x['reason']
	for x in d['plans'])"
json --memory=1024T --reserve=0
expect_status 0
expect_plan "all(x['workers'] > 10 ** 6 and x['extrapolated']
	for x in d['plans'])"
# What never collects leaks for ever, unless workers are recycled.
json --memory=1G --pause-p99=0.001us
expect_status 4
expect_plan "d['recommended'] is None and
	[x['strategy'] for x in d['plans'] if x['never_collects']] ==
	['threshold-zero'] and
	'only with --max-requests' in p['threshold-zero']['reason']"
json --memory=1G --pause-p99=0.001us --max-requests=100
expect_status 0
expect_plan "[x['misses_pause'] for x in d['plans']] ==
	[x['gc_pause_p99_us'] is not None for x in d['plans']] and
	d['recommended']['strategy'] == 'threshold-zero' and
	'p99 pause' in p['none']['reason']"
expect_match err.all 'no collection ran, so there were no pauses'

# The table says the same.
plan --memory=1G --pause-p99=0.001us --max-requests=100
expect_status 0
expect_match out '^1024 MiB, of which 10 % are kept free: 922 MiB for'
expect_match out '^  none .*misses the pause limit'
expect_match out '^\* threshold-zero '
expect_match out "^  none: p99 pause of"
expect_match out '^  recommended: threshold-zero: '
expect_match out '^Recommended: threshold-zero on '
expect_match out '^permafrost.gunicorn.install(globals(), "threshold-zero.*")$'

# What is to be pasted makes the package's hooks call the stack's in their order;
# the package is that of the build tree.
json --memory=1G --max-requests=77
"$python" -B - "$tmp/plan.json" "$top_builddir/ext/$tag" >"$tmp/hooks" 2>&1 <<'END'
import io, json, os, sys, types
d = json.load(io.open(sys.argv[1], encoding="utf-8"))
lines = d["recommended"]["deploy"]
calls = []
sys.path.insert(0, sys.argv[2])
import permafrost
from permafrost import serving

class Stack(object):
    def __init__(self, spec):
        calls.append(str(spec) == d["recommended"]["strategy"])
    def hook(self, name):
        return getattr(self, name)
    def function(self, name):
        return None
    def __getattr__(self, hook):
        return lambda: calls.append(hook)
permafrost.Stack = Stack

class Signal(object):
    def connect(self, function):
        self.send = function

def module(name, **members):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__dict__.update(members)
    return sys.modules[name]

def begin():
    serving.current = serving.Guard()

def show(server):
    print("%s: %s" % (server, " ".join(map(str, calls))))
    del calls[:]

begin()
g = {}
exec(lines["gunicorn"], g)
arbiter = module("arbiter", log=None, cfg=module("cfg", preload_app=True))
g["when_ready"](arbiter)
g["post_fork"](arbiter, None)
g["post_request"](None, None, None, None)
g["worker_exit"](arbiter, None)
show("gunicorn")
assert g["preload_app"] is True and g["max_requests"] == 77
assert g["workers"] == d["recommended"]["workers"]
assert "PYTHONPATH=" + sys.argv[2] in lines["gunicorn"]

begin()
waiting = []
module("permafrost.atfork", once=waiting.append)
permafrost.atfork = sys.modules["permafrost.atfork"]
uwsgi = module("uwsgi", opt={}, log=len, worker_id=lambda: len(calls) > 2)
ini = lines["uwsgi"].split("[uwsgi]")[1].strip().splitlines()
ini = dict(line.replace("%%", "%").split(" = ", 1) for line in ini)
name, value = ini["env"].split("=", 1)
os.environ[name] = value
__import__(ini["import"])
hook = uwsgi.after_req_hook
waiting[0]()
uwsgi.post_fork_hook()
hook()
uwsgi.atexit()
del os.environ[name]
show("uwsgi")
assert ini["max-requests"] == "77" and ini["master"] == "true"
assert ini["processes"] == str(d["recommended"]["workers"])
assert ini["pythonpath"] == sys.argv[2]

begin()
signals = module("celery.signals", worker_init=Signal(), task_postrun=Signal(),
                 worker_process_init=Signal(), worker_process_shutdown=Signal())
module("celery", signals=signals)
class app:
    class conf:
        pass
exec(lines["celery"], {"app": app})
signals.worker_init.send()
if os.fork() == 0:
    signals.worker_process_init.send()
    signals.task_postrun.send()
    signals.worker_process_shutdown.send()
    show("celery")
    sys.stdout.flush()
    os._exit(0)
os.wait()
assert app.conf.worker_max_tasks_per_child == 77
assert app.conf.worker_concurrency == d["recommended"]["workers"]
END
all="True before_warm before_fork after_fork_child after_request before_exit"
expect_same "calls of hooks" "gunicorn: $all
uwsgi: $all
celery: $all" "$(cat "$tmp/hooks")"

# Tried out.  Small cells are off by more than large ones are.
json --memory=100M --verify --workers=3
[ "$status" -eq 0 ] || [ "$status" -eq 5 ] || fail "exit code $status"
expect_plan "len(d['verify']['cells']) == 1 and
	d['verify']['cells'][0]['workers'] == 3 and
	abs(d['verify']['cells'][0]['error_percent']) < 10 and
	not d['verify']['cells'][0]['limit_hit']"
json --memory=50M
expect_match err.all 'a worker that exits may copy up to .* --reserve'
json --memory=120M --reserve=60% --verify
grep 'that exits may copy' "$tmp/err.all" && fail "60 % are enough"
[ "$status" -eq 0 ] || [ "$status" -eq 5 ] || fail "exit code $status"
expect_plan "[c['expected_limit_hit'] for c in d['verify']['cells']] ==
	[False, True] and d['verify']['cells'][1]['limit_hit'] and
	(d['verify']['cells'][1]['memory_limit_kib'] is None or
	d['verify']['cells'][1]['status'] == 'failed') and
	4 * d['verify']['cells'][1]['workers'] >=
	5 * d['verify']['cells'][0]['workers']"
refused "more than the 256 that a cell can have" --memory=1024T --verify
refused "--verify needs .*this host has" --memory=1024T --workers=100 --verify \
	--max-requests=1000000000

if "$python" -B -c 'import sqlite3' 2>/dev/null; then
	change() {
		cp "$tmp/kept.db" "$db"
		"$python" -B -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.executescript(sys.argv[2])' "$db" "$1"
	}
	cp "$db" "$tmp/kept.db"

	# Known numbers.  Both cells of freeze: 100 KiB private and 30 KiB page
	# tables at the end.  1 worker: total 1115, private 115, shared 1000;
	# 2 workers: total 1020, private 110, shared 800.  Means: 112.5, 900.
	change "DELETE FROM curve WHERE requests NOT IN (0, 100);
		UPDATE curve SET value = 30 WHERE key = 'page_tables_kib';
		UPDATE curve SET value = 100 WHERE key = 'worker_private_kib';
		UPDATE curve SET value = (SELECT 1115 - 95 * (workers - 1)
			FROM cells WHERE id = cell) WHERE key = 'total_kib';
		UPDATE metric SET value = -5 WHERE key = 'leak_kib_per_1k'"
	json --memory=10M --reserve=20% --max-requests=500
	expect_plan "d['limit_kib'] == 8192 and all(x['model']['curve'] ==
		[[0, 900, 112.5], [100, 900, 112.5]] and x['workers'] == 64 and
		x['total_kib'] == 8100 and x['requests_to_limit'] is None and
		x['leak_kib_per_1k'] == -5 and
		x['model']['slope_kib_per_request'] == 0 for x in d['plans'])"
	expect_match err.all 'in 3 of 3 plans private memory fell'
	expect_plan "'least CPU' in d['recommended']['reason'] or
		'less CPU' in d['recommended']['reason']"

	# Eight repeats have intervals; these hold what they are about.
	change "DELETE FROM curve WHERE requests NOT IN (0, 100);
		CREATE TABLE n (i); INSERT INTO n VALUES (2), (4), (6), (8);
		INSERT INTO cells SELECT id + 1000 * i, run, key || i, python,
			tag, executable, strategy, workload, scale, workers,
			requests, collect_at, repeat + i, seed, parallel,
			status, reason, lost_samples FROM cells, n;
		INSERT INTO curve SELECT cell + 1000 * i, requests, key,
			value * (1 + i / 1000.0) FROM curve, n;
		INSERT INTO metric SELECT cell + 1000 * i, key, value, reason
			FROM metric, n; DROP TABLE n"
	json --memory=200M
	expect_plan "all(x['cells'] == 10 and x['total_kib_interval'][0] <
		x['total_kib'] < x['total_kib_interval'][1] and
		x['workers_interval'][0] <= x['workers'] <=
		x['workers_interval'][1] for x in d['plans'])"
	cp "$tmp/plan.json" "$tmp/first.json"
	json --memory=200M
	cmp -s "$tmp/plan.json" "$tmp/first.json" ||
		fail "a plan differs when repeated"

	# The best one misses the limit on pauses.
	json --memory=1G --max-requests=100
	best=$(ask "$tmp/plan.json" 'd["recommended"]["strategy"]')
	change "INSERT OR REPLACE INTO metric SELECT id, 'gc_pause_p99_us',
		CASE strategy WHEN '$best' THEN 90000 ELSE 1000 END, NULL
		FROM cells"
	json --memory=1G --pause-p99=50ms --max-requests=100
	expect_status 0
	expect_plan "[x['strategy'] for x in d['plans'] if x['misses_pause']] ==
		['$best'] and d['recommended']['strategy'] != '$best' and
		p['$best']['reason'] == 'p99 pause of 90 ms, longer than 50 ms'"
	json --memory=1G --pause-p99=0.09s --max-requests=100
	expect_plan "d['recommended']['strategy'] == '$best'"

	change "UPDATE metric SET value = NULL WHERE key = 'leak_kib_per_1k'"
	json --memory=1G --max-requests=200
	expect_match err.all 'growth comes from the last two checkpoints'
	expect_plan "all(abs(x['model']['slope_kib_per_request'] - max(0,
		(c[-1][2] - c[-2][2]) / (c[-1][0] - c[-2][0]))) < 1e-6
		for x in d['plans'] for c in [x['model']['curve']])"
	change "UPDATE metric SET value = NULL WHERE key = 'leak_kib_per_1k';
		DELETE FROM curve WHERE requests != 100"
	json --memory=1G --max-requests=200
	expect_status 4
	expect_plan "all(x['workers'] is None and 'is not known' in x['reason']
		for x in d['plans'])"
	json --memory=1G
	expect_status 0

	change "UPDATE cells SET status = 'failed', reason = 'it broke'
		WHERE strategy = 'freeze'; UPDATE cells SET
		status = 'unsupported', reason = 'not here' WHERE strategy = 'none'"
	json --memory=1G
	expect_status 0
	expect_plan "sorted(p) == ['threshold-zero'] and
		[(x['strategy'], x['reason']) for x in d['left_out']] ==
		[('none', 'unsupported: not here'),
		('freeze', 'failed: it broke')] and
		p['threshold-zero']['cpu_ratio'] is None"
	expect_match err.all '2 cells have failed'
	plan --memory=1G
	expect_match out "^No plan for freeze on $tag, objectgraph: failed: it broke"
	change "UPDATE cells SET status = 'failed', reason = 'it broke'"
	plan --memory=1G
	expect_status 3
	expect_nothing out
	expect_line err 'none of 6 cells can be planned with; .* failed: it broke'
	change "UPDATE cells SET status = 'pending'"
	plan --memory=1G
	expect_status 3
	expect_line err 'no cell has run yet'
	change "DELETE FROM curve; DELETE FROM metric; DELETE FROM worker;
		DELETE FROM histogram; DELETE FROM copies; DELETE FROM method;
		DELETE FROM cells; DELETE FROM runs"
	refused "has no runs yet" --memory=1G
	change "DELETE FROM curve WHERE key = 'total_kib'"
	plan --memory=1G
	expect_status 3
	expect_line err 'not measured: no total_kib'
	change "UPDATE cells SET lost_samples = 3 WHERE strategy = 'none'"
	json --memory=1G
	expect_status 5
	expect_match err.all '6 samples were lost'
	change "UPDATE cells SET scale = 7 WHERE run = 2"
	json --memory=1G
	expect_status 0
	expect_match err.all 'there are 2 workloads or sizes'
	expect_plan "[x['scale'] for x in d['plans']] == [7] * 3 + [20000] * 3 and
		sum(x['recommended'] for x in d['plans']) == 2 and
		d['plans'][d['recommended']['plan']]['scale'] == 7 and
		len(set(x['block'] for x in d['plans'])) == 2"

	# Hosts are not mixed.
	change "UPDATE runs SET host = replace(host, '\"kernel\":\"',
		'\"kernel\":\"other') WHERE id = 2"
	refused "runs 1 and 2 are from different hosts (kernel: .*--run=2" \
		--memory=1G
	json --memory=1G --run=2
	expect_status 0
	expect_plan "d['host']['kernel'].startswith('other')"
	json --memory=1G --run=1
	expect_plan "not d['host']['kernel'].startswith('other')"

	# The queries are answered from their indices alone.
	cp "$tmp/kept.db" "$db"
	"$python" -B - "$db" "$top_srcdir/harness/capacityread.c" \
		>"$tmp/queries" 2>&1 <<-'END'
	import re, sqlite3, sys
	source = open(sys.argv[2]).read()
	source = source.replace("CURVE_KEYS", re.search(
	    r'define CURVE_KEYS (".*")', source).group(1), 2)
	db = sqlite3.connect(sys.argv[1])
	for name in "curve", "metric":
	    text = re.search(r"%s_sql\[\] =(.*?);\n" % name, source,
	                     re.S).group(1)
	    sql = "".join(re.findall(r'"(.*?)"', text))
	    for row in db.execute("EXPLAIN QUERY PLAN " + sql.replace("?1", "1")):
	        print(row[-1].replace("TABLE ", ""))
	END
	expect_same "plans of the queries" \
"SEARCH curve USING COVERING INDEX curve_capacity (cell=?)
SEARCH metric USING COVERING INDEX metric_capacity (cell=? AND key=?)" \
		"$(cat "$tmp/queries")"
else
	echo "edited databases not tested: $python has no sqlite3"
fi

expect_no_processes
finish
