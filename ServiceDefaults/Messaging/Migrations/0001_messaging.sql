-- What every service needs to send and receive events: see ServiceDefaults/Messaging.
CREATE SCHEMA messaging;
GRANT USAGE ON SCHEMA messaging TO $app$;

-- Events that are committed and not yet confirmed by the broker. The table is nearly empty when all is well.
CREATE TABLE messaging.outbox (
    outbox_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id     uuid        NOT NULL,
    message_type text        NOT NULL,
    body         text        NOT NULL,
    traceparent  text,
    attempts     integer     NOT NULL DEFAULT 0,
    leased_until timestamptz NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX outbox_leased_until ON messaging.outbox (leased_until);
GRANT SELECT, INSERT, UPDATE, DELETE ON messaging.outbox TO $app$;

-- Events whose effect is committed, per consumer.
CREATE TABLE messaging.inbox (
    consumer    text        NOT NULL,
    event_id    uuid        NOT NULL,
    accepted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (consumer, event_id)
);
CREATE INDEX inbox_accepted_at ON messaging.inbox (accepted_at);
GRANT SELECT, INSERT, DELETE ON messaging.inbox TO $app$;

-- Events that wait for another service's answer and are sent again when it is overdue.
CREATE TABLE messaging.resend (
    answer_key   text PRIMARY KEY,
    event_id     uuid        NOT NULL,
    message_type text        NOT NULL,
    body         text        NOT NULL,
    traceparent  text,
    attempts     integer     NOT NULL DEFAULT 0,
    due_at       timestamptz NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX resend_due_at ON messaging.resend (due_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON messaging.resend TO $app$;
