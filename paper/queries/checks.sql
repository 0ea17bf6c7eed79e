-- checks.sql - what the text claims of the data without a number: one row
-- `name|1 or 0|what it says` each.
--
-- \claim{name} stands beside the sentence; the paper is not built when the
-- check's outcome is 0, or when there is none since its data are missing.
-- `least` of a group without rows is NULL, and so is the outcome: no row.

WITH everywhere AS (
	SELECT base, stack, fact, workload, max(ratio) AS most,
		min(ratio) AS least,
		min(verdict = 'better') AS better, min(verdict <> 'worse')
		AS never_worse
	FROM ratio GROUP BY base, stack, fact, workload),
claim(name, outcome, says) AS (
	SELECT 'freeze-saves-objectgraph', (SELECT better FROM everywhere
		WHERE base = 'none' AND stack = 'freeze' AND fact = 'total'
		AND workload = 'objectgraph'),
		'freeze takes less memory than none on objectgraph, everywhere'
	UNION ALL
	SELECT 'freeze-never-more', (SELECT min(most) <= 1.02 FROM everywhere
		WHERE base = 'none' AND stack = 'freeze' AND fact = 'total'),
		'freeze takes nowhere notably more memory than none'
	UNION ALL
	SELECT 'freeze-copies-fewer', (SELECT most < 1 FROM everywhere
		WHERE base = 'none' AND stack = 'freeze' AND fact = 'copied'
		AND workload = 'objectgraph'),
		'freeze copies fewer pages than none on objectgraph, everywhere'
	UNION ALL
	SELECT 'freeze-shortens-pauses', (SELECT most < 1 FROM everywhere
		WHERE base = 'none' AND stack = 'freeze' AND fact = 'pause-max'
		AND workload = 'objectgraph'),
		'the longest pause is shorter with freeze on objectgraph'
	UNION ALL
	SELECT 'zero-no-collections', (SELECT max(value) = 0 FROM mean
		WHERE stack = 'threshold-zero' AND fact = 'gc-time'),
		'threshold-zero never collects'
	UNION ALL
	SELECT 'zero-leaks', (SELECT min(z.value > f.value) FROM mean z
		JOIN mean f USING (name, workload, fact)
		WHERE z.stack = 'threshold-zero' AND f.stack = 'freeze'
		AND fact = 'leak' AND workload = 'webapp'),
		'threshold-zero grows faster than freeze on webapp, everywhere'
	UNION ALL
	SELECT 'reshare-saves-objectgraph', (SELECT better FROM everywhere
		WHERE base = 'freeze' AND stack = 'freeze+reshare'
		AND fact = 'total' AND workload = 'objectgraph'),
		'reshare takes less memory than freeze on objectgraph, everywhere'
	UNION ALL
	SELECT 'reshare-forks-faster', (SELECT most < 1 FROM everywhere
		WHERE base = 'freeze' AND stack = 'freeze+reshare'
		AND fact = 'fork' AND workload = 'objectgraph'),
		'a fork is faster with reshare on objectgraph, everywhere'
	UNION ALL
	SELECT 'reshare-prepares-longer', (SELECT least > 1 FROM everywhere
		WHERE base = 'freeze' AND stack = 'freeze+reshare'
		AND fact = 'prepare' AND workload = 'objectgraph'),
		'reshare prepares the heap for longer than freeze'
	UNION ALL
	SELECT 'immortal-saves-objectgraph', (SELECT better FROM everywhere
		WHERE base = 'freeze' AND stack = 'freeze+immortal'
		AND fact = 'total' AND workload = 'objectgraph'),
		'immortal takes less memory than freeze on objectgraph, everywhere'
	UNION ALL
	SELECT 'immortal-copies-fewer', (SELECT most < 1 FROM everywhere
		WHERE base = 'freeze' AND stack = 'freeze+immortal'
		AND fact = 'copied' AND workload = 'objectgraph'),
		'immortal copies fewer pages than freeze on objectgraph'
	UNION ALL
	SELECT 'floor-below-copied', (SELECT min(f.value < c.value)
		FROM mean f JOIN mean c USING (name, workload, stack)
		WHERE f.fact = 'floor' AND c.fact = 'copied'
		AND stack = 'freeze' AND workload = 'objectgraph'),
		'with freeze, fewer copied pages differ than are copied'
	UNION ALL
	SELECT 'freeze-faults-fewer', (SELECT most < 1 FROM everywhere
		WHERE base = 'none' AND stack = 'freeze' AND fact = 'faults'
		AND workload = 'objectgraph'),
		'a worker takes fewer faults with freeze on objectgraph'
	UNION ALL
	SELECT 'headers-few', (SELECT max(1.0 * h.pages / (SELECT sum(pages)
			FROM cause a WHERE a.name = h.name AND
			a.workload = h.workload AND a.stack = h.stack)) <= 0.1
		FROM cause h WHERE cause = 'gc_header' AND stack = 'freeze'
		AND workload = 'objectgraph'),
		'with freeze at most a tenth of the copies differ in headers only'
	UNION ALL
	SELECT 'reshare-everywhere', (SELECT nullif(count(DISTINCT name), 0) =
		(SELECT count(*) FROM interpreter) FROM cell
		WHERE stack = 'freeze+reshare'),
		'reshare ran on every interpreter'
	UNION ALL
	SELECT 'totals-agree', (SELECT max(abs(1.0 * k.value / t.value - 1))
		< 0.03 FROM metric k JOIN metric t USING (cell) JOIN cell c
		ON c.id = k.cell WHERE k.key = 'cgroup_kib'
		AND t.key = 'total_kib' AND k.value IS NOT NULL),
		'total and the cgroup''s account agree within three percent in each cell'
	UNION ALL
	SELECT 'no-lost-samples', (SELECT sum(lost_samples) = 0 FROM cell),
		'no sample was lost'
	UNION ALL
	SELECT 'repeats-enough', (SELECT min(repeats) >= 4 FROM mean
		WHERE fact = 'total'),
		'each mean is of at least four repeats'
	UNION ALL
	SELECT 'ksm-idle', (SELECT json_extract(host, '$.ksm') <> '1' FROM runs
		JOIN chosen ON run = id),
		'the kernel''s scanner for equal pages did not run')
SELECT name, outcome, says FROM claim WHERE outcome IS NOT NULL;
