-- table-copies.sql - with freeze: the pages that one worker copied, those that
-- really differ, and of which kind the copies are, in percent.
WITH line AS (
	SELECT c.workload, c.name, c.rank, cn.text AS copied, fn.text AS floor,
		lag(c.workload) OVER (ORDER BY c.workload, c.rank)
		IS NOT c.workload AS first
	FROM mean c JOIN mean f USING (workload, name, stack)
		JOIN number cn ON cn.value = c.value
		JOIN number fn ON fn.value = f.value
	WHERE c.fact = 'copied' AND f.fact = 'floor' AND stack = 'freeze'
		AND workload IN ('objectgraph', 'webapp'))
SELECT CASE WHEN first THEN '\midline{' || workload || '}' || char(10)
	ELSE '' END || name || ' & ' || copied || ' & ' || floor ||
	(SELECT group_concat(text, '') FROM (
		SELECT ' & ' || coalesce(printf('%.0f', 100 * pages /
			(SELECT sum(pages) FROM cause a WHERE a.name = line.name
			 AND a.workload = line.workload
			 AND a.stack = 'freeze')), '--') AS text
		FROM (SELECT 1 AS o, 'nothing' AS cause UNION ALL
		      SELECT 2, 'reference_count' UNION ALL
		      SELECT 3, 'gc_header' UNION ALL
		      SELECT 4, 'content') k
		LEFT JOIN cause c ON c.cause = k.cause AND c.name = line.name
			AND c.workload = line.workload AND c.stack = 'freeze'
		ORDER BY o)) || ' \\'
FROM line ORDER BY workload, rank;
