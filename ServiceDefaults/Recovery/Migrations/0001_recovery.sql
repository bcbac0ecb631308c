-- A database that was restored to an earlier time, and what was done about it: see ServiceDefaults/Recovery. A restored
-- database has no row for its own time, so that the work begins anew whichever copy is taken.
CREATE SCHEMA recovery;
GRANT USAGE ON SCHEMA recovery TO $app$;

CREATE TABLE recovery.episode (
    since      timestamptz PRIMARY KEY, -- The time of the restored state, by the setting.
    begun_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    matched_at timestamptz,             -- When the last round began that left nothing open.
    waits_for  text,                    -- What the last round left open.
    ended_at   timestamptz,
    ended_by   text,
    reason     text,
    CHECK (since <= begun_at),
    CHECK (num_nulls(ended_at, ended_by, reason) IN (0, 3)),
    CHECK (ended_at IS NULL OR matched_at IS NOT NULL)
);
GRANT SELECT, INSERT ON recovery.episode TO $app$;
GRANT UPDATE (matched_at, waits_for, ended_at, ended_by, reason) ON recovery.episode TO $app$;
