-- facts.sql - every number that the text may name: one row `name|value` each.
--
-- Names are paths.  With WORKLOAD, STACK as in `harness run` without arguments
-- of strategies (freeze+reshare), PYTHON such as 3.13, and METRIC from `shown`:
--
--   mean/METRIC/WORKLOAD/STACK/PYTHON        mean over repeats
--   mean/METRIC/WORKLOAD/STACK/least, most   over interpreters; and
--   .../least/python, .../most/python        which one that is
--   ratio/METRIC/WORKLOAD/BASE/STACK/...     the same of ratios of means to BASE;
--                                            .../interval: with 95 % interval
--   saved/METRIC/WORKLOAD/BASE/STACK/least, most   percent less than BASE
--   verdict/METRIC/BASE/STACK/better, worse, open, all   comparisons; and
--   verdict/METRIC/BASE/STACK/text           the same as a sentence's part
--   share/CAUSE/WORKLOAD/STACK/least, most   percent of the copied pages
--   pythons/STACK                            interpreters with such a cell

-- Means.
SELECT 'mean/' || fact || '/' || workload || '/' || stack || '/' || name, text
FROM mean JOIN number USING (value);

SELECT 'mean/' || fact || '/' || workload || '/' || stack || '/' || which, text
FROM (SELECT fact, workload, stack, 'least' AS which, min(value) AS value
      FROM mean GROUP BY 1, 2, 3 UNION ALL
      SELECT fact, workload, stack, 'most', max(value)
      FROM mean GROUP BY 1, 2, 3)
	JOIN number USING (value);

-- A bare column beside min() or max() is of the row that has it.
SELECT 'mean/' || fact || '/' || workload || '/' || stack || '/' || which ||
	'/python', name
FROM (SELECT fact, workload, stack, 'least' AS which, min(value), name
      FROM mean GROUP BY 1, 2, 3 UNION ALL
      SELECT fact, workload, stack, 'most', max(value), name
      FROM mean GROUP BY 1, 2, 3);

-- Ratios.
WITH r AS (
	SELECT 'ratio/' || fact || '/' || workload || '/' || base || '/' ||
		stack || '/' AS path, * FROM ratio),
picked AS (
	SELECT path || name AS path, name, ratio, low, high FROM r UNION ALL
	SELECT path || 'least', name, min(ratio), low, high FROM r
	GROUP BY path UNION ALL
	SELECT path || 'most', name, max(ratio), low, high FROM r
	GROUP BY path)
SELECT path, printf(CASE WHEN ratio >= 10 THEN '%.0f' ELSE '%.2f' END, ratio)
FROM picked UNION ALL
SELECT path || '/python', name FROM picked UNION ALL
SELECT path || '/interval', printf('%.2f [%.2f, %.2f]', ratio, low, high)
FROM picked WHERE low IS NOT NULL;

SELECT 'saved/' || fact || '/' || workload || '/' || base || '/' || stack ||
	'/' || which,
	replace(CAST(round(100 * (1 - ratio)) AS INTEGER), '-', '$-$')
FROM (SELECT fact, workload, base, stack, 'least' AS which,
	max(ratio) AS ratio FROM ratio GROUP BY 1, 2, 3, 4 UNION ALL
      SELECT fact, workload, base, stack, 'most', min(ratio)
      FROM ratio GROUP BY 1, 2, 3, 4);

-- Verdicts.
WITH v AS (
	SELECT fact, base, stack, count(*) AS n,
		sum(verdict = 'better') AS better,
		sum(verdict = 'worse') AS worse,
		sum(verdict NOT IN ('better', 'worse')) AS open
	FROM ratio GROUP BY fact, base, stack),
p AS (
	SELECT 'verdict/' || fact || '/' || base || '/' || stack || '/' AS path,
		* FROM v)
SELECT path || 'better', better FROM p UNION ALL
SELECT path || 'worse', worse FROM p UNION ALL
SELECT path || 'open', open FROM p UNION ALL
SELECT path || 'all', n FROM p UNION ALL
SELECT path || 'text', CASE
	WHEN better = n THEN printf('less in all %d comparisons', n)
	WHEN worse = n THEN printf('more in all %d comparisons', n)
	WHEN open = n THEN printf(
		'not shown to differ in any of %d comparisons', n)
	WHEN worse = 0 THEN printf(
		'less in %d of %d comparisons and more in none', better, n)
	WHEN better = 0 THEN printf(
		'more in %d of %d comparisons and less in none', worse, n)
	ELSE printf('less in %d of %d comparisons and more in %d', better, n,
		worse) END
FROM p;

-- Why pages were copied.
WITH whole AS (
	SELECT name, workload, stack, sum(pages) AS pages FROM cause
	GROUP BY 1, 2, 3),
part AS (
	SELECT 'share/' || cause || '/' || workload || '/' || stack || '/' AS path,
		100.0 * c.pages / w.pages AS percent
	FROM cause c JOIN whole w USING (name, workload, stack)
	WHERE w.pages > 0)
SELECT path || 'least', printf('%.0f', min(percent)) FROM part GROUP BY path
UNION ALL
SELECT path || 'most', printf('%.0f', max(percent)) FROM part GROUP BY path;

-- Copied pages that need not be: their content is as it was.
WITH s AS (
	SELECT 'needless/' || workload || '/' || stack || '/' AS path,
		100 * (1 - f.value / c.value) AS percent
	FROM mean c JOIN mean f USING (name, workload, stack)
	WHERE c.fact = 'copied' AND f.fact = 'floor' AND c.value > 0)
SELECT path || 'least', printf('%.0f', min(percent)) FROM s GROUP BY path
UNION ALL
SELECT path || 'most', printf('%.0f', max(percent)) FROM s GROUP BY path;

-- The share of a worker's CPU time that passes of reshare took, in percent.
WITH s AS (
	SELECT 'pass-share/' || workload || '/' || stack || '/' AS path,
		100 * r.value / c.value AS percent
	FROM mean r JOIN mean c USING (name, workload, stack)
	WHERE r.fact = 'reshare-cpu' AND c.fact = 'cpu' AND c.value > 0)
SELECT path || 'least', printf('%.1f', min(percent)) FROM s GROUP BY path
UNION ALL
SELECT path || 'most', printf('%.1f', max(percent)) FROM s GROUP BY path;

-- What was run.
SELECT 'spec/' || label, replace(replace(strategy, '%', '\%'), '_', '\_')
FROM stack;
SELECT 'pythons/' || stack, count(DISTINCT name) FROM cell GROUP BY stack;
SELECT 'pythons', count(*) FROM interpreter;
SELECT 'python/first', name FROM interpreter
WHERE rank = (SELECT min(rank) FROM interpreter);
SELECT 'python/last', name FROM interpreter
WHERE rank = (SELECT max(rank) FROM interpreter);
SELECT 'stacks', count(DISTINCT stack) FROM cell;
SELECT 'workloads', count(DISTINCT workload) FROM cell;
SELECT 'cells', count(*) FROM cell;
SELECT 'cells/bad', count(*) FROM cells JOIN chosen USING (run)
WHERE status IN ('failed', 'timeout');
SELECT 'repeats', max(repeat) FROM cell;
SELECT 'comparisons', count(*) FROM ratio;
SELECT 'comparisons/open', count(*) FROM ratio
WHERE verdict NOT IN ('better', 'worse');
SELECT 'resamples', replace(printf('%,d', max(json_extract(words,
	'$.resamples'))), ',', '\,') FROM document;
SELECT DISTINCT 'scale/' || workload, replace(printf('%,d', scale), ',', '\,')
FROM cell;
SELECT DISTINCT 'workers/' || workload, workers FROM cell;
SELECT DISTINCT 'requests/' || workload,
	replace(printf('%,d', requests), ',', '\,') FROM cell;
SELECT DISTINCT 'collect-at/' || workload,
	replace(printf('%,d', collect_at), ',', '\,') FROM cell
WHERE collect_at >= 0;

-- Where it ran.
SELECT 'host/cpus', json_extract(host, '$.cpus') FROM runs
	JOIN chosen ON run = id;
SELECT 'host/cpu', json_extract(host, '$.cpu') FROM runs JOIN chosen ON run = id;
SELECT 'host/machine', replace(json_extract(host, '$.machine'), '_', '\_')
FROM runs JOIN chosen ON run = id;
-- Of the kernel only the version, not its builder's name.
SELECT 'host/kernel', CAST(k AS INTEGER) || '.' ||
	CAST(substr(k, instr(k, '.') + 1) AS INTEGER)
FROM (SELECT json_extract(host, '$.kernel') AS k FROM runs
      JOIN chosen ON run = id);
SELECT 'host/memory', printf('%.0f', json_extract(host, '$.memory_kib') /
	1048576.0) FROM runs JOIN chosen ON run = id;
SELECT 'host/page', json_extract(host, '$.page_bytes') / 1024 FROM runs
	JOIN chosen ON run = id;
SELECT 'host/virtual', 1 FROM runs JOIN chosen ON run = id
WHERE json_extract(host, '$.virtual_machine');
SELECT 'host/pages', CASE WHEN
	json_extract(host, '$.transparent_hugepage') LIKE '%[never]%'
	THEN 'never' WHEN
	json_extract(host, '$.transparent_hugepage') LIKE '%[madvise]%'
	THEN 'madvise' ELSE 'always' END FROM runs JOIN chosen ON run = id
WHERE json_extract(host, '$.transparent_hugepage') IS NOT NULL;
SELECT 'host/ksm', CASE json_extract(host, '$.ksm') WHEN '1' THEN 'running'
	ELSE 'not running' END FROM runs JOIN chosen ON run = id
WHERE json_extract(host, '$.ksm') IS NOT NULL;
-- Steady state: cells whose private memory still moved is compare's word.
WITH s AS (
	SELECT d.base, d.stack, json_extract(b.value, '$.workload') AS workload,
		json_extract(b.value, '$.steady_state.b.steady') AS steady
	FROM document d, json_each(words, '$.blocks') b)
SELECT 'unsteady/' || workload || '/' || stack, sum(NOT steady) FROM s
WHERE steady IS NOT NULL AND base = 'none' GROUP BY workload, stack;

-- How many workers fit.
SELECT 'plan/memory', printf('%.0f', json_extract(words, '$.memory_kib') /
	1048576.0) FROM plans;
SELECT 'plan/reserve', printf('%.0f', json_extract(words, '$.reserve_percent'))
FROM plans;
SELECT 'plan/' || workload || '/' || stack || '/' || name, workers FROM planned;
SELECT 'plan/' || workload || '/' || stack || '/' || name || '/interval',
	printf('%d [%d, %d]', workers, low, high) FROM planned
WHERE low IS NOT NULL;
SELECT 'plan/all', count(*) FROM planned HAVING count(*) > 0;
SELECT 'plan/extrapolated', sum(extrapolated) FROM planned HAVING count(*) > 0;
WITH g AS (
	SELECT workload, b.stack, 1.0 * b.workers / a.workers AS gain, b.name
	FROM planned b JOIN planned a USING (name, workload)
	WHERE a.stack = 'none' AND a.workers > 0)
SELECT 'plan/gain/' || workload || '/' || stack || '/least',
	printf('%.1f', min(gain)) FROM g GROUP BY workload, stack UNION ALL
SELECT 'plan/gain/' || workload || '/' || stack || '/most',
	printf('%.1f', max(gain)) FROM g GROUP BY workload, stack;
