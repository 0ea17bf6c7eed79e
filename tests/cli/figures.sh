#!/bin/sh
# What the figures show is what the database says: a database of made-up cells
# with round numbers is drawn, and the tables of the figures (--format=tsv) and
# the texts of the drawings are compared with what must come of it.
. "$top_srcdir/tests/cli/lib.sh"
[ -n "$GNUPLOT" ] || skip "gnuplot is not installed"
need_interpreter
for tag in $tags; do
	python=$(executable_of "$tag")
	"$python" -B -c 'import sqlite3' 2>/dev/null && break
	python=
done
[ -n "$python" ] || skip "no supported interpreter has sqlite3"

# Two interpreters, four stacks, one of which one interpreter does not support,
# and four repeats; 4 workers, checkpoints at 0, 10 and 100 requests.
cat >"$tmp/make.py" <<'END'
import io, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.executescript(io.open(sys.argv[2], encoding="utf-8").read())
db.execute("INSERT INTO runs VALUES (1, '2020-01-01T00:00:00Z', NULL, "
           "'{\"baseline\":\"none\"}', '{\"page_bytes\":4096}')")
stacks = {  # memory, CPU, leak, copied pages, faults in collections
    "none": (1.0, 100, 1234, 8000, 5000),
    "freeze": (0.5, 110, 200, 4000, 10),
    "freeze+reshare:every=0:grow=4M:cpu=1%": (0.25, 125, 12, 100, 0),
    "freeze+immortal": (0.2, 90, -7, 50, 0),
}
cell = 0
for repeat in (1, 2, 3, 4):
    sign = 1 - repeat % 2 * 2
    for python in ("3.10.2", "3.9.18"):
        for stack in sorted(stacks):
            memory, cpu, leak, copied, faults = stacks[stack]
            cell += 1
            ok = stack != "freeze+immortal" or python == "3.10.2"
            db.execute("INSERT INTO cells VALUES (?,1,?,?,?,?,?,'webapp',8000,"
                       "4,100,50,?,1,2,?,?,0)",
                       (cell, "k%d" % cell, python, "cp" + python,
                        "/bin/python" + python, stack, repeat,
                        "ok" if ok else "unsupported",
                        None if ok else "needs CPython 3.12"))
            if not ok:
                continue
            values = {
                "total_kib": memory * 1024 * (1000 + 10 * sign),
                "worker_private_kib": memory * 204800, "page_tables_kib": 5120,
                "worker_cpu_ms": cpu + 2 * sign * (stack != "none"),
                "leak_kib_per_1k": leak + sign, "template_pages": 20000,
                "worker_floor_pages": copied / 10, "gc_collections": "[1,1,1]",
            }
            for key in values:
                db.execute("INSERT INTO metric VALUES (?,?,?,NULL)",
                           (cell, key, values[key]))
            for at, part in ((0, 0.0), (10, 0.5), (100, 1.0)):
                for key, value in (("worker_cow_pages", int(copied * part)),
                                   ("gc_faults", faults * part),
                                   ("app_faults", 3 * copied * part),
                                   ("worker_private_kib", 1024 * part),
                                   ("worker_pss_kib", 2048),
                                   ("worker_rss_kib", 3072),
                                   ("worker_peak_rss_kib", 3072 + 2048 * part),
                                   ("template_rss_kib", 4096)):
                    db.execute("INSERT INTO curve VALUES (?,?,?,?)",
                               (cell, at, key, value))
            for ns, count in ((1000000, 90), (5000000, 9), (20000000, 1)):
                db.execute("INSERT INTO histogram VALUES (?,2,?,?)",
                           (cell, ns, count))
            db.execute("INSERT INTO copies VALUES (?,'pymalloc','nothing',?)",
                       (cell, copied))
db.commit()
END
db=$tmp/known.db
"$python" -B "$tmp/make.py" "$db" "$top_srcdir/results/schema.sql" || exit 99

# variant NAME SQL: a copy of the database with a change, in $db.
variant() {
	db=$tmp/$1.db
	cp "$tmp/known.db" "$db"
	"$python" -B -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.executescript(sys.argv[2])' "$db" "$2" || exit 99
}

# plot DIR ARGUMENT...: draws into $tmp/DIR.
plot() {
	dir=$tmp/$1
	shift
	harness plot --db="$db" --out="$dir" "$@"
}

# table FIGURE COLUMN...: prints columns of a figure's table.
table() {
	figure=$1
	shift
	awk -F'\t' -v wanted="$*" 'NR == 1 {
			n = split(wanted, name, " ")
			for (i = 1; i <= NF; i++)
				at[$i] = i
			next
		}
		{
			for (i = 1; i <= n; i++) {
				value = $at[name[i]]
				if (value ~ /^-?[0-9.]+(e[-+][0-9]+)?$/)
					value = sprintf("%.7g", value)
				printf "%s%s", value, i < n ? " " : "\n"
			}
		}' "$dir/$figure.tsv"
}

# expect_text FIGURE COUNT TEXT: the drawing has the text so many times.
expect_text() {
	n=$(grep -o ">$3<" "$dir/$1.svg" | wc -l)
	[ "$n" -eq "$2" ] || fail "$1.svg has '$3' $n times, not $2"
}

figures=
for script in "$top_srcdir"/results/figures/[!_]*.gp; do
	name=${script##*/}
	figures="$figures ${name%.gp}"
	harness list figures
	title=$(sed -n '1s/^# //p' "$script")
	grep -F "$title" "$tmp/out" | grep -q "^ *${name%.gp} " ||
		fail "list figures does not say '$title' of ${name%.gp}"
done
expect_same "the number of figures listed" "$(echo "$figures" | wc -w)" \
	"$(sed 1d "$tmp/out" | grep -c .)"

plot one --format=tsv,svg,png,pdf
expect_status 0
expect_nothing err
expect_same "the number of files" "$(($(echo "$figures" | wc -w) * 4))" \
	"$(wc -l <"$tmp/out")"

reshare=freeze+reshare:every=0:grow=4M:cpu=1%
# Interpreters by version, the stack that does nothing first, by name after it.
expect_same "rows of leak" "1 none cp3.9.18 1234 1233 1235 4 NaN
1 freeze cp3.9.18 200 199 201 4 NaN
1 freeze+immortal cp3.9.18 NaN NaN NaN 0 unsupported
1 $reshare cp3.9.18 12 11 13 4 NaN
2 none cp3.10.2 1234 1233 1235 4 NaN
2 freeze cp3.10.2 200 199 201 4 NaN
2 freeze+immortal cp3.10.2 -7 -8 -6 4 NaN
2 $reshare cp3.10.2 12 11 13 4 NaN" \
	"$(table leak panel strategy tag kib least most n why)"
for text in 1234 200 12; do
	expect_text leak 2 " *$text"
done
expect_text leak 1 " *-7"
expect_text leak 1 " *unsupported"
# A name that is too long for one line is broken behind its +.
expect_text leak 1 "freeze+"
expect_text leak 1 "${reshare#*+}"

expect_same "rows of heatmap" "1 none 1 1 none NaN
1 none 2 1 none NaN
2 freeze 1 0.5 none NaN
2 freeze 2 0.5 none NaN
3 freeze+immortal 1 NaN none unsupported
3 freeze+immortal 2 0.2 none NaN
4 $reshare 1 0.25 none NaN
4 $reshare 2 0.25 none NaN" \
	"$(table heatmap series strategy field ratio base why)"
expect_text heatmap 2 "1.00"
expect_text heatmap 2 "0.50"
expect_text heatmap 2 "0.25"
expect_text heatmap 1 "0.20"
expect_text heatmap 1 " *unsupported"
expect_text heatmap 1 "3.9.18"
expect_text heatmap 0 "NaN"

# Of none, private is 204800 + 5120 / 5 KiB = 201 MiB, so shared is
# 1000 - 4 * 201 = 196 MiB.
expect_same "rows of workers" "none 0 1 397
none 0 16 3412
none 1 4 1000
freeze 0 1 197
freeze 0 16 1712
freeze 1 4 500" "$(table workers panel strategy measured n mib |
	sed -n '/+/d; s/^1 //p')"

# x0 = 100; x = 110 +- 2: the variance of the ratio's mean is 16 / 3 / 4 / 1e4.
# Memory is the same multiple of the baseline's in each repeat: no variance.
expect_same "rows of savings" "none 1 0 4 0 NaN
freeze 1.1 50 4 0.0001333333 NaN
freeze+immortal NaN NaN NaN NaN unsupported
$reshare 1.25 75 4 0.0001333333 NaN" \
	"$(table savings panel strategy cpu_ratio saved_percent n x_variance why |
		sed -n 's/^1 //p')"

expect_same "rows of floor" "none 0 0 NaN
none 10 4000 NaN
none 100 8000 800
freeze 0 0 NaN
freeze 10 2000 NaN
freeze 100 4000 400" "$(table floor panel strategy x copied floor_ |
	sed -n '/+/d; s/^1 //p')"
expect_same "rows of erosion" "none 0 100
none 10 80
none 100 60
freeze 0 100
freeze 10 90
freeze 100 80" "$(table erosion panel strategy x percent |
	sed -n '/+/d; s/^1 //p')"
expect_same "rows of faults" "none 0 0 0
none 10 2500 12000
none 100 5000 24000
freeze 0 0 0
freeze 10 5 6000
freeze 100 10 12000" "$(table faults panel strategy x collections application |
	sed -n '/+/d; s/^1 //p')"
expect_same "rows of resource" "1 CPython 3.9.18 none 0 3 3
1 CPython 3.9.18 none 10 3 4
1 CPython 3.9.18 none 100 3 5
1 CPython 3.10.2 none 0 3 3
1 CPython 3.10.2 none 10 3 4
1 CPython 3.10.2 none 100 3 5
2 CPython 3.9.18 freeze 0 3 3" \
	"$(table resource panel interpreter strategy x rss peak | head -n 7)"
expect_same "gaps in resource" "3 CPython 3.9.18 unsupported" \
	"$(table resource panel interpreter why | grep -v NaN)"
expect_same "marks of pauses" "none 0.5 1
none 0.1 1
none 0.01 5
none 0 20" "$(table pauses panel strategy is_mark longer ms |
	sed -n 's/^1 none 1 /none /p')"
for figure in $figures; do
	grep -q '^</svg>' "$dir/$figure.svg" || fail "$figure.svg is cut off"
	grep -q NaN "$dir/$figure.svg" && fail "$figure.svg shows NaN"
	expect_text "$figure" 1 "webapp, scale 8000, 4 workers, 100 requests.*"
done

# The same data give the same bytes, at another time and in another place.  A
# PDF's date may be compressed where we cannot see it.
first=$dir
sleep 1.1
TZ=Asia/Kolkata
export TZ
plot two --format=tsv,svg,png,pdf
unset TZ
for figure in $figures; do
	for format in tsv svg png; do
		cmp "$first/$figure.$format" "$dir/$figure.$format" ||
			fail "$figure.$format differs when drawn again"
	done
	if grep -aq '/CreationDate (D:' "$dir/$figure.pdf"; then
		cmp "$first/$figure.pdf" "$dir/$figure.pdf" ||
			fail "$figure.pdf differs when drawn again"
	else
		echo "$figure.pdf not compared: this cairo compresses its date"
	fi
done

# A metric that is missing is missing, for one stack and for all; what an
# earlier run had is not left in its place.
variant null "UPDATE metric SET value = NULL, reason = 'too few' WHERE
	key = 'leak_kib_per_1k' AND cell IN (SELECT id FROM cells WHERE
	strategy = 'freeze'); UPDATE metric SET value = NULL WHERE
	key = 'template_pages'; DELETE FROM metric WHERE key = 'worker_cpu_ms'"
plot one --format=svg --figure=leak,erosion,savings
expect_status 0
expect_line out leak.svg
expect_text leak 2 " *not measured"
expect_match err "run 1 has no data for the figure 'erosion'"
expect_match err "run 1 has no data for the figure 'savings'"
expect_no_file "$dir/erosion.svg" "$dir/savings.svg"
plot null --format=tsv --figure=leak
expect_same "rows without a value" "NaN 0 not measured
NaN 0 unsupported
NaN 0 not measured" "$(table leak kib n why | grep NaN.0)"

# Without the baseline there is nothing to relate to.
variant lone "UPDATE runs SET options = '{\"baseline\":\"tuned\"}'"
plot lone --figure=heatmap,savings,leak --format=svg
expect_status 0
expect_line out leak.svg
variant half "UPDATE cells SET status = 'failed' WHERE strategy = 'none' AND
	tag = 'cp3.9.18'"
plot half --figure=heatmap --format=svg
expect_text heatmap 2 " *no baseline"
expect_text heatmap 1 " *failed"

# Few repeats have no intervals, one cell and one checkpoint are a drawing.
variant few "DELETE FROM cells WHERE repeat > 1"
plot few --format=svg,tsv
expect_status 0
expect_same "repeats of savings" "1 NaN" \
	"$(table savings n x_variance why | sed -n 's/ NaN$//p' | sort -u)"
variant single "DELETE FROM cells WHERE id <> (SELECT id FROM cells
	WHERE strategy = 'none' LIMIT 1); DELETE FROM curve WHERE requests < 100"
plot single --format=svg
expect_status 0
expect_nothing err
expect_same "figures of one cell" "$(echo "$figures" | wc -w)" \
	"$(wc -l <"$tmp/out")"

# A run of which nothing has run yet.
variant empty "UPDATE cells SET status = 'pending'"
plot empty
expect_status 0
expect_nothing out
expect_line err "run 1 has no data for any figure"
expect_no_file "$dir"

# A gnuplot that dies leaves no image, neither half of one nor an old one's half.
db=$tmp/known.db
mkdir "$tmp/bin"
cat >"$tmp/bin/gnuplot" <<'END'
#!/bin/sh
echo half >"$5"
kill -SEGV $$
END
chmod +x "$tmp/bin/gnuplot"
PATH=$tmp/bin:$PATH plot died --figure=leak --format=svg
expect_status 1
expect_line err "gnuplot could not .*leak.svg.*signal 11"
expect_nothing out
expect_same "files of a gnuplot that died" "" "$(ls "$dir")"

expect_no_processes
finish
