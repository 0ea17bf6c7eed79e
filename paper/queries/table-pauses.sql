-- table-pauses.sql - the longest collection in any worker, mean over repeats, in
-- milliseconds; and faults per worker.
WITH shown_stack(o, stack) AS (VALUES (1, 'none'), (2, 'freeze'),
	(3, 'freeze+reshare')),
line AS (
	SELECT workload, name, rank,
		lag(workload) OVER (ORDER BY workload, rank) IS NOT workload
		AS first
	FROM mean WHERE fact = 'faults' AND stack = 'none'
		AND workload IN ('objectgraph', 'webapp'))
SELECT CASE WHEN first THEN '\midline{' || workload || '}' || char(10)
	ELSE '' END || line.name ||
	(SELECT group_concat(text, '') FROM (
		SELECT ' & ' || coalesce(n.text, '--') AS text
		FROM (SELECT 1 AS f, 'pause-max' AS fact UNION ALL
		      SELECT 2, 'faults') w
		CROSS JOIN shown_stack s
		LEFT JOIN mean m ON m.fact = w.fact AND m.stack = s.stack
			AND m.name = line.name AND m.workload = line.workload
		LEFT JOIN number n ON n.value = m.value
		ORDER BY f, o)) || ' \\'
FROM line ORDER BY workload, rank;
