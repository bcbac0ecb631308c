-- Messages that a consumer could not take, moved here from the broker's error queues: they are listed and replayed from
-- here, and stay as a record.
CREATE TABLE gateway.dead_letter (
    id           uuid PRIMARY KEY,
    queue        text        NOT NULL,
    message_id   text        NOT NULL,
    message_type text        NOT NULL,
    content_type text        NOT NULL,
    body         bytea       NOT NULL,
    headers      jsonb       NOT NULL,
    reason       text        NOT NULL,
    failed_at    timestamptz,
    kept_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    replayed_at  timestamptz,
    replayed_by  text
);
CREATE UNIQUE INDEX dead_letter_waiting ON gateway.dead_letter (queue, message_id) WHERE replayed_at IS NULL;
CREATE INDEX dead_letter_by_age ON gateway.dead_letter (kept_at DESC, id DESC);
GRANT SELECT, INSERT ON gateway.dead_letter TO $app$;
GRANT UPDATE (replayed_at, replayed_by) ON gateway.dead_letter TO $app$;
