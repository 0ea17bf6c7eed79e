-- figure-heatmap.sql - all interpreters and stacks of the collector's workload and
-- the application's.
DELETE FROM cells WHERE workload NOT IN ('objectgraph', 'webapp') OR
	strategy NOT IN (SELECT strategy FROM cells WHERE status = 'ok');
UPDATE cells SET strategy = 'freeze+reshare'
WHERE strategy LIKE 'freeze+reshare:%';
