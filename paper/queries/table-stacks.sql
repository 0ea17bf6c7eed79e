-- table-stacks.sql - every stack that was run, against its base: freeze for those
-- that contain it, else none.  Ratios over all interpreters and workloads.
WITH against(base, stack) AS (
	SELECT CASE WHEN stack <> 'freeze' AND
		'+' || stack || '+' LIKE '%+freeze+%' THEN 'freeze' ELSE 'none'
		END, stack FROM (SELECT DISTINCT stack FROM ratio)),
v AS (
	SELECT base, stack, count(*) AS n,
		sum(verdict = 'better') AS better, sum(verdict = 'worse') AS worse,
		min(ratio) AS least, max(ratio) AS most
	FROM ratio JOIN against USING (base, stack)
	WHERE fact = 'total' GROUP BY base, stack),
other AS (
	SELECT base, stack, fact, min(ratio) AS least, max(ratio) AS most
	FROM ratio JOIN against USING (base, stack)
	WHERE fact IN ('pause-max', 'cpu') GROUP BY base, stack, fact)
SELECT '\stack{' || replace(v.stack, '_', '\_') || '} & ' ||
	v.base || ' & ' || better || '/' || worse || '/' || n || ' & ' ||
	printf('%.2f--%.2f', v.least, v.most) || ' & ' ||
	CASE WHEN p.most = 0 THEN 'no pause' ELSE
	coalesce(printf(CASE WHEN p.least < 0.095 THEN '%.3f' ELSE '%.2f' END ||
		'--%.2f', p.least, p.most), '--') END || ' & ' ||
	coalesce(printf('%.2f--%.2f', c.least, c.most), '--') || ' & ' ||
	CASE WHEN better = n THEN 'saves everywhere'
	     WHEN worse = n THEN 'costs everywhere'
	     WHEN better = 0 AND worse = 0 THEN 'no difference shown'
	     WHEN better > 0 AND worse = 0 THEN 'saves in places'
	     WHEN better = 0 THEN 'costs in places'
	     ELSE 'saves here, costs there' END || ' \\'
FROM v LEFT JOIN other p ON p.base = v.base AND p.stack = v.stack
		AND p.fact = 'pause-max'
	LEFT JOIN other c ON c.base = v.base AND c.stack = v.stack
		AND c.fact = 'cpu'
ORDER BY v.base = 'freeze', v.most;
