-- Merchants' receivers, the events owed to them, and every attempt to hand one over.
CREATE SCHEMA webhooks;
GRANT USAGE ON SCHEMA webhooks TO $app$;

-- One receiver per merchant and mode. The row exists from the first event or setting on, with or without a URL, so
-- that there is always one row to lock: a transaction that touches deliveries too locks this row first.
CREATE TABLE webhooks.endpoint (
    merchant_id            uuid        NOT NULL,
    mode                   text        NOT NULL CHECK (mode IN ('live', 'test')),
    url                    text        CHECK (length(url) BETWEEN 1 AND 2048),
    enabled                boolean     NOT NULL DEFAULT false,
    disabled_reason        text        CHECK (disabled_reason IN ('gone', 'failing')),
    secret                 bytea, -- Nonce, tag and AES-GCM ciphertext; never in the clear.
    secret_key_id          text,
    previous_secret        bytea,
    previous_secret_key_id text,
    previous_secret_until  timestamptz,
    version                bigint      NOT NULL DEFAULT 1, -- Grows with every change of what an attempt depends on.
    failing_since          timestamptz, -- The first failure after the last success.
    created_at             timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at             timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (merchant_id, mode),
    CHECK (url IS NULL OR secret IS NOT NULL),
    CHECK ((secret IS NULL) = (secret_key_id IS NULL)),
    CHECK ((previous_secret IS NULL) = (previous_secret_key_id IS NULL)),
    CHECK ((previous_secret IS NULL) = (previous_secret_until IS NULL)),
    CHECK (disabled_reason IS NULL OR NOT enabled)
);
GRANT SELECT, INSERT, UPDATE ON webhooks.endpoint TO $app$;

-- What happened, under its owner's id. The application may not update it: the bytes are the same at every attempt.
CREATE TABLE webhooks.event (
    event_id    uuid        PRIMARY KEY,
    merchant_id uuid        NOT NULL,
    mode        text        NOT NULL,
    type        text        NOT NULL CHECK (type IN
        ('deposit.pending', 'deposit.credited', 'payment.processing', 'payment.completed', 'payment.failed')),
    body        bytea       NOT NULL,
    created_at  timestamptz NOT NULL, -- The owner's time.
    stored_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    FOREIGN KEY (merchant_id, mode) REFERENCES webhooks.endpoint
);
GRANT SELECT, INSERT ON webhooks.event TO $app$;

-- The handing over of one event. A lease is leased_until with the epoch of its taker, who alone may write then.
CREATE TABLE webhooks.delivery (
    id              uuid        PRIMARY KEY,
    event_id        uuid        NOT NULL REFERENCES webhooks.event,
    merchant_id     uuid        NOT NULL,
    mode            text        NOT NULL,
    status          text        NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'failed')),
    paused          boolean     NOT NULL, -- The endpoint has no URL or is disabled.
    attempts        integer     NOT NULL DEFAULT 0 CHECK (attempts BETWEEN 0 AND 10),
    next_attempt_at timestamptz DEFAULT clock_timestamp(),
    leased_until    timestamptz,
    epoch           bigint      NOT NULL DEFAULT 0,
    redelivery_of   uuid        REFERENCES webhooks.delivery,
    url             text, -- The last attempt's.
    traceparent     text, -- The trace that the event belongs to.
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    delivered_at    timestamptz,
    FOREIGN KEY (merchant_id, mode) REFERENCES webhooks.endpoint,
    CHECK ((status = 'pending') = (next_attempt_at IS NOT NULL)),
    CHECK ((status = 'delivered') = (delivered_at IS NOT NULL)),
    CHECK (status = 'pending' OR leased_until IS NULL)
);
CREATE UNIQUE INDEX delivery_of_event ON webhooks.delivery (event_id) WHERE redelivery_of IS NULL;
CREATE INDEX delivery_event_id ON webhooks.delivery (event_id);
CREATE INDEX delivery_due ON webhooks.delivery (merchant_id, mode, next_attempt_at) WHERE status = 'pending' AND NOT paused;
CREATE INDEX delivery_paused ON webhooks.delivery (merchant_id, mode) WHERE status = 'pending' AND paused;
CREATE INDEX delivery_leased ON webhooks.delivery (merchant_id, mode) WHERE leased_until IS NOT NULL;
CREATE INDEX delivery_newest ON webhooks.delivery (merchant_id, mode, created_at DESC, id DESC);
GRANT SELECT, INSERT, UPDATE ON webhooks.delivery TO $app$;

CREATE TABLE webhooks.attempt (
    delivery_id     uuid        NOT NULL REFERENCES webhooks.delivery,
    number          integer     NOT NULL CHECK (number BETWEEN 1 AND 10),
    at              timestamptz NOT NULL,
    url             text        NOT NULL,
    response_status integer,
    duration_ms     integer     NOT NULL CHECK (duration_ms >= 0),
    error           text,
    response_body   text        CHECK (octet_length(response_body) <= 1024),
    PRIMARY KEY (delivery_id, number)
);
GRANT SELECT, INSERT ON webhooks.attempt TO $app$;
