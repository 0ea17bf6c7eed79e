-- table-memory.sql - the matrix: total memory without a strategy, and what the
-- main stacks leave of it.  Cells that are not there show a dash.
WITH r AS (
	SELECT name, workload, stack, CASE WHEN low IS NULL
		THEN printf('%.2f', ratio)
		ELSE printf('%.2f {\scriptsize[%.2f, %.2f]}', ratio, low, high)
		END AS text
	FROM ratio WHERE base = 'none' AND fact = 'total'),
line AS (
	SELECT m.workload, m.name, m.rank, n.text AS mib,
		(SELECT text FROM mean x JOIN number USING (value)
		 WHERE x.fact = 'private' AND x.stack = 'none'
		 AND x.name = m.name AND x.workload = m.workload) AS private,
		lag(m.workload) OVER (ORDER BY m.workload, m.rank)
		IS NOT m.workload AS first
	FROM mean m JOIN number n USING (value)
	WHERE fact = 'total' AND stack = 'none')
SELECT CASE WHEN first THEN '\midline{' || workload || '}' || char(10)
	ELSE '' END || name || ' & ' || mib || ' & ' || private ||
	(SELECT group_concat(text, '') FROM (
		SELECT ' & ' || coalesce(r.text, '--') AS text
		FROM (SELECT 1 AS o, 'freeze' AS stack UNION ALL
		      SELECT 2, 'threshold-zero' UNION ALL
		      SELECT 3, 'freeze+reshare' UNION ALL
		      SELECT 4, 'freeze+immortal') s
		LEFT JOIN r ON r.stack = s.stack AND r.name = line.name
			AND r.workload = line.workload
		ORDER BY o)) || ' \\'
FROM line ORDER BY workload, rank;
