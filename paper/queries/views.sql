-- views.sql - what the other queries read, made once in a copy of the database.
--
-- numbers.sh has put the run into chosen.run, the words of each stack into
-- stack(strategy, label), the documents of `harness compare` into
-- document(base, stack, words), and those of `harness plan` into plans(words).
-- There is one block of cells per interpreter and workload, or nothing is made:
-- a mean over blocks of different size would mean nothing.

CREATE TABLE interpreter AS
SELECT tag, python,
	CAST(python AS INTEGER) * 1000000 +
	CAST(substr(python, instr(python, '.') + 1) AS INTEGER) * 1000 +
	CAST(substr(python, instr(python, '.') + 1 +
		instr(substr(python, instr(python, '.') + 1), '.')) AS INTEGER)
	AS rank,
	-- 3.13 for 3.13.0, unless two interpreters share that name.
	CAST(python AS INTEGER) || '.' ||
	CAST(substr(python, instr(python, '.') + 1) AS INTEGER) AS name
FROM cells JOIN chosen USING (run) WHERE status = 'ok' GROUP BY tag;
UPDATE interpreter SET name = substr(tag, 3) WHERE name IN
	(SELECT name FROM interpreter GROUP BY name HAVING count(*) > 1);

CREATE TABLE cell AS
SELECT c.id, label AS stack, i.name, i.rank, workload, scale, workers, requests,
	collect_at, repeat, lost_samples
FROM cells c JOIN chosen USING (run) JOIN stack USING (strategy)
	JOIN interpreter i USING (tag)
WHERE status = 'ok';
CREATE UNIQUE INDEX cell_id ON cell (id);

-- How a metric is shown: its name in the paper, its unit's size, and the unit.
CREATE TABLE shown (key TEXT PRIMARY KEY, fact TEXT, divisor REAL, unit TEXT);
INSERT INTO shown VALUES
	('total_kib', 'total', 1024, 'MiB'),
	('worker_private_kib', 'private', 1024, 'MiB'),
	('page_tables_kib', 'page-tables', 1024, 'MiB'),
	('unmapped_kib', 'unmapped', 1024, 'MiB'),
	('leak_kib_per_1k', 'leak', 1024, 'MiB'),
	('worker_minor_faults', 'faults', 1, ''),
	('gc_faults', 'gc-faults', 1, ''),
	('app_faults', 'app-faults', 1, ''),
	('exit_faults', 'exit-faults', 1, ''),
	('worker_cow_pages', 'copied', 1, ''),
	('worker_floor_pages', 'floor', 1, ''),
	('worker_new_pages', 'new', 1, ''),
	('gc_pause_p50_us', 'pause-median', 1000, 'ms'),
	('gc_pause_p99_us', 'pause-tail', 1000, 'ms'),
	('gc_pause_max_us', 'pause-max', 1000, 'ms'),
	('gc_time_us', 'gc-time', 1000, 'ms'),
	('request_p50_us', 'request-median', 1000, 'ms'),
	('request_p99_us', 'request-tail', 1000, 'ms'),
	('worker_cpu_ms', 'cpu', 1, 'ms'),
	('ksm_cpu_ms', 'ksm-cpu', 1, 'ms'),
	('freeze_us', 'prepare', 1000, 'ms'),
	('fork_us', 'fork', 1000, 'ms'),
	('reshare_passes', 'passes', 1, ''),
	('reshare_looked_pages', 'looked', 1, ''),
	('reshare_given_pages', 'given', 1, ''),
	('reshare_hot_pages', 'hot', 1, ''),
	('reshare_us', 'reshare-cpu', 1000, 'ms'),
	('template_objects', 'objects', 1, ''),
	('frozen_objects', 'frozen', 1, '');

-- Means over repeats, in units of `shown`.  A list (a value per generation) is
-- no number, a metric that could not be had is no row.
CREATE TABLE mean AS
SELECT name, rank, workload, stack, fact, unit,
	avg(value) / divisor AS value, count(*) AS repeats
FROM cell JOIN metric ON cell = id JOIN shown USING (key)
WHERE typeof(value) IN ('integer', 'real')
GROUP BY name, rank, workload, stack, fact, unit;
CREATE UNIQUE INDEX mean_row ON mean (fact, workload, stack, name);

-- Ratios of means with their intervals, as `harness compare` gives them.
CREATE TABLE ratio AS
SELECT d.base, d.stack, i.name, i.rank,
	json_extract(b.value, '$.workload') AS workload, fact,
	json_extract(m.value, '$.ratio') AS ratio,
	json_extract(m.value, '$.ratio_interval[0]') AS low,
	json_extract(m.value, '$.ratio_interval[1]') AS high,
	json_extract(m.value, '$.verdict') AS verdict
FROM document d, json_each(words, '$.blocks') b
	JOIN interpreter i ON tag = json_extract(b.value, '$.tag'),
	json_each(b.value, '$.metrics') m
	JOIN shown ON shown.key = json_extract(m.value, '$.metric')
WHERE ratio IS NOT NULL;
CREATE UNIQUE INDEX ratio_row ON ratio (base, stack, fact, workload, name);

-- Copied pages by cause, means over workers and repeats.
CREATE TABLE cause AS
SELECT name, rank, workload, stack, cause, sum(pages) / cells AS pages
FROM cell JOIN copies p ON p.cell = id
	JOIN (SELECT name, workload, stack, count(DISTINCT id) AS cells
	      FROM cell WHERE id IN (SELECT cell FROM copies)
	      GROUP BY name, workload, stack)
	USING (name, workload, stack)
GROUP BY name, rank, workload, stack, cause;

-- What `harness plan` says.
CREATE TABLE planned AS
SELECT i.name, i.rank, label AS stack,
	json_extract(p.value, '$.workload') AS workload,
	json_extract(p.value, '$.workers') AS workers,
	json_extract(p.value, '$.workers_interval[0]') AS low,
	json_extract(p.value, '$.workers_interval[1]') AS high,
	json_extract(p.value, '$.extrapolated') AS extrapolated,
	json_extract(p.value, '$.recommended') AS recommended
FROM plans, json_each(words, '$.plans') p
	JOIN interpreter i ON tag = json_extract(p.value, '$.tag')
	JOIN stack s ON strategy = json_extract(p.value, '$.strategy')
WHERE json_extract(p.value, '$.workers') IS NOT NULL;

-- Three significant digits, without an exponent; 1,234 where there are many.
-- SQLite knows no functions of ours, so this is a table of all numbers shown.
CREATE TABLE number (value REAL PRIMARY KEY, text TEXT) WITHOUT ROWID;
INSERT OR IGNORE INTO number (value)
SELECT value FROM mean UNION SELECT pages FROM cause;
UPDATE number SET text = CASE
	WHEN value = 0 THEN '0'
	WHEN abs(value) >= 99.95 THEN replace(printf('%,d',
		CAST(round(value) AS INTEGER)), ',', '\,')
	WHEN abs(value) >= 9.995 THEN printf('%.1f', value)
	WHEN abs(value) >= 0.0995 THEN printf('%.2f', value)
	ELSE printf('%.3f', value) END;
