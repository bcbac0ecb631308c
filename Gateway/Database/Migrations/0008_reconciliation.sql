-- Runs of the reconciliation across services, and what each found. A run is claimed by one replica at a time: a lease by
-- the database's clock, with an epoch that every write of the holder checks.
CREATE TABLE gateway.reconciliation_run (
    id            uuid        PRIMARY KEY,
    night         date        UNIQUE,   -- Of a nightly run, in Europe/Moscow: one for each night, whoever makes it.
    requested_by  text,                 -- Of a run that an operator asked for.
    state         text        NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done', 'failed')),
    from_at       timestamptz NOT NULL,
    until_at      timestamptz NOT NULL, -- What changed later is in flight, and isn't judged.
    epoch         bigint      NOT NULL DEFAULT 0,
    leased_until  timestamptz NOT NULL DEFAULT clock_timestamp(),
    compared      jsonb       NOT NULL DEFAULT '{}', -- How many rows of each book.
    discrepancies bigint      NOT NULL DEFAULT 0,
    failure       text,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at   timestamptz,
    CHECK ((night IS NULL) <> (requested_by IS NULL)),
    CHECK ((state IN ('done', 'failed')) = (finished_at IS NOT NULL)),
    CHECK (from_at < until_at)
);
CREATE INDEX reconciliation_run_by_age ON gateway.reconciliation_run (created_at DESC);
CREATE INDEX reconciliation_run_open ON gateway.reconciliation_run (leased_until) WHERE finished_at IS NULL;
CREATE INDEX reconciliation_run_finished ON gateway.reconciliation_run (finished_at DESC) WHERE finished_at IS NOT NULL;
GRANT SELECT, INSERT, DELETE ON gateway.reconciliation_run TO $app$;
GRANT UPDATE (state, epoch, leased_until, compared, discrepancies, failure, finished_at)
    ON gateway.reconciliation_run TO $app$;

CREATE TABLE gateway.discrepancy (
    run_id  uuid    NOT NULL REFERENCES gateway.reconciliation_run ON DELETE CASCADE,
    number  integer NOT NULL CHECK (number > 0),
    kind    text    NOT NULL,
    details jsonb   NOT NULL,
    PRIMARY KEY (run_id, number)
);
GRANT SELECT, INSERT, DELETE ON gateway.discrepancy TO $app$;
