-- figure-heatmap.sql - one workload, all interpreters and stacks.
DELETE FROM cells WHERE workload <> 'objectgraph' OR
	strategy NOT IN (SELECT strategy FROM cells WHERE status = 'ok');
UPDATE cells SET strategy = 'freeze+reshare'
WHERE strategy LIKE 'freeze+reshare:%';
