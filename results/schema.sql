-- The results database.  harness/store.c creates it, harness/storewrite.c
-- is the only writer.
--
-- application_id is the text "Pfrz", so that a foreign database is not taken
-- for ours; user_version counts changes of this file.  Running it on an older
-- database adds what that lacks.
PRAGMA application_id = 0x5066727a;
PRAGMA user_version = 3;

-- One invocation of `harness run`, with all that is needed to repeat it.
CREATE TABLE IF NOT EXISTS runs (
    id       INTEGER PRIMARY KEY,
    started  TEXT NOT NULL,         -- UTC, ISO 8601
    finished TEXT,                  -- NULL while cells are pending
    options  TEXT NOT NULL,         -- JSON: the flattened command line
    host     TEXT NOT NULL          -- JSON: facts of the machine
);

-- One cell of a run.  Planned as 'pending', replaced by its outcome once.
CREATE TABLE IF NOT EXISTS cells (
    id         INTEGER PRIMARY KEY,
    run        INTEGER NOT NULL REFERENCES runs(id),
    key        TEXT NOT NULL,       -- see harness/cellkey.h
    python     TEXT NOT NULL,       -- full version, e.g. 3.6.15
    tag        TEXT NOT NULL,
    executable TEXT,
    strategy   TEXT NOT NULL,       -- canonical spec
    workload   TEXT NOT NULL,
    scale      INTEGER NOT NULL,
    workers    INTEGER NOT NULL,
    requests   INTEGER NOT NULL,    -- per worker
    collect_at INTEGER NOT NULL,    -- requests before a worker's first full
                                    -- collection; -1: left to chance
    repeat     INTEGER NOT NULL,
    seed       INTEGER NOT NULL,
    parallel   INTEGER,             -- workers that served at the same time
    status     TEXT NOT NULL CHECK (status IN
                   ('pending', 'ok', 'unsupported', 'failed', 'timeout')),
    reason     TEXT,
    lost_samples INTEGER NOT NULL DEFAULT 0,
    UNIQUE (run, key)
);

-- A machine other than the run's own on which cells of the run were measured.
CREATE TABLE IF NOT EXISTS hosts (
    id    INTEGER PRIMARY KEY,
    run   INTEGER NOT NULL REFERENCES runs(id),
    name  TEXT NOT NULL,
    facts TEXT NOT NULL,            -- JSON, as runs.host, and the name
    UNIQUE (run, name)
);

-- Where a cell was measured; without a row alone and on the run's own host.
CREATE TABLE IF NOT EXISTS placement (
    cell INTEGER PRIMARY KEY REFERENCES cells(id),
    host INTEGER REFERENCES hosts(id),  -- NULL: the run's own
    jobs INTEGER NOT NULL           -- cells at the same time on that host,
                                    -- this one included
);

-- A metric of a cell; harness list metrics explains the keys.  value is a
-- number, or a JSON list, or NULL with a reason.
CREATE TABLE IF NOT EXISTS metric (
    cell   INTEGER NOT NULL REFERENCES cells(id),
    key    TEXT NOT NULL,
    value,
    reason TEXT,
    PRIMARY KEY (cell, key)
) WITHOUT ROWID;

-- The same at each checkpoint.
CREATE TABLE IF NOT EXISTS curve (
    cell     INTEGER NOT NULL REFERENCES cells(id),
    requests INTEGER NOT NULL,      -- served by each worker
    key      TEXT NOT NULL,
    value,
    PRIMARY KEY (cell, requests, key)
) WITHOUT ROWID;

-- Those metrics that are means over workers, for each worker (from 1).
CREATE TABLE IF NOT EXISTS worker (
    cell   INTEGER NOT NULL REFERENCES cells(id),
    worker INTEGER NOT NULL,
    key    TEXT NOT NULL,
    value,
    PRIMARY KEY (cell, key, worker)
) WITHOUT ROWID;

-- Copied pages by place and cause, mean over workers; harness/places.h and
-- harness/causes.h say what these are.
CREATE TABLE IF NOT EXISTS copies (
    cell  INTEGER NOT NULL REFERENCES cells(id),
    place TEXT NOT NULL,
    cause TEXT NOT NULL,
    pages REAL NOT NULL,
    PRIMARY KEY (cell, place, cause)
) WITHOUT ROWID;

-- By which means a metric was had that can be had by several, and the size of
-- the environment, 'environment_bytes'.
CREATE TABLE IF NOT EXISTS method (
    cell  INTEGER NOT NULL REFERENCES cells(id),
    key   TEXT NOT NULL,
    value,
    PRIMARY KEY (cell, key)
) WITHOUT ROWID;

-- Histograms, without empty buckets: collection pauses by generation, and
-- request latencies (generation -1).
CREATE TABLE IF NOT EXISTS histogram (
    cell       INTEGER NOT NULL REFERENCES cells(id),
    generation INTEGER NOT NULL,
    lower_ns   INTEGER NOT NULL,    -- lowest value of the bucket, ns
    count      INTEGER NOT NULL,
    PRIMARY KEY (cell, generation, lower_ns)
) WITHOUT ROWID;

-- What 'plan' reads (harness/capacityread.c, which must name the same keys), so
-- that it need not go through all the rest.
CREATE INDEX IF NOT EXISTS curve_capacity ON curve (cell, requests, key, value)
    WHERE key IN ('total_kib', 'worker_private_kib', 'page_tables_kib');
CREATE INDEX IF NOT EXISTS metric_capacity ON metric (cell, key, value)
    WHERE key IN ('leak_kib_per_1k', 'gc_pause_p50_us', 'gc_pause_p99_us',
                  'gc_pause_max_us', 'worker_cpu_ms', 'exit_faults');
