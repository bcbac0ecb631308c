-- Addresses, what arrived on them, and how far each chain has been read: see Services/Deposits.
CREATE SCHEMA deposits;
GRANT USAGE ON SCHEMA deposits TO $app$;

-- A merchant's address in one mode. Never changed, never reused: no role may update or delete it.
CREATE TABLE deposits.address (
    merchant_id       uuid        NOT NULL,
    mode              text        NOT NULL CHECK (mode IN ('live', 'test')),
    merchant_number   bigint      NOT NULL CHECK (merchant_number BETWEEN 1 AND 2147483647),
    network_global_id integer     NOT NULL,
    owner             text        NOT NULL CHECK (owner ~ '^0:[0-9a-f]{64}$'),
    jetton_wallet     text        NOT NULL CHECK (jetton_wallet ~ '^0:[0-9a-f]{64}$'),
    created_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (merchant_id, mode),
    UNIQUE (mode, merchant_number),
    UNIQUE (mode, owner),
    UNIQUE (mode, jetton_wallet)
);
GRANT SELECT, INSERT ON deposits.address TO $app$;

CREATE TABLE deposits.deposit (
    deposit_id         uuid        PRIMARY KEY,
    merchant_id        uuid        NOT NULL,
    mode               text        NOT NULL,
    status             text        NOT NULL CHECK (status IN ('pending', 'credited', 'below_minimum', 'failed')),
    network_global_id  integer     NOT NULL,
    jetton_wallet      text        NOT NULL,
    to_address         text        NOT NULL,
    from_address       text        CHECK (from_address ~ '^-?[0-9]+:[0-9a-f]{64}$'),
    -- The sender's transaction: what the merchant sees and looks up. It never changes.
    tx_hash            text        NOT NULL CHECK (tx_hash ~ '^[0-9a-f]{64}$'),
    tx_lt              bigint      NOT NULL CHECK (tx_lt >= 0),
    -- The identity, once the sender's transaction was read: our wallet can receive a message only once.
    message_hash       text        CHECK (message_hash ~ '^[0-9a-f]{64}$'),
    receiver_tx_hash   text        CHECK (receiver_tx_hash ~ '^[0-9a-f]{64}$'),
    -- As the index says until the receipt is verified, then as the receipt says.
    amount_micros      bigint      NOT NULL CHECK (amount_micros >= 0),
    fee_bps            integer     NOT NULL CHECK (fee_bps BETWEEN 0 AND 10000),
    rate_micros        bigint      CHECK (rate_micros > 0),
    rate_at            timestamptz,
    rate_quotes        jsonb,
    gross_kopecks      bigint      CHECK (gross_kopecks > 0),
    fee_kopecks        bigint      CHECK (fee_kopecks >= 0),
    credited_kopecks   bigint      CHECK (credited_kopecks > 0),
    failure_reason     text,
    operation_id       uuid        UNIQUE,
    detected_event_id  uuid        UNIQUE,
    confirmed_event_id uuid        UNIQUE,
    credited_event_id  uuid        UNIQUE,
    failed_event_id    uuid        UNIQUE,
    traceparent        text,
    check_at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    confirmed_at       timestamptz,
    credited_at        timestamptz,
    failed_at          timestamptz,
    FOREIGN KEY (merchant_id, mode) REFERENCES deposits.address (merchant_id, mode),
    UNIQUE (network_global_id, jetton_wallet, tx_hash),
    UNIQUE (network_global_id, jetton_wallet, message_hash),
    UNIQUE (network_global_id, receiver_tx_hash),
    CONSTRAINT confirmed_is_whole CHECK (
        num_nulls(confirmed_at, confirmed_event_id, rate_micros, rate_at, rate_quotes, gross_kopecks, fee_kopecks, credited_kopecks)
            IN (0, 8)),
    CONSTRAINT confirmed_is_verified CHECK (
        confirmed_at IS NULL OR (message_hash IS NOT NULL AND receiver_tx_hash IS NOT NULL)),
    CONSTRAINT gross_is_amount_at_rate_rounded_down CHECK (
        gross_kopecks = div(amount_micros::numeric * rate_micros, 10000000000)),
    CONSTRAINT fee_is_rounded_up CHECK (fee_kopecks = ceil(gross_kopecks::numeric * fee_bps / 10000)),
    CONSTRAINT credited_is_the_rest CHECK (credited_kopecks = gross_kopecks - fee_kopecks),
    CONSTRAINT credited_is_posted CHECK (
        (status = 'credited') = (operation_id IS NOT NULL)
        AND num_nulls(operation_id, credited_at, credited_event_id) IN (0, 3)
        AND (operation_id IS NULL OR confirmed_at IS NOT NULL)),
    CONSTRAINT dust_is_never_confirmed CHECK (status <> 'below_minimum' OR confirmed_at IS NULL),
    CONSTRAINT failed_says_why CHECK (status <> 'failed' OR failure_reason IS NOT NULL)
);
CREATE INDEX deposit_of_merchant ON deposits.deposit (merchant_id, mode, created_at DESC, deposit_id DESC);
CREATE INDEX deposit_to_check ON deposits.deposit (mode, check_at)
    WHERE status IN ('pending', 'failed') AND confirmed_at IS NULL;
CREATE INDEX deposit_pending ON deposits.deposit (mode, created_at) WHERE status = 'pending';
GRANT SELECT, INSERT ON deposits.deposit TO $app$;
GRANT UPDATE (
    status, from_address, message_hash, receiver_tx_hash, amount_micros, rate_micros, rate_at, rate_quotes,
    gross_kopecks, fee_kopecks, credited_kopecks, failure_reason, operation_id, detected_event_id, confirmed_event_id,
    credited_event_id, failed_event_id, check_at, confirmed_at, credited_at, failed_at) ON deposits.deposit TO $app$;

-- Who reads a mode's chain, and how far it was read. A holder's every write checks its epoch here.
CREATE TABLE deposits.watcher (
    mode         text        PRIMARY KEY CHECK (mode IN ('live', 'test')),
    epoch        bigint      NOT NULL DEFAULT 0 CHECK (epoch >= 0),
    holder       uuid,
    leased_until timestamptz NOT NULL DEFAULT clock_timestamp(),
    cursor_lt    bigint      NOT NULL DEFAULT 0 CHECK (cursor_lt >= 0)
);
INSERT INTO deposits.watcher (mode) VALUES ('live'), ('test');
GRANT SELECT, UPDATE ON deposits.watcher TO $app$;
