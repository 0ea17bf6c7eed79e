-- figure-memory+copies.sql - one workload, interpreters of each kind, the main stacks.
DELETE FROM cells WHERE workload <> 'objectgraph' OR status <> 'ok' OR
	NOT (strategy IN ('none', 'freeze') OR
		strategy LIKE 'freeze+reshare%' OR strategy = 'freeze+immortal');
-- All interpreters where none of these is.
DELETE FROM cells WHERE tag NOT GLOB 'cp2.7.*' AND tag NOT GLOB 'cp3.6.*' AND
	tag NOT GLOB 'cp3.11.7' AND tag NOT GLOB 'cp3.13.*' AND EXISTS (
	SELECT * FROM cells WHERE tag GLOB 'cp2.7.*' OR tag GLOB 'cp3.6.*' OR
		tag GLOB 'cp3.11.7' OR tag GLOB 'cp3.13.*');
UPDATE cells SET strategy = 'freeze+reshare'
WHERE strategy LIKE 'freeze+reshare:%';
