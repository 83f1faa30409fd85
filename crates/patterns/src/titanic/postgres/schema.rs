//! What is said to the database.
//!
//! ```text
//! titanic_request   a row for each request: stage 0 waiting | 1 claimed | 2 started, and not to be again | 3 answered | 4 failed
//! titanic_daemon    a row for each Titanic: how long its claims hold, its last transaction, and what it added and took
//! titanic_queue     one row: the form of these tables, and what Titanics that are gone have added and taken
//! ```
//!
//! What there is altogether is the sum over the last two. So no row is written by two Titanics, and none waits for another's
//! disk.

/// One at a time makes the tables.
pub(super) const ALONE: &str = "SELECT pg_advisory_xact_lock(6076002813570437998)";

pub(super) const IS_THERE: &str = "SELECT to_regclass('titanic_queue') IS NOT NULL";

/// What version of the tables this is written for.
pub(super) const FORM: i32 = 1;

/// Rows change three times in their life and go: room is left beside each, and the sweeping begins early.
pub(super) const TABLES: &str = "
CREATE TABLE titanic_request (
    number bytea PRIMARY KEY,
    place bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    service bytea NOT NULL,
    once boolean NOT NULL,
    stage smallint NOT NULL DEFAULT 0,
    attempts integer NOT NULL DEFAULT 0,
    due timestamptz NOT NULL DEFAULT now(),
    holder bytea,
    octets bigint NOT NULL,
    body bytea NOT NULL,
    answer bytea
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
COMMENT ON COLUMN titanic_request.stage IS '0 waiting, 1 claimed, 2 started (and not to be again), 3 answered, 4 failed';
COMMENT ON COLUMN titanic_request.due IS 'of what waits: not before; of what has come to an end: since';
CREATE INDEX titanic_request_line ON titanic_request (service, place) WHERE stage = 0;
CREATE INDEX titanic_request_held ON titanic_request (holder) WHERE stage IN (1, 2);
CREATE INDEX titanic_request_ended ON titanic_request (due) WHERE stage IN (3, 4);
CREATE TABLE titanic_daemon (
    daemon bytea PRIMARY KEY,
    batch bigint NOT NULL,
    holds_until timestamptz NOT NULL,
    waiting bigint NOT NULL,
    finished bigint NOT NULL,
    octets bigint NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE titanic_queue (
    form integer NOT NULL,
    waiting bigint NOT NULL,
    finished bigint NOT NULL,
    octets bigint NOT NULL
);
INSERT INTO titanic_queue VALUES (1, 0, 0, 0);
";

/// A commit that is not on the disk is none, whatever the database is set to.
pub(super) const SETTINGS: &str = "
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/// `$1` the name of this Titanic's connections: what is left of earlier ones ends, so that nothing of it happens later.
pub(super) const END_EARLIER: &str = "
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE application_name = $1::text AND pid <> pg_backend_pid()";

pub(super) const FORM_AND_SYNC: &str = "SELECT form, current_setting('fsync') FROM titanic_queue";

/// `$1` daemon: its last transaction that was committed; waits for one that is under way.
pub(super) const LAST_BATCH: &str = "SELECT batch FROM titanic_daemon WHERE daemon = $1 FOR UPDATE";

pub(super) const TOTALS: &str = "
SELECT sum(waiting)::bigint, sum(finished)::bigint, sum(octets)::bigint FROM
(SELECT waiting, finished, octets FROM titanic_daemon UNION ALL SELECT waiting, finished, octets FROM titanic_queue) AS part";

/// `$1` daemon, `$2` number of the transaction, `$3` lease in microseconds, `$4` waiting, `$5` finished, `$6` octets that were
/// added.
pub(super) const SIGN: &str = "
INSERT INTO titanic_daemon AS mine (daemon, batch, holds_until, waiting, finished, octets)
VALUES ($1, $2, clock_timestamp() + $3::bigint * interval '1 microsecond', $4, $5, $6)
ON CONFLICT (daemon) DO UPDATE SET batch = EXCLUDED.batch, holds_until = EXCLUDED.holds_until,
    waiting = mine.waiting + EXCLUDED.waiting, finished = mine.finished + EXCLUDED.finished,
    octets = mine.octets + EXCLUDED.octets";

// The statements below change requests. Each tells of each request that it changed: number, stage and octets before, stage
// and octets after; what was not there has none.

/// `$1` numbers, `$2` services, `$3` once, `$4` bodies.
pub(super) const ACCEPT: &str = "
INSERT INTO titanic_request (number, service, once, body, octets)
SELECT number, service, once, body, length(service) + length(body)
FROM unnest($1::bytea[], $2::bytea[], $3::boolean[], $4::bytea[]) WITH ORDINALITY AS told (number, service, once, body, nth)
ORDER BY nth
ON CONFLICT (number) DO NOTHING
RETURNING number, NULL::smallint, NULL::bigint, stage, octets";

/// `$1` numbers.
pub(super) const CLOSE: &str = "
DELETE FROM titanic_request WHERE number = ANY ($1)
RETURNING number, stage, octets, NULL::smallint, NULL::bigint";

/// `$1` microseconds.
pub(super) const SWEEP: &str = "
DELETE FROM titanic_request WHERE number IN (
    SELECT number FROM titanic_request WHERE stage IN (3, 4) AND due < now() - $1::bigint * interval '1 microsecond'
    LIMIT 100000 FOR UPDATE SKIP LOCKED)
RETURNING number, stage, octets, NULL::smallint, NULL::bigint";

/// `$1` numbers, `$2` daemon.
pub(super) const START: &str = "
UPDATE titanic_request SET stage = CASE WHEN once THEN 2 ELSE 1 END, holder = $2, attempts = attempts + 1
WHERE number = ANY ($1) AND (stage = 0 OR stage = 1 AND holder = $2)
RETURNING number, stage, octets, stage, octets";

/// `$1` numbers, `$2` daemon, `$3` microseconds to wait.
pub(super) const RELEASE: &str = "
UPDATE titanic_request SET stage = 0, holder = NULL, due = now() + told.after * interval '1 microsecond'
FROM unnest($1::bytea[], $3::bigint[]) AS told (number, after)
WHERE titanic_request.number = told.number AND (stage = 0 OR stage IN (1, 2) AND holder = $2)
RETURNING titanic_request.number, stage, octets, stage, octets";

/// `$1` numbers, `$2` answers.
pub(super) const FINISH: &str = "
WITH before AS MATERIALIZED (
    SELECT number, stage, octets FROM titanic_request WHERE number = ANY ($1) ORDER BY number FOR UPDATE)
UPDATE titanic_request AS request SET
    stage = 3,
    holder = NULL,
    due = CASE WHEN before.stage = 3 THEN request.due ELSE now() END,
    body = '',
    answer = CASE WHEN before.stage = 3 THEN request.answer ELSE told.answer END,
    octets = CASE WHEN before.stage = 3 THEN request.octets ELSE length(service) + length(told.answer) END
FROM before JOIN unnest($1::bytea[], $2::bytea[]) AS told (number, answer) ON told.number = before.number
WHERE request.number = before.number
RETURNING request.number, before.stage, before.octets, request.stage, request.octets";

/// `$1` numbers, `$2` daemon.
pub(super) const FAIL: &str = "
WITH before AS MATERIALIZED (
    SELECT number, stage, octets FROM titanic_request
    WHERE number = ANY ($1) AND (stage IN (0, 3, 4) OR holder = $2) ORDER BY number FOR UPDATE)
UPDATE titanic_request AS request SET
    stage = CASE WHEN before.stage = 3 THEN 3 ELSE 4 END,
    holder = NULL,
    due = CASE WHEN before.stage IN (3, 4) THEN request.due ELSE now() END,
    body = '',
    octets = CASE WHEN before.stage = 3 THEN request.octets ELSE length(service) END
FROM before WHERE request.number = before.number
RETURNING request.number, before.stage, before.octets, request.stage, request.octets";

/// `$1` numbers.
pub(super) const LOOK: &str = "SELECT number, stage, answer FROM titanic_request WHERE number = ANY ($1)";

/// `$1` numbers.
pub(super) const KNOWN: &str = "SELECT number FROM titanic_request WHERE number = ANY ($1)";

/// `$1` services to leave out, `$2` the service after which to begin: those that something is due for, by name, a hundred at
/// most. Each is one step in the index, however much waits for it; those to leave out are hashed, however many they are.
pub(super) const LINES: &str = "
WITH RECURSIVE line (service) AS (
    (SELECT service FROM titanic_request WHERE stage = 0 AND service > $2 ORDER BY service LIMIT 1)
    UNION ALL
    SELECT (SELECT next.service FROM titanic_request AS next
            WHERE next.stage = 0 AND next.service > line.service ORDER BY next.service LIMIT 1)
    FROM line WHERE line.service IS NOT NULL)
SELECT service FROM line
WHERE service IS NOT NULL AND service NOT IN (SELECT unnest($1::bytea[])) AND EXISTS (
    SELECT FROM titanic_request AS first WHERE first.stage = 0 AND first.service = line.service AND first.due <= now())
LIMIT 100";

/// `$1` services, `$2` how many of each at most, `$3` daemon.
pub(super) const CLAIM: &str = "
WITH chosen AS MATERIALIZED (
    SELECT line.number FROM unnest($1::bytea[], $2::bigint[]) AS told (service, most)
    CROSS JOIN LATERAL (
        SELECT number FROM titanic_request WHERE stage = 0 AND service = told.service AND due <= now()
        ORDER BY place LIMIT told.most FOR UPDATE SKIP LOCKED) AS line)
UPDATE titanic_request AS request SET stage = 1, holder = $3 FROM chosen WHERE request.number = chosen.number
RETURNING request.number, service, once, attempts, body, place";

/// `$1` daemon, `$2` what it has in hand: all else that it claimed is free again, since nobody was told of it.
pub(super) const LET_GO: &str = "
UPDATE titanic_request SET stage = 0, holder = NULL, due = now()
WHERE stage IN (1, 2) AND holder = $1 AND number <> ALL ($2)
RETURNING number, stage, octets, stage, octets";

/// `$1` this daemon, which lives. What is claimed by Titanics whose lease is over is free again; what must not be done twice, and was started, has failed.
pub(super) const TAKE_OVER: &str = "
WITH before AS MATERIALIZED (
    SELECT number, stage, octets FROM titanic_request
    WHERE stage IN (1, 2) AND holder <> $1 AND NOT EXISTS (
        SELECT FROM titanic_daemon WHERE daemon = holder AND holds_until >= clock_timestamp())
    ORDER BY number LIMIT 10000 FOR UPDATE SKIP LOCKED)
UPDATE titanic_request AS request SET
    stage = CASE WHEN before.stage = 2 THEN 4 ELSE 0 END,
    holder = NULL,
    due = now(),
    body = CASE WHEN before.stage = 2 THEN '' ELSE body END,
    octets = CASE WHEN before.stage = 2 THEN length(service) ELSE request.octets END
FROM before WHERE request.number = before.number
RETURNING request.number, before.stage, before.octets, request.stage, request.octets";

/// `$1` microseconds: what Titanics have added whose lease was over that long ago goes to the common row, and theirs away.
pub(super) const BURY: &str = "
WITH gone AS (
    DELETE FROM titanic_daemon WHERE daemon IN (
        SELECT daemon FROM titanic_daemon WHERE holds_until < clock_timestamp() - $1::bigint * interval '1 microsecond'
        FOR UPDATE SKIP LOCKED)
    RETURNING waiting, finished, octets),
total AS (SELECT count(*) AS many, sum(waiting) AS waiting, sum(finished) AS finished, sum(octets) AS octets FROM gone)
UPDATE titanic_queue SET waiting = titanic_queue.waiting + total.waiting, finished = titanic_queue.finished + total.finished,
    octets = titanic_queue.octets + total.octets
FROM total WHERE total.many > 0";
